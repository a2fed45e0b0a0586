# Portal: `make help` lists what there is.
PYTHON ?= python3
BIN := .venv/bin
# What builds the portal, and what carries files for the browser, stay out of the environment.
# Of the carriers only the files are used, so what they stand on is left out.
CARRIED := asgiref django sqlparse tzdata flask-openapi3 flask blinker click itsdangerous jinja2 markupsafe werkzeug colorama pydantic pydantic-core annotated-types typing-extensions typing-inspection
PACKAGES := .build/packages
# pip stays outside as well: what it installs runs without it.
INSTALLER := .build/installer
# Modules are compiled when they are first used: most never are, and they take 50 MB.
PIP_INSTALL := PYTHONWARNINGS=ignore $(INSTALLER)/bin/python deploy/packages.py
DEMO := PORTAL_DATA_DIR=instance/demo PORTAL_WORKERS_DECLARED=profileEngagement:1h,newsAggregation:1h
# One resolution for every system and every Python from 3.11 on; no address in the file.
RESOLVE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-strip-extras --no-annotate --no-header
# The whole suite tells how much of portal/ its tests run, by branch; a part of it would tell little.
COVERAGE = $(if $(T),,-p tests.measured)
# A part of the tests: a path, or words as pytest's -k takes them.
PART = $(if $(T),$(if $(wildcard $(firstword $(subst ::, ,$(T)))),$(T),-k "$(T)"))
# All unit tests are spread over the cores; a part of them is done before other processes are up.
UNIT := $(BIN)/pytest -m unit $(if $(T),,-n auto)
export PYTHONWARNINGS ?= default
# What is compiled is kept, or every process compiles it anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help install develop run demo test unit watch faults mutants lint fix bench bench-idle bench-grown bench-monitors lock wheel sbom wheels docs translations screenshots gallery
.DEFAULT_GOAL := help

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

install: .venv/.installed static/vendor/swagger-ui.css ## make the environment that the portal runs on

develop: .venv/.developing static/vendor/swagger-ui.css ## add to it what testing, linting and the docs need

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Portal needs Python 3.11 or newer; name one with: make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "Python lacks venv; on Debian: apt-get install python3-venv"; exit 1; }
	@echo "Environment: $$($(PYTHON) --version) in .venv"
	@$(PYTHON) -m venv --without-pip .venv

$(INSTALLER)/bin/python: | $(BIN)/python
	@$(BIN)/python -m venv $(INSTALLER)
	@$(INSTALLER)/bin/pip uninstall --quiet --yes setuptools 2>/dev/null || true

$(PACKAGES)/.installed: requirements-build.lock | $(INSTALLER)/bin/python
	@rm -rf $(PACKAGES)
	@$(PIP_INSTALL) "Tools to build with" --no-deps --require-hashes --target $(PACKAGES) -r requirements-build.lock
	@touch $@

.venv/.installed: requirements.lock pyproject.toml $(PACKAGES)/.installed
	@$(PIP_INSTALL) "Packages" --require-hashes -r requirements.lock
	@PYTHONPATH=$(PACKAGES) $(PIP_INSTALL) "Portal" --no-deps --no-build-isolation -e .
	@$(BIN)/python -m deploy.locales
	@$(BIN)/python -m compileall -q portal
	@$(BIN)/python -W ignore -c 'import portal.cli.command, portal.web.gateway, granian.server, uvloop, psycopg, redis'
	@touch $@

.venv/.developing: requirements-dev.lock .venv/.installed
	@$(PIP_INSTALL) "Packages to develop with" --require-hashes -r requirements.lock -r requirements-dev.lock
	@touch $@

static/vendor/swagger-ui.css: deploy/vendor.py $(PACKAGES)/.installed
	@PYTHONPATH=$(PACKAGES) $(BIN)/python deploy/vendor.py && touch $@

run: install ## serve on http://127.0.0.1:8000
	@$(BIN)/portal serve

demo: install ## run with a lived-in example in its own data directory
	@$(DEMO) $(BIN)/portal db upgrade
	@$(DEMO) $(BIN)/portal demo || true
	@$(DEMO) $(BIN)/portal serve

