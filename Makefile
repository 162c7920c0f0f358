# `make help` lists the commands. Each fetches the programs that it needs and prints what it is doing. The commands
# themselves are in tools/wspeer_tools; `tools/run` lists them.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

CARGO ?= cargo
export CARGO_TARGET_DIR ?= $(CURDIR)/target

# The crate's default features are empty, for Rust programs. The extension contains the C interface too.
EXTENSION := --features godot,capi

# The C library without the Godot part, in a folder of its own: the two builds would replace each other's files.
C_TARGET := $(CARGO_TARGET_DIR)/capi
C_LIBRARY := $(C_TARGET)/debug

.PHONY: help build build-c optimized demo test test-rust test-c test-godot test-editor test-docs test-conformance \
    test-interop test-secure conformance check check-double check-words header bench fuzz sanitize clean

help: ## list the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 20

build: ## build the library and put it into the sample project
	@echo "== building the library (a first build takes a few minutes)"
	$(CARGO) build $(EXTENSION)
	@tools/run install-library debug

build-c: ## build the C library without the Godot part
	@echo "== building the C library"
	CARGO_TARGET_DIR="$(C_TARGET)" $(CARGO) build --no-default-features --features capi

optimized: ## build the optimized library, for the editor too
	@echo "== building the optimized library"
	$(CARGO) build --release $(EXTENSION)
	@tools/run install-library release
	@tools/run install-library optimized

demo: build ## run the tutorial's server and client in a Godot engine
	@echo "== running the minimal server and the minimal client in Godot"
	@tools/run demo

test: check test-rust test-c test-godot test-editor test-docs test-conformance test-interop test-secure ## run all checks and tests

test-rust: ## unit and integration tests of the Rust layers
	@echo "== Rust tests: core alone, without TLS"
	$(CARGO) test --no-default-features
	@echo "== Rust tests: all features"
	$(CARGO) test $(EXTENSION)

test-c: build-c ## compile and run the C and C++ programs
	@echo "== C and C++ programs"
	@tools/run test-c "$(C_LIBRARY)"

test-godot: build ## run the tests in the Godot engine
	@echo "== tests in the Godot engine"
	@tools/run test-godot
	@echo "== engines without some classes"
	@tools/run test-reduced-engines
	@echo "== demos"
	@tools/run test-demos

test-editor: build ## open the editor on a hidden screen and check the debugger's tab
	@echo "== the editor"
	@tools/run test-editor

test-docs: build build-c ## run the programs of README.md
	@echo "== programs of the documentation"
	@tools/run test-docs "$(C_LIBRARY)"

test-conformance: build test-c ## 355 Autobahn cases in both roles, with a GDScript and a C program
	@echo "== Autobahn cases, quick"
	@tools/run test-conformance quick

test-interop: build-c ## exchange messages with other WebSocket implementations
	@echo "== other implementations"
	@WSPEER_LIBRARY_DIR="$(C_LIBRARY)" tools/run test-interop

test-secure: build build-c ## TLS, proxies, browsers and hostile servers
	@echo "== OpenSSL, nginx, tinyproxy, Chromium, the engine's TLS, hostile servers"
	@WSPEER_LIBRARY_DIR="$(C_LIBRARY)" tools/run test-secure

conformance: build test-c ## the original Autobahn suite, 517 cases in both roles, over TCP and TLS
	@tools/run test-conformance full

check: ## formatting, lints, documentation, licences, header, scripts
	@echo "== checks"
	$(CARGO) fmt --check
	$(CARGO) clippy --all-targets $(EXTENSION) -- -D warnings
	$(CARGO) clippy --all-targets --no-default-features -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --no-deps --quiet $(EXTENSION)
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --no-deps --quiet --no-default-features
	@tools/run check-dependencies
	@tools/run check-generated
	@tools/run check-scripts
	@tools/run check-workflows
	@tools/run check-words

check-double: ## compile the extension for engines that were built with precision=double
	@echo "== the extension with double precision"
	@tools/run check-double

check-words: ## terms of comments and texts (tools/terms.txt), length of comment lines
	@tools/run check-words

header: ## write the generated files: include/wspeer.h, option cases, the table in docs/limits.md
	@tools/run generated

bench: build ## compare with the engine's classes, other servers and memcpy; writes docs/bench/
	@echo "== building the release libraries"
	$(CARGO) build --release $(EXTENSION)
	@tools/run install-library release
	CARGO_TARGET_DIR="$(C_TARGET)" $(CARGO) build --release --no-default-features --features capi
	@tools/run bench "$(C_TARGET)/release"

fuzz: ## fuzz each target for a minute (SECONDS=60)
	@tools/run fuzz $(or $(SECONDS),60)

sanitize: ## run the C tests and random calls with AddressSanitizer and ThreadSanitizer
	@tools/run sanitize

.PHONY: test-arm64 test-musl test-windows test-windows-c test-windows-engine test-addon windows-engine

test-arm64: ## the C tests and the tests in the engine on Linux arm64, with qemu
	@tools/run test-arm64

test-musl: ## the C tests with the static library for musl
	@echo "== C and C++ programs with musl"
	@tools/run test-musl

test-windows: test-windows-c test-windows-engine ## all tests of Windows, with wine

test-windows-c: build-c ## the C library for Windows: C tests, exchanges with this machine, trust store
	@echo "== the C library for Windows"
	@WSPEER_LIBRARY_DIR="$(C_LIBRARY)" tools/run test-windows

test-windows-engine: ## the tests in a Windows engine, with wine
	@echo "== tests in the Windows engine"
	@tools/run test-windows-engine

windows-engine: ## build a Windows engine from Debian's sources, once (half an hour)
	@tools/run windows-engine

test-addon: ## the addon of dist/ in the engines of Linux, Linux arm64 and Windows
	@echo "== the addon in three engines"
	@tools/run test-addon

clean: ## remove everything that was built or provisioned
	rm -rf "$(CARGO_TARGET_DIR)" godot_project/.godot godot_project/addons/wspeer/bin dist

.PHONY: docs test-book

test: test-book

docs: build ## write the documentation as a searchable site into dist/docs
	@echo "== building the documentation"
	@tools/run docs

test-book: docs ## build that site, and look for missing names and broken links
	@tools/run check-docs

.PHONY: install uninstall addon dist ios abi abi-baseline test-packaging

test: test-packaging

install: ## install the C library to PREFIX (/usr/local), below DESTDIR; FEATURES=c-interface PROFILE=small: without TLS
	@tools/run install

uninstall: ## remove the files that install has written
	@tools/run uninstall

addon: ## write dist/wspeer-addon-VERSION.zip for this machine's Godot (PLATFORMS=... for others)
	@tools/run addon $(PLATFORMS)

dist: ## write the release for all platforms into dist/: addon, C libraries, source, checksums (PLATFORMS=...)
	@tools/run dist $(PLATFORMS)

ios: ## write dist/wspeer-ios-VERSION.zip with xcframeworks, on a Mac
	@tools/run ios

abi: ## compare the C interface with the committed baseline
	@tools/run abi

abi-baseline: ## write that baseline
	@tools/run abi-baseline

test-packaging: ## the addon in a project, the editor and an exported game; the installed C library; the pages of docs/
	@echo "== packages"
	@tools/run test-packaging
