# Everything a person types. Each target sets up what it needs.

PYTHON ?= python3
VENV   := .venv
RUN    := $(VENV)/bin/python
STAMP  := $(VENV)/.installed
STACK  ?= dr

# `make peer` works on the project in this directory; on the sandbox: `. .sandbox/activate; make peer PROJECT=.sandbox`.
PROJECT ?= .

.DEFAULT_GOAL := help
.PHONY: help venv sandbox sandbox-down peer service test lint format unit engine bench lock

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

venv: $(STAMP) ## Create the virtual environment from the hashed lock

# Made anew only when the lock changes.
$(STAMP): requirements-dev.txt
	$(PYTHON) -m venv $(VENV)
	$(RUN) -m pip install --quiet --require-hashes -r requirements-dev.txt
	@touch $@

sandbox: $(STAMP) ## Bring bootstrap, primary and dr up in the sandbox; again: no changes
	@$(RUN) -m sandbox up

sandbox-down: $(STAMP) ## Tear the sandbox down, as an operator would
	@$(RUN) -m sandbox down

peer: $(STAMP) ## Cache the peer in the standby's configuration (STACK=dr PROJECT=.)
	@$(RUN) -m ops.peer --stack $(STACK) --cwd $(PROJECT)

service: $(STAMP) ## Run the reference service on real PostgreSQL, pgBouncer and Valkey, on this machine, until ^C
	@$(RUN) -m drills up

test: lint unit engine ## Lint, formatting, strict types, unit and data plane tests, engine tests

lint: $(STAMP) ## Check style, formatting and types
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m mypy .

format: $(STAMP) ## Format the code and fix what can be fixed
	$(RUN) -m ruff check --fix .
	$(RUN) -m ruff format .

unit: $(STAMP)
	$(RUN) -m pytest -rs -n 2 -m "not engine"

# One story, told in order on one emulated AWS: a second worker would only wait, and what follows a failure is noise.
engine: $(STAMP)
	$(RUN) -m pytest -rs -x -m engine

bench: $(STAMP) ## Measure a preview against a flat program with the same resources
	@$(RUN) -m tools.bench

# uv resolves, from an environment of its own: it is no part of the lock. No registry address is written.
CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/trading-platform
UV    := $(CACHE)/uv/bin/uv
LOCK  := $(UV) pip compile pyproject.toml --generate-hashes --no-emit-index-url --python-version 3.11 --quiet

$(UV):
	$(PYTHON) -m venv $(CACHE)/uv
	$(CACHE)/uv/bin/python -m pip install --quiet uv

lock: $(UV) ## Resolve the three hashed lock files anew
	$(LOCK) -o requirements.txt
	$(LOCK) --extra dev --group pyproject.toml:service -o requirements-dev.txt
	$(filter-out pyproject.toml,$(LOCK)) --group pyproject.toml:service -o service/requirements.txt
