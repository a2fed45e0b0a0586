# Portal: `make help` lists what there is.
PYTHON ?= python3
BIN := .venv/bin
HTMX_SHA256 := 71ea67185bfa8c98c39d31717c6fce5d852370fcdfd129db4543774d3145c0de
DEMO := PORTAL_DATA_DIR=instance/demo PORTAL_WORKERS_DECLARED=profileEngagement:1h,newsAggregation:1h
export PYTHONWARNINGS ?= default

.PHONY: help install run demo test faults mutants lint bench lock docs screenshots
.DEFAULT_GOAL := help

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

install: .venv/.installed static/vendor/htmx.min.js ## make the environment and nothing else

.venv/.installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Portal needs Python 3.11 or newer; name one with: make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "Python lacks venv; on Debian: apt-get install python3-venv"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

# The wheel of django-htmx carries htmx; only that one file of it is used.
static/vendor/htmx.min.js: requirements-htmx.lock | .venv/.installed
	@rm -rf .build/htmx && mkdir -p .build static/vendor
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --require-hashes --target .build/htmx -r requirements-htmx.lock
	@echo "$(HTMX_SHA256)  .build/htmx/django_htmx/static/django_htmx/htmx-2.min.js" | sha256sum --check --quiet
	@cp .build/htmx/django_htmx/static/django_htmx/htmx-2.min.js $@

run: install ## serve on http://127.0.0.1:8000
	@$(BIN)/portal serve

demo: install ## run with a lived-in example in its own data directory
	@$(DEMO) $(BIN)/portal db upgrade
	@$(DEMO) $(BIN)/portal demo || true
	@$(DEMO) $(BIN)/portal serve

test: install ## run the suite; what takes minutes is in `make faults`
	@command -v chromium >/dev/null || echo "No Chromium: the browser tests are left out. On Debian: apt-get install chromium"
	@command -v prometheus >/dev/null || echo "No Prometheus: its test is left out. On Debian: apt-get install prometheus"
	@command -v redis-server >/dev/null || echo "No Redis: its tests are left out. On Debian: apt-get install redis-server"
	$(BIN)/pytest -m "not slow"

faults: install ## break what can break, and write docs/faults.md; five minutes
	$(BIN)/pytest -m "fault or slow" --faults-table=docs/faults.md

mutants: install ## change the rules in small ways, one of four, and list what no test notices; ROOM=board, OF=1 for all
	@$(BIN)/python -m mutants $(addprefix --room ,$(ROOM)) $(if $(OF),--of $(OF))

lint: install ## style, types and the directions of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: install ## measure against nginx, side by side; wants nginx and wrk
	$(BIN)/python -m bench

docs: install ## write docs/settings.md from the settings table
	$(BIN)/python -m docs.generate

screenshots: install ## take the README's pictures of the demo; wants Chromium
	$(BIN)/python -m docs.screenshots

lock: ## renew requirements.lock
	$(PYTHON) -m piptools compile --quiet --generate-hashes --allow-unsafe --extra dev --no-strip-extras --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-emit-options --no-header --annotation-style line -o requirements.lock pyproject.toml
