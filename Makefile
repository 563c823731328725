# Thin: every target sets up what it needs. A fresh machine needs Python 3.11 or later, git, make and a C compiler.
.PHONY: setup verify gate test lint bench clean
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules

PYTHON ?= $(firstword $(shell command -v python3.11 python3 python))
VENV   := .venv
PIP    := $(VENV)/bin/python -m pip --disable-pip-version-check
# The environment is made anew whenever one of these changes.
PINS   := pyproject.toml pyproject/constraints.txt
STAMP  := $(VENV)/.ready-$(firstword $(shell cat $(PINS) | sha256sum))

setup: $(STAMP)

$(STAMP):
	rm -rf $(VENV)
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --quiet --no-compile --constraint pyproject/constraints.txt hatchling editables
	$(PIP) install --quiet --no-compile --constraint pyproject/constraints.txt --no-build-isolation --editable '.[dev,dojo,onnx]'
	touch $@

verify: $(STAMP)
	@$(VENV)/bin/leanbound verify

gate: $(STAMP)
	@$(VENV)/bin/leanbound gate

lint: $(STAMP)
	$(VENV)/bin/ruff check src tests benchmarks
	$(VENV)/bin/mypy

test: lint
	$(VENV)/bin/python -m pytest -q

bench: $(STAMP)
	@$(VENV)/bin/python benchmarks/bench.py $(BENCH)

clean:
	rm -rf $(VENV) build
