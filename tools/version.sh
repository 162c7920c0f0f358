#!/usr/bin/env bash
# Prints the version, which stands in Cargo.toml and nowhere else.
set -euo pipefail
sed -n '/^\[package\]/,/^\[/s/^version = "\(.*\)"$/\1/p' "$(dirname "$0")/../Cargo.toml"
