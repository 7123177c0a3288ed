# Two commands for people: `make demo` and `make test`; `make check` checks everything; CI runs `.ci/run`.
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PYTEST_ARGS ?= -n 2
COVERAGE := $(BIN)/coverage

# What the gate rests on: its verdicts are made here. Every line and branch is tested where the published figures lie
# beside the checkout; a machine without them skips some tests, which a floor of 100 would not allow.
GATE := robustcheck/values/*,robustcheck/spec/*,robustcheck/judge/*,robustcheck/stats/*,robustcheck/run/*
GATE_FLOOR := 99
FLOOR := 96

.PHONY: demo slow test lint check coverage docs clean

demo: $(STAMP)
	$(BIN)/pytest suites/ -m "not slow"

# The checks that take longer than a person waits for a demo.
slow: $(STAMP)
	$(BIN)/pytest suites/ -m slow

test: $(STAMP)
	$(BIN)/pytest $(PYTEST_ARGS)

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

check: lint test

# Lines and branches, the workers of pytest-xdist and the commands that tests start among them.
coverage: $(STAMP)
	$(COVERAGE) erase
	$(COVERAGE) run -m pytest $(PYTEST_ARGS)
	$(COVERAGE) combine --quiet
	$(COVERAGE) report --include='$(GATE)' --fail-under=$(GATE_FLOOR)
	$(COVERAGE) report --fail-under=$(FLOOR)

docs: $(STAMP)
	$(BIN)/python scripts/write_generated.py --write
	$(BIN)/python scripts/draw_architecture.py

# The pages as a site, with every link checked.
site: $(STAMP)
	$(BIN)/python -m pip install --quiet -e ".[site]"
	$(BIN)/python -m mkdocs build --strict

$(STAMP): pyproject.toml
	python3 -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet -e ".[dev]"
	touch $(STAMP)

clean:
	rm -rf $(VENV) .robustcheck .coverage .coverage.* build dist site *.egg-info