test: develop ## run the suite, or a part: make test T=tests/board, T="audit and not seal"
	@command -v chromium >/dev/null || echo "No Chromium: the browser tests are left out. On Debian: apt-get install chromium"
	@command -v prometheus >/dev/null || echo "No Prometheus: its tests are left out. On Debian: apt-get install prometheus"
	@command -v dnsmasq >/dev/null || echo "No dnsmasq: its tests are left out. On Debian: apt-get install dnsmasq-base"
	@command -v redis-server >/dev/null || echo "No Redis: its tests are left out. On Debian: apt-get install redis-server"
	$(BIN)/python -m pytest -m "not slow" -n auto $(COVERAGE) $(PART)

unit: develop ## run the tests that need no app and no database
	$(UNIT) $(PART)

watch: develop ## run them again after every change
	$(BIN)/watchfiles --filter python "$(UNIT) $(PART)" portal tests

faults: develop ## break what can break, and write docs/faults.md
	$(BIN)/pytest -m "fault or slow" --faults-table=docs/faults.md

mutants: develop ## change the rules in small ways, one of four, and list what no test notices; ROOM=board, OF=1 for all
	@$(BIN)/python -m mutants $(addprefix --room ,$(ROOM)) $(if $(OF),--of $(OF))

wheel: install ## build a wheel into dist/, whole, to be installed anywhere
	@PYTHONWARNINGS=ignore PYTHONPATH=$(PACKAGES) $(INSTALLER)/bin/pip --python $(BIN)/python wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation --wheel-dir dist .
	@ls dist/*.whl

sbom: develop ## list what the portal runs on, as CycloneDX, in dist/portal.cdx.json
	@mkdir -p dist
	@PYTHONWARNINGS=ignore $(BIN)/cyclonedx-py requirements --pyproject pyproject.toml --mc-type application --output-reproducible --sv 1.6 -o dist/portal.cdx.json requirements.lock
	@ls dist/portal.cdx.json

lint: develop ## style, types and the directions of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

fix: develop ## format, and mend what the linter can mend safely
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: develop ## measure against nginx, side by side; wants nginx and wrk
	$(BIN)/python -m bench

bench-idle: develop ## measure what a node costs while nothing happens; takes two minutes
	$(BIN)/python -m bench.idle

bench-grown: develop ## measure a portal of two years beside an empty one; SHARE=0.1 takes a tenth of it
	$(BIN)/python -m bench.growth $(addprefix --share ,$(SHARE))

bench-monitors: develop ## measure a thousand HTTP monitors beside none, and beside GATUS=/path; wants nginx; takes ten minutes
	$(BIN)/python -m bench.monitors $(ARGS)

docs: develop ## write docs/settings.md from the settings table, and draw the rooms from the imports
	$(BIN)/python -m docs.generate
	$(BIN)/python -m docs.rooms

translations: develop ## bring translations/*.po up to what the public is told
	$(BIN)/python -m docs.translations

screenshots: develop ## take the README's pictures of the demo; wants Chromium
	$(BIN)/python -m docs.screenshots

gallery: develop ## look at every page, empty, as the demo and stuffed, into docs/images/gallery; wants Chromium
	$(BIN)/python -m docs.gallery $(SETS)

lock: develop ## renew requirements.lock and requirements-dev.lock from pyproject.toml
	$(RESOLVE) -o requirements.lock pyproject.toml
	printf 'hatchling\neditables\ndjango-htmx>=1.29,<1.30\nflask-openapi3-swagger>=5.31,<5.32\n' | $(RESOLVE) -o requirements-build.lock $(addprefix --no-emit-package ,$(CARRIED)) -
	$(RESOLVE) -o requirements-dev.lock --extra dev -c requirements.lock $$(sed -nE 's/^([a-z0-9._-]+).*==.*/--no-emit-package \1/p' requirements.lock) pyproject.toml

wheels: develop ## whether each locked package has a wheel for every system
	$(BIN)/python -m deploy.wheels
