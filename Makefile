# `make help` lists the commands. Each installs or provisions what it needs by itself and says so.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

CARGO ?= cargo
export CARGO_TARGET_DIR ?= $(CURDIR)/target

# The C library without the Godot part; apart from the other build, so that neither replaces the other.
C_TARGET := $(CARGO_TARGET_DIR)/capi
C_LIBRARY := $(C_TARGET)/debug

.PHONY: help build build-c optimized demo test test-rust test-c test-godot test-editor test-docs test-conformance \
    test-interop test-secure conformance check header bench fuzz clean

help: ## list the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 20

build: ## build the library and put it into the sample project
	@echo "== building the library (a first build takes a few minutes)"
	$(CARGO) build
	@tools/install_library.sh debug

build-c: ## build the C library without the Godot part
	@echo "== building the C library"
	CARGO_TARGET_DIR="$(C_TARGET)" $(CARGO) build --no-default-features --features capi

optimized: ## build the optimized library and have the editor load it too
	@echo "== building the optimized library"
	$(CARGO) build --release
	@tools/install_library.sh release
	@tools/install_library.sh optimized

demo: build ## run the tutorial's server and client in a Godot engine
	@echo "== running the minimal server and the minimal client in Godot"
	@tools/run_demo.sh

test: check test-rust test-c test-godot test-editor test-docs test-conformance test-interop test-secure ## run all checks and tests

test-rust: ## unit and integration tests of the Rust layers
	@echo "== Rust tests: core alone"
	$(CARGO) test --no-default-features
	@echo "== Rust tests: all features"
	$(CARGO) test

test-c: build-c ## compile and run the C and C++ programs
	@echo "== C and C++ programs"
	@tests/c/run.sh "$(C_LIBRARY)"

test-godot: build ## run the tests in the Godot engine
	@echo "== tests in the Godot engine"
	@tests/godot/run.sh
	@echo "== demos"
	@tests/godot/demos.sh

test-editor: build ## open the editor on a hidden screen and look at the debugger's tab
	@echo "== the editor"
	@tests/editor/run.sh

test-docs: build build-c ## run the programs of README.md
	@echo "== programs of the documentation"
	@tests/docs/run.sh "$(C_LIBRARY)"

test-conformance: build test-c ## 355 Autobahn cases in both roles, by a GDScript and a C program
	@echo "== Autobahn cases, quick"
	@tests/conformance/peers.sh quick

test-interop: build-c ## exchanges with other WebSocket implementations
	@echo "== other implementations"
	@WSPEER_LIBRARY_DIR="$(C_LIBRARY)" tests/interop/run.sh

test-secure: build build-c ## TLS, proxies, browsers, and servers that mean no good
	@echo "== OpenSSL, nginx, tinyproxy, Chromium, the engine's TLS, hostile servers"
	@WSPEER_LIBRARY_DIR="$(C_LIBRARY)" tests/interop/secure.sh

conformance: build test-c ## the original Autobahn suite, 517 cases in both roles, by a GDScript and a C program, TCP and TLS
	@tests/conformance/peers.sh full

check: ## formatting, lints, documentation, licences, header
	@echo "== checks"
	$(CARGO) fmt --check
	$(CARGO) clippy --all-targets -- -D warnings
	$(CARGO) clippy --all-targets --no-default-features -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --no-deps --quiet
	@tools/deny.sh
	@tools/header.sh --check

header: ## write include/wspeer.h anew
	@tools/header.sh

bench: build ## compare with the engine's classes, other servers and memcpy; writes docs/bench/
	@echo "== building the release libraries"
	$(CARGO) build --release
	@tools/install_library.sh release
	CARGO_TARGET_DIR="$(C_TARGET)" $(CARGO) build --release --no-default-features --features capi
	@tests/bench/run.sh "$(C_TARGET)/release"

fuzz: ## fuzz each target for a minute (SECONDS=60)
	@tools/fuzz.sh $(or $(SECONDS),60)

clean: ## remove everything that was built or provisioned
	rm -rf "$(CARGO_TARGET_DIR)" godot_project/.godot godot_project/addons/wspeer/bin dist

.PHONY: docs test-book

test: test-book

docs: build ## write the documentation as a searchable site into dist/docs
	@echo "== building the documentation"
	@tools/book/build.py

test-book: docs ## build that site, check it, and test its generators
	@tools/book/test_book.py

.PHONY: install uninstall addon dist abi abi-baseline test-packaging

test: test-packaging

install: ## put the C library under PREFIX (/usr/local), below DESTDIR
	@tools/install.sh install

uninstall: ## remove what install has put there
	@tools/install.sh uninstall

addon: ## write dist/wspeer-addon-VERSION.zip for Godot projects
	@tools/addon.sh

dist: ## write the release into dist/: addon, C library, source, checksums
	@tools/dist.sh

abi: ## compare the C interface with the committed baseline
	@tools/abi.sh

abi-baseline: ## write that baseline anew
	@tools/abi.sh --write

test-packaging: ## the addon in a project, the editor and an exported game; the installed C library; the pages of docs/
	@echo "== packages"
	@tests/packaging/run.sh
