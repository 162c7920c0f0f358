#!/usr/bin/env bash
# Prints the time that packages carry: $SOURCE_DATE_EPOCH, or that of the last commit.
set -euo pipefail
echo "${SOURCE_DATE_EPOCH:-$(git -C "$(dirname "$0")" log -1 --format=%ct 2>/dev/null || echo 315532800)}"
