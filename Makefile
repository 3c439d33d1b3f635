# make demo: a real model over real tasks.   make test: what CI runs.   Both need only Python 3.11+ and pip.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
SHELL := /bin/bash

.PHONY: setup demo test test-browser test-vllm test-ray lint types unit test-interop bench clean

setup: $(VENV)/.ready

$(VENV)/.ready: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo 'error: $(PYTHON) is older than Python 3.11'; echo 'hint: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)'; exit 4; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[hf,contamination,ifeval,dev]'
	@touch $@

demo: setup
	$(BIN)/phi4eval demo

test: lint types unit

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: setup
	$(BIN)/mypy

unit: setup
	$(BIN)/pytest -n auto

# The pages in a real browser: needs chromium on the PATH, and npm for axe-core.
test-browser: $(VENV)/.browser .browser/node_modules
	PHI4EVAL_BROWSER=require $(BIN)/pytest tests/browser

$(VENV)/.browser: $(VENV)/.ready
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[browser]'
	@touch $@

.browser/node_modules:
	mkdir -p .browser
	cd .browser && npm install --silent --no-save --no-audit --no-fund axe-core@4.14.1

# The other side of import and export needs Python 3.12; pyenv's are looked at too.
INTEROP_PYTHON ?= $(firstword $(foreach p,python3.12 python3.13 python3 $(wildcard $(HOME)/.pyenv/versions/3.1[2-9]*/bin/python),\
  $(shell $(p) -c 'import sys; sys.exit(sys.version_info < (3, 12))' 2>/dev/null && echo $(p))))

test-interop: setup .venv-interop/.ready
	$(BIN)/pytest tests/interop/test_peers.py

.venv-interop/.ready: tests/interop/peers/requirements.txt
	@test -n '$(INTEROP_PYTHON)' || { echo 'error: no Python 3.12 or newer found'; echo 'hint: make INTEROP_PYTHON=/path/to/python3.12 test-interop'; exit 4; }
	$(INTEROP_PYTHON) -m venv .venv-interop
	.venv-interop/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	@touch $@

# The vllm backend on its own engine, on a CPU: vllm pins other versions, so it has an environment of its own.
VLLM := .venv-vllm

$(VLLM)/.ready: constraints-vllm.txt pyproject.toml
	$(PYTHON) -m venv $(VLLM)
	$(VLLM)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps -r constraints-vllm.txt
	$(VLLM)/bin/python -m pip install --quiet --disable-pip-version-check -c constraints-vllm.txt -e .
	@touch $@

test-vllm: $(VLLM)/.ready
	VLLM_CPU_KVCACHE_SPACE=1 $(VLLM)/bin/python -m pytest -W default tests/vllm

# Ray is 240 MB and no part of the development set: installed for these tests, which are skipped without it.
test-ray: setup
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[ray]'
	$(BIN)/pytest tests/executors

bench: setup
	$(BIN)/python benchmarks/api_overhead.py
	$(BIN)/python benchmarks/hf_overhead.py
	$(BIN)/python benchmarks/whole_command.py
	$(BIN)/python benchmarks/hf_continuous.py

clean:
	rm -rf $(VENV) $(VLLM) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
