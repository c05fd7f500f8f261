# Two commands matter: `make run` opens the dashboard, `make test` runs every check.
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PORT ?= 8501

.PHONY: run test lint lock clean gallery axe reading bench load fuzz faults uploads writers
.DEFAULT_GOAL := run

run: $(READY)
	$(BIN)/streamlit run app.py --server.port $(PORT)

# three on two processors: the tests that drive a browser wait more than they work
test: lint
	$(BIN)/pytest -n 3 --dist loadgroup --cov --cov-report=term

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy compound_coverage dashboard app.py tools tests bench
	$(BIN)/lint-imports
	$(BIN)/python -m compound_coverage data validate

# one stamp says that what requirements.txt asks for is installed; a second run skips all this
$(READY): requirements.txt
	sh tools/make_venv.sh $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	touch $(READY)

# the pinned set is for every Python from 3.11 and every platform; run after editing pyproject.toml
lock: $(READY)
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
		--no-header --no-strip-extras --no-emit-index-url --extra test pyproject.toml -o requirements.txt

# the long editions of what `make test` runs short: see docs/measured.md for the sizes
bench: $(READY)
	$(BIN)/python -m bench.run --out bench/RESULTS.md

load: $(READY)
	$(BIN)/python -m bench.load --users 40 --seconds 30 --workers 2

fuzz: $(READY)
	HYPOTHESIS_PROFILE=long $(BIN)/pytest -q -n 2 tests/formulary

faults: $(READY)
	COMPOUND_COVERAGE_KILLS=25 $(BIN)/pytest -q tests/formulary/test_faults.py
	COMPOUND_COVERAGE_KILLS=50 $(BIN)/pytest -q tests/casework/test_faults.py

uploads: $(READY)
	COMPOUND_COVERAGE_UPLOADS=5000 $(BIN)/pytest -q tests/dataset/test_sheets.py

writers: $(READY)
	COMPOUND_COVERAGE_WRITERS_SECONDS=30 $(BIN)/pytest -q -s tests/casework/test_writers.py

gallery: $(READY)
	$(BIN)/python -m tools.gallery pictures docs/gallery

axe: $(READY)
	$(BIN)/python -m tools.gallery barriers docs/axe.md

reading: $(READY)
	$(BIN)/python -m tools.reading docs/reading-level.md

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage*
