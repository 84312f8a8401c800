# `make help` says what there is. Everything is installed into .venv, nothing outside of it.

SHELL := /bin/sh
VENV ?= .venv
# The first Python that is new enough; PYTHON=... chooses another.
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11 python3.14; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; \
	done)
IN := $(VENV)/bin/python -m
# More arguments for pytest: make pytest PYTEST="-k scope -x"
PYTEST ?=
KEEP ?=
SOAK_SECONDS ?= 120
# Where to leave junit reports, if anywhere.
REPORTS ?=
# A test that hangs ends the run, with what each of its threads was at, and not the patience of CI.
# The longest one sets up four authorization servers, over the network.
bounded := -o faulthandler_timeout=900 -o faulthandler_exit_on_timeout=true
report = $(if $(REPORTS),--junitxml=$(REPORTS)/$(notdir $(VENV))-$@.xml)
# These run whole programs in processes of their own, for minutes; each line of the package is
# reached by the others.
WHOLE := tests/applications tests/browser tests/conformance tests/demo tests/end_to_end

.DEFAULT_GOAL := help
.PHONY: help demo test lint format type pytest cover whole bench soak docs servers clean

help:  ## what there is
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | awk -F'\t' '{printf "  make %-9s %s\n", $$1, $$2}'

demo: $(VENV)/.demo  ## two guarded APIs on real servers, and what they answer (KEEP=1: leave them running)
	@$(IN) demo $(if $(filter-out 0 no,$(KEEP)),--keep)

test: lint type cover whole  ## all that has to pass: lint, types, tests, coverage

lint: $(VENV)/.test  ## ruff, its checks and its format
	@$(IN) ruff check .
	@$(IN) ruff format --check .

format: $(VENV)/.test  ## have ruff put right what it can
	@$(IN) ruff check --fix .
	@$(IN) ruff format .

type: $(VENV)/.test  ## mypy (strict) and pyright
	@$(IN) mypy
	@if command -v node >/dev/null; then $(IN) pyright --pythonpath $(VENV)/bin/python; \
	elif [ "$$CI" = true ]; then echo "pyright needs Node.js, and there is none" >&2; exit 1; \
	else echo "********** pyright was SKIPPED: it needs Node.js (node), and there is none **********" >&2; fi

pytest: $(VENV)/.test  ## any tests: make pytest PYTEST="tests/core -k scope -x"
	@$(IN) pytest $(bounded) $(report) $(PYTEST)

cover: $(VENV)/.test  ## the tests of the package, and that they reach every branch of it
	@$(IN) coverage erase
	@$(IN) coverage run -m pytest $(bounded) $(report) $(WHOLE:%=--ignore=%) $(PYTEST)
	@$(IN) coverage combine -q
	@$(IN) coverage report

whole: $(VENV)/.test  ## the tests of whole programs: servers, applications, a browser, the demo
	@$(IN) pytest $(bounded) $(report) $(WHOLE) $(PYTEST)

bench: $(VENV)/.bench  ## how fast it is
	@$(IN) benchmarks

soak: $(VENV)/.soak  ## real servers under traffic while all around them fails (SOAK_SECONDS=20)
	@$(IN) soak --seconds $(SOAK_SECONDS)

docs: $(VENV)/.docs  ## the documents as a site, in site/
	@NO_MKDOCS_2_WARNING=1 $(IN) mkdocs build -q && echo "Built: site/index.html"

servers: $(VENV)/.test  ## try the real authorization servers of the end-to-end tests
	@$(IN) integrations.authorization_servers --check

clean:  ## remove what these commands made
	rm -rf $(VENV) .ci-work build site dist .coverage .coverage.* .hypothesis .mypy_cache .pytest_cache .ruff_cache

# One stamp for each dependency group; pyproject.toml is what they depend on. pip reads groups
# from 25.1 on, which is newer than what comes with Python 3.11.
$(VENV)/.pip: pyproject.toml
	@if [ -z "$(PYTHON)" ]; then echo "Python 3.11 or newer is needed: install it, or say where it is with PYTHON=..." >&2; exit 1; fi
	@if [ -x $(VENV)/bin/python ] && $(IN) pip --version >/dev/null 2>&1; then :; else \
		echo "Making $(VENV) ($$($(PYTHON) --version))"; rm -rf $(VENV); $(PYTHON) -m venv $(VENV); fi
	@$(IN) pip install -qq --disable-pip-version-check --upgrade 'pip>=25.1'
	@touch $@

$(VENV)/.%: $(VENV)/.pip
	@echo "Installing what \"make $*\" needs into $(VENV) (once; under a minute)"
	@$(IN) pip install -qq --disable-pip-version-check --editable . --group $*
	@touch $@
