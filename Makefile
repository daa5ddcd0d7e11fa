PYTHON ?= python3
BIN := .venv/bin

.PHONY: run test quick lint bench

run: .venv/run
	$(BIN)/python main.py

test: .venv/dev
	$(BIN)/python -m pytest $(ARGS)

quick: .venv/dev
	$(BIN)/python -m pytest -m "not slow and not service and not browser" $(ARGS)

lint: .venv/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: .venv/dev
	$(BIN)/python -m bench

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/run: .venv/bin/python requirements.txt
	$(BIN)/pip install -q -r requirements.txt
	touch $@

.venv/dev: .venv/run requirements-dev.txt
	$(BIN)/pip install -q -r requirements-dev.txt
	touch $@
