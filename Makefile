# The same verbs here and in CI. `make run` and `make test` do all set-up themselves.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# On two processes; the tests of a file stay together, since they share what they start.
PYTEST := $(BIN)/python -m pytest -n 2 --dist loadfile --max-worker-restart 2

.PHONY: help run test quick long check build docs clean
help:
	@echo "make run    build the shipped policies and start sidecar, example system and proxy on loopback"
	@echo "make test   run all tests        make quick   all but the slow ones        make long   the very long ones"
	@echo "make check  linters, types, import contracts, shipped policies"

$(STAMP): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $(STAMP)

docs: $(STAMP)
	$(BIN)/python docs/generate.py
	$(BIN)/python -m tests.http_api.described

build: $(STAMP)
	$(BIN)/quanheng build policies

run: build
	$(BIN)/python docs/examples/food_licence/run.py

test: $(STAMP)
	$(PYTEST)

quick: $(STAMP)
	$(PYTEST) -m "not slow and not long"

long: $(STAMP)
	$(BIN)/python -m pytest -m long -o faulthandler_timeout=0

check: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/quanheng check policies
	$(BIN)/quanheng build policies
	git diff --exit-code -- policies/compiled
	$(BIN)/quanheng test policies

clean:
	rm -rf $(VENV) var build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
