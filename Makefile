# make demo    reconstruct the bundled events; prints scores and times, writes a submission and pictures
# make test    lint, type check, check that rooms import downwards only, and test
# make nightly the tests once more, with every array access of compiled code checked; takes long
# make crash   kill the long commands N times (100), let them go on, and compare what they made
# make soak    reconstruct EVENTS (1000) events under kills and full disks; memory must stay flat
# make fuzz N=10000   give N damaged inputs to every reader; only "anything else" must be 0
# make clean   remove what the others made

PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
N ?= 100
EVENTS ?= 1000
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: demo test lint nightly fuzz crash soak clean

demo: $(VENV)/.clew
	$(BIN)/clew reconstruct data/events --output out/demo/submission.csv --scores --pictures out/demo

test: lint
	$(BIN)/python -m pytest -n auto --dist loadfile

# numba's cache does not tell checked kernels from others: they have their own
nightly: lint
	NUMBA_BOUNDSCHECK=1 NUMBA_CACHE_DIR=build/checked-kernels $(BIN)/python -m pytest -n auto --dist loadfile
fuzz: $(VENV)/.tests
	$(BIN)/python scripts/fuzz.py $(or $(N),1000)

lint: $(VENV)/.tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	rm -rf build/typecheck
	$(PIP) install --no-deps --no-build-isolation --target build/typecheck .
	cd build/typecheck && ../../$(BIN)/mypy --config-file ../../pyproject.toml -p clew
	cd build/typecheck && PYTHONPATH=. ../../$(BIN)/lint-imports ../../.importlinter

crash: $(VENV)/.tests
	$(BIN)/python scripts/crash.py $(N)

soak: $(VENV)/.tests
	$(BIN)/python scripts/soak.py out/soak --events $(EVENTS)

$(VENV)/.clew: setup.cfg pyproject.toml requirements.lock
	$(PYTHON) -m venv $(VENV)
	$(PIP) install -r requirements.lock
	$(PIP) install --no-deps --no-build-isolation --editable .
	touch $@

$(VENV)/.tests: $(VENV)/.clew requirements-test.lock
	$(PIP) install -r requirements-test.lock
	$(BIN)/python -m clew.simulation.pythia_data
	touch $@

clean:
	rm -rf $(VENV) build out .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -prune -exec rm -rf {} +
