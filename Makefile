# Everything runs from a .venv in the checkout, which the first target that needs it makes.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed

.PHONY: demo test test-as-run lint schema schema-check docs docs-check bench wheelhouse clean

demo: $(STAMP)  ## the service at work against a stand-in of ДЕЛО
	$(BIN)/python -m tests.demo

test: $(STAMP)  ## the whole suite
	$(BIN)/python -m pytest -n auto --dist loadgroup

test-as-run: $(STAMP)  ## the system tests against a server that takes only the forms that have run
	DELO_SERVER=as-run $(BIN)/python -m pytest tests/system -n auto --dist loadgroup

lint: $(STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/mypy docs/generate.py

schema: $(STAMP)  ## generate schema/delo_schema
	$(BIN)/python schema/generate.py

schema-check: $(STAMP)
	$(BIN)/python schema/generate.py --check

docs: $(STAMP)  ## generate docs/configuration*.md and docs/events*.md
	$(BIN)/python docs/generate.py

docs-check: $(STAMP)
	$(BIN)/python docs/generate.py --check

bench: $(STAMP)  ## ratios measured in one run
	$(BIN)/python -m tests.bench

wheelhouse: $(STAMP)  ## dist/wheelhouse: all wheels for an installation without internet
	$(BIN)/python packaging/wheelhouse.py dist/wheelhouse

clean:
	rm -rf $(VENV) build dist daemon/*.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(STAMP): setup.cfg setup.py
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --use-pep517 --editable '.[dev]'
	touch $@
