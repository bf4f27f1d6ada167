# Thin over the `loket` command line; this file only makes .venv and calls it.
PYTHON ?= python3
PORT ?= 8000
VENV := .venv
BIN := $(VENV)/bin
# Only errors: its warnings are about where a machine looks for packages.
PIP := $(BIN)/pip --quiet --quiet
WORKERS ?= auto
CATALOGS := $(patsubst %.po,%.mo,$(wildcard translations/*/LC_MESSAGES/*.po))
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.PHONY: serve preview build publish check quick test install-test image image-test explore attack bench lock catalogs format clean
.DEFAULT_GOAL := help

help: ## Show what can be made
	@grep -E '^[a-z-]+:.*##' Makefile | sed 's/:.*## /\t/' | expand -t 14

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { echo "Loket needs Python 3.11 or newer: install it, or name one with make PYTHON=python3.12 …" >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "This Python cannot make a virtual environment: install its venv package (on Debian: apt install python3-venv)" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV)

$(VENV)/run.stamp: requirements.txt pyproject.toml setup.py | $(BIN)/python
	@echo "  Installing Loket and what it needs in $(VENV) …"
	@$(PIP) install --require-hashes -r requirements.txt
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

translations/%.mo: translations/%.po | $(VENV)/run.stamp
	@$(BIN)/loket catalogs >/dev/null
	@touch $@

$(VENV)/dev.stamp: requirements-dev.txt $(VENV)/run.stamp
	@echo "  Installing what the tests need in $(VENV) …"
	@$(PIP) install --require-hashes -r requirements-dev.txt
	@touch $@

serve: $(VENV)/run.stamp $(CATALOGS) ## Build and serve everything, as a demonstration, on http://127.0.0.1:8000 (PORT= changes it)
	@LOKET_DEMO=1 PORT=$(PORT) $(BIN)/loket serve --port $(PORT)

preview: $(VENV)/run.stamp $(CATALOGS) ## The same, for editors: a saved edit shows in the browser at once
	@LOKET_DEMO=1 PORT=$(PORT) $(BIN)/loket serve --port $(PORT) --reload

build: $(VENV)/run.stamp $(CATALOGS) ## Build the site, into output/current/site
	@LOKET_DEMO=1 $(BIN)/loket build

publish: $(VENV)/run.stamp $(CATALOGS) ## Check, build and serve what is in content/, and say what changed
	@LOKET_DEMO=1 PORT=$(PORT) $(BIN)/loket publish

check: $(VENV)/dev.stamp ## Style, types, translations, templates and content
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	@LOKET_DEMO=1 $(BIN)/loket catalogs >/dev/null
	@LOKET_DEMO=1 $(BIN)/loket check

quick: $(VENV)/dev.stamp $(CATALOGS) ## Style, types, and the tests of what changed since main, without the slow ones
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/mypy
	@$(BIN)/python -m tests.changed -n $(WORKERS) --dist worksteal

test: check ## Everything: checks, unit, contract, build, browser and accessibility tests
	$(BIN)/python -m tests.browser
	$(BIN)/python -m tests.soffice
	$(BIN)/python -m tests.caddy
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

install-test: $(VENV)/dev.stamp ## Follow docs/install.md and docs/upgrade.md on an empty Debian, booted (some 10 minutes; as root, with Debian's packages)
	@$(BIN)/python -m tests.install
	@$(BIN)/python -m tests.install.upgrade
	@$(BIN)/python -m pytest -n 0 tests/install/plain_upgrade.py

image: $(VENV)/run.stamp ## A container image (some 3 minutes; as root, with debootstrap and buildah)
	@deploy/container/build

image-test: $(VENV)/dev.stamp ## Follow docs/container.md: make the image, run it, and look (as root, with podman too)
	@$(BIN)/python -m tests.image

explore: $(VENV)/dev.stamp ## The property tests with examples that nobody has tried yet
	$(BIN)/python -m pytest -n $(WORKERS) --hypothesis-profile=explore -m hypothesis

attack: $(VENV)/dev.stamp $(CATALOGS) ## What strangers' tools find on a running demonstration (some 40 minutes, this machine only)
	$(BIN)/python -m tests.attack

bench: $(VENV)/dev.stamp $(CATALOGS) ## The benchmarks, as ratios against named peers
	$(BIN)/python -m bench

catalogs: $(VENV)/dev.stamp ## Take new texts into the translations
	@LOKET_DEMO=1 $(BIN)/loket catalogs --update

format: $(VENV)/dev.stamp ## Lay out the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: $(BIN)/python ## Pin the dependencies anew
	$(PIP) install pip-tools
	$(BIN)/pip-compile --quiet --allow-unsafe --generate-hashes --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --no-header --strip-extras -o requirements.txt requirements.in
	$(BIN)/pip-compile --quiet --allow-unsafe --generate-hashes --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --no-header --strip-extras -o requirements-dev.txt requirements-dev.in
	$(BIN)/pip-compile --quiet --allow-unsafe --generate-hashes --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --no-header --strip-extras -o requirements-bench.txt requirements-bench.in

clean: ## Remove what was built (not var/, which holds data)
	rm -rf output .cache
