# Everything runs from a .venv in the checkout, which the first target that needs it makes.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed

.PHONY: demo test test-slow test-as-run test-quarter test-packages lint schema schema-check docs docs-check soak bench wheelhouse lock deb rpm bundle clean

demo: $(STAMP)  ## the service at work against a stand-in of ДЕЛО
	$(BIN)/python -m tests.demo

test: $(STAMP)  ## the suite, without what has a target of its own
	$(BIN)/python -m pytest -n auto --dist loadgroup

test-slow: $(STAMP)  ## what takes too long for every run
	$(BIN)/python -m pytest -n auto --dist loadgroup -m slow

test-as-run: $(STAMP)  ## the system tests against a server that takes only the forms that have run
	DELO_SERVER=as-run $(BIN)/python -m pytest tests/system -n auto --dist loadgroup -m "not quarter"

test-quarter: $(STAMP)  ## 90 days of a region's life, with and without updatePolicy follow
	$(BIN)/python -m pytest tests/system/test_quarter.py -m quarter -s

test-packages: $(STAMP)  ## the packages, built, installed and removed under a real systemd and on bare Debians
	$(BIN)/python -m pytest tests/systemd/test_packages.py -m packages

lint: $(STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/mypy docs/generate.py

schema: $(STAMP)  ## generate schema/delo_schema
	$(BIN)/python schema/generate.py

schema-check: $(STAMP)
	$(BIN)/python schema/generate.py --check

docs: $(STAMP)  ## generate docs/*/configuration.md and docs/*/events.md
	$(BIN)/python docs/generate.py

docs-check: $(STAMP)
	$(BIN)/python docs/generate.py --check

soak: $(STAMP)  ## the fault machine, seed after seed, for SOAK_SECONDS
	$(BIN)/python -m tests.soak --seconds $(or $(SOAK_SECONDS),120)

bench: $(STAMP)  ## ratios measured in one run; docs/bench.md and docs/bench.png
	$(BIN)/python -m pip install --quiet --use-pep517 --editable '.[dev,bench]'
	$(BIN)/python -m tests.bench
	$(BIN)/python -m tests.bench.comparison

wheelhouse: $(STAMP)  ## dist/wheelhouse: all wheels for an installation without internet
	$(BIN)/python packaging/wheelhouse.py dist/wheelhouse

lock: $(STAMP)  ## requirements.lock: the newest permitted versions of the dependencies, with hashes
	$(BIN)/python packaging/wheelhouse.py --lock

deb rpm bundle: $(STAMP)  ## dist: a package for Debian and Astra, for RED OS and ALT, an archive for closed networks
	$(BIN)/python packaging/build.py $@ dist

clean:
	rm -rf $(VENV) build dist daemon/*.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(STAMP): setup.cfg setup.py
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --use-pep517 --editable '.[dev]'
	touch $@
