# Each target makes the virtual environment it needs, if there is none: only Python 3.11+ and make have to be there.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.DEFAULT_GOAL := help
.PHONY: help demo test lint bench paper clean

help: ## list the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 10

demo: $(VENV)/installed ## install, run the bundled Temporal-MNIST experiment, say where its dashboard is
	$(BIN)/deltasim run

test: $(VENV)/installed-dev ## install, run all tests
	$(BIN)/python -m pytest -n auto --dist loadfile

lint: $(VENV)/installed-dev ## ruff, mypy, import boundaries
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/installed-dev ## speed, side by side (SIZE=small for a smoke run)
	$(BIN)/python -m benchmarks $(if $(SIZE),--size $(SIZE))
	$(BIN)/python -m benchmarks.mesh $(if $(SIZE),--size $(SIZE))
	$(BIN)/python -m benchmarks.first_minute $(if $(SIZE),--size $(SIZE))

paper: $(VENV)/installed-dev ## every figure of the paper, and docs/paper.md (QUICK=1: small, docs/paper.md stays; STATIC=CLIP:A:B: also with that clip)
	$(BIN)/deltasim data fetch bikes carphone $(if $(QUICK),,vgg16-convolutions)
	$(BIN)/deltasim paper all $(if $(QUICK),--quick)
ifndef QUICK
	$(BIN)/deltasim paper figure5 --network squeezenet11 --out runs/paper/figure5-squeezenet11
	$(if $(STATIC),$(BIN)/deltasim paper figure5 --static $(STATIC) --out runs/paper/figure5-static-camera)
	$(if $(STATIC),$(BIN)/deltasim data fetch hed)
	$(if $(STATIC),$(BIN)/deltasim paper figure5 --network hed --static $(firstword $(subst :, ,$(STATIC))):0:16 \
	    --moving bikes:76:92 --lambda 3e-12 --out runs/paper/figure5-edges)
	$(BIN)/deltasim paper results --out docs/paper.md
endif

clean: ## remove the virtual environment and caches; runs stay
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	$(PYTHON) -c 'import sys; v = sys.version.split()[0]; sys.version_info >= (3, 11) or sys.exit("deltasim needs Python 3.11 or later, this is " + v + ": make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: pyproject.toml | $(BIN)/python
	$(PIP) --editable .
	touch $@

$(VENV)/installed-dev: pyproject.toml | $(BIN)/python
	$(PIP) --editable '.[dev]'
	touch $@ $(VENV)/installed
