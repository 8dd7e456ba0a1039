# What can be done with this project; `make help` lists it. Everything lives in .venv and in the user's data folder.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PACKAGES := analysis answers app callbacks cli hypertuner launch layouts sources storage training
CODE := $(PACKAGES) examples tests benchmarks
# By the Node.js of the environment: a machine may have none.
BIOME := $(BIN)/node node_modules/@biomejs/biome/bin/biome
# Whoever sits at a terminal sees what is being installed.
QUIET := $(shell test -t 2 || echo --quiet)

.DEFAULT_GOAL := help
.PHONY: help setup demo test quick check format browser faults packages bench lock clean

help: ## list the targets
	@awk -F':.*## ' '/^[a-z]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(VENV)/.ready ## create .venv and install the pinned dependencies

demo: $(VENV)/.ready ## start everything with a real run on handwritten digits; Ctrl-C stops it
	@$(BIN)/hypertuner demo $(ARGS)

test: $(VENV)/.ready-test check ## run every check and every test
	$(BIN)/python -m tests $(ARGS)

quick: $(VENV)/.ready-test ## the tests that need neither Ray nor a browser, in under three minutes
	$(BIN)/python -m tests --quick $(ARGS)

check: $(VENV)/.ready-test node_modules/.ready ## formatting, lint, types, import contracts, the scripts of the page
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/ruff check $(CODE)
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIOME) ci
	$(BIN)/node --test --test-reporter=dot tests/assets/*.test.js

format: $(VENV)/.ready-test node_modules/.ready ## bring the code into shape
	$(BIN)/ruff format $(CODE)
	$(BIN)/ruff check --fix $(CODE)
	$(BIOME) check --write

browser: $(VENV)/.ready-test ## only the tests that drive a browser
	$(BIN)/python -m pytest -m browser $(ARGS)

faults: $(VENV)/.ready-test ## the slow faults: real kills, cuts and stops, for a quarter of an hour and more
	$(BIN)/python -m pytest -m faults $(ARGS)

packages: $(VENV)/.ready-test .venv-packages/.ready ## the loggers of other people that are followed, as they are
	HYPERTUNER_PACKAGES_PYTHON=$(CURDIR)/.venv-packages/bin/python $(BIN)/python -m pytest -m packages $(ARGS)

bench: $(VENV)/.ready-bench ## run the benchmarks; fails where a budget is missed
	$(BIN)/python -m benchmarks $(ARGS)

lock: ## pin what pyproject.toml admits today, into requirements*.txt
	rm -rf .venv-lock && $(PYTHON) -m venv .venv-lock
	.venv-lock/bin/pip install --quiet '.[examples]'
	.venv-lock/bin/pip freeze --exclude hypertuner | sed 's/+cpu$$//' > requirements.txt
	.venv-lock/bin/pip install --quiet '.[examples,test]'
	.venv-lock/bin/pip freeze --exclude hypertuner | sed 's/+cpu$$//' | grep -vxFf requirements.txt > requirements-test.txt
	.venv-lock/bin/pip install --quiet '.[examples,bench]'
	.venv-lock/bin/pip freeze --exclude hypertuner | sed 's/+cpu$$//' | grep -vxFf requirements.txt | grep -vxFf requirements-test.txt > requirements-bench.txt
	rm -rf .venv-lock

clean: ## remove .venv and everything that tools left here
	rm -rf $(VENV) .venv-packages node_modules .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache build *.egg-info

$(VENV)/.ready: requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "HyperTuner needs Python 3.11 or newer; this is $$($(PYTHON) --version). Name one: make PYTHON=python3.12 ..."; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || \
		{ echo "Python cannot make a virtual environment; install its venv module (Debian: apt-get install python3-venv)."; exit 1; }
	@echo "Installing the dependencies into $(VENV); this takes a few minutes the first time."
	@$(BIN)/pip install $(QUIET) --disable-pip-version-check -r requirements.txt
	@$(BIN)/pip install $(QUIET) --disable-pip-version-check --no-deps --editable .
	@$(BIN)/python -m compileall -q $(PACKAGES)
	@touch $@

$(VENV)/.ready-test: $(VENV)/.ready requirements-test.txt
	@$(BIN)/pip install $(QUIET) --disable-pip-version-check -r requirements-test.txt
	@touch $@

$(VENV)/.ready-bench: $(VENV)/.ready-test requirements-bench.txt
	@$(BIN)/pip install $(QUIET) --disable-pip-version-check -r requirements-bench.txt
	@touch $@

# What looks at the page's scripts; Node itself comes with the Python packages.
node_modules/.ready: $(VENV)/.ready-test package-lock.json
	@$(BIN)/npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

# torch first, as the others would take a build for GPUs.
.venv-packages/.ready: requirements-packages.txt
	@$(PYTHON) -m venv .venv-packages
	@.venv-packages/bin/pip install $(QUIET) --disable-pip-version-check $$(grep '^torch==' requirements-packages.txt)
	@.venv-packages/bin/pip install $(QUIET) --disable-pip-version-check -r requirements-packages.txt
	@touch $@
