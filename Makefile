.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet install

.PHONY: help run test setup bench check lock clean

help:  ## list these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: setup  ## start the service with the LINE simulator and sample residents
	@$(BIN)/python -m simulator

test: .venv/dev  ## run every test this machine can run; what it cannot is named at the end
	@$(BIN)/python -m pytest

setup: .venv/runtime  ## create .venv with the locked packages and the machi command

bench: .venv/dev  ## measure speed as ratios against bare aiohttp and hand-written SQL
	@$(BIN)/python -m benchmarks

check: .venv/dev  ## lint, types, import contract, then the tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(MAKE) --no-print-directory test

lock:  ## resolve the newest allowed packages into the lock files (needs uv)
	uv pip compile -q --universal --generate-hashes --no-header --no-annotate --python-version 3.11 \
	  --extra setup pyproject.toml -o requirements.lock
	uv pip compile -q --universal --generate-hashes --no-header --no-annotate --python-version 3.11 \
	  --extra setup --extra dev -c requirements.lock pyproject.toml -o requirements-dev.lock

clean:  ## remove .venv and caches; data in var/ stays
	rm -rf .venv build *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis

.venv/bin/python:
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(None if (3, 11) <= v < (3, 14) else \
	  "machi-push needs Python 3.11, 3.12 or 3.13; this is %d.%d. Try: make PYTHON=python3.12 ..." % v)'
	@echo "Creating .venv"
	@$(PYTHON) -m venv .venv

.venv/runtime: requirements.lock pyproject.toml | .venv/bin/python
	@echo "Installing the locked packages"
	@$(PIP) --require-hashes -r requirements.lock
	@$(PIP) --no-build-isolation --no-deps -e .
	@touch $@

.venv/dev: requirements-dev.lock .venv/runtime
	@echo "Installing the locked development packages"
	@$(PIP) --require-hashes -r requirements-dev.lock
	@touch $@
