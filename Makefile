# Python 3.11 or newer and make are enough: `make demo`, then `make test`.
.DEFAULT_GOAL := help
.PHONY: help install demo run test soak upgrade-test bench bench-small pictures entities client settings docs sbom check format constraints

VENV := .venv
BUILD := setuptools==84.2.1
BIN := $(VENV)/bin
SOURCES := domain store carriers activities workflows api console cli stack telemetry codec_server.py composition.py worker.py settings.py startup.py
INSTALLED := $(VENV)/.installed
export PIP_DISABLE_PIP_VERSION_CHECK := 1

help: ## Say what there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

install: $(INSTALLED) ## Make .venv and install everything into it

$(INSTALLED): pyproject.toml constraints.txt
	@python=$${PYTHON:-}; \
	for name in python3.11 python3.12 python3.13 python3; do \
		[ -n "$$python" ] && break; \
		if $$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then python=$$name; fi; \
	done; \
	[ -n "$$python" ] || { echo "Outdial needs Python 3.11 or newer; none was found." >&2; exit 1; }; \
	[ -x $(BIN)/python ] || $$python -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[embedded,dev,otel]'
	@touch $@

demo: install ## See it work: the whole stack calls samples/contacts.csv (ONCE=1 ends by itself, DATA=DIR keeps the data)
	@exec $(BIN)/python -m stack.demo $(if $(ONCE),--once) $(if $(DATA),--data-dir "$(DATA)")

run: install ## The local stack, kept in .outdial, until Ctrl-C
	@exec $(BIN)/outdial up

test: install ## Every test but the long ones
	@$(BIN)/pytest -m "not soak" -n 3

soak: install ## The tests that take long
	@$(BIN)/pytest -m soak --timeout 1800 -s

upgrade-test: install ## Jobs that the last tag's code begins end on this one, in mid-call (FROM=REF begins with another)
	@UPGRADE_FROM="$(FROM)" $(BIN)/pytest -m soak -s tests/upgrade

bench: install ## Measure Outdial beside its limit and its peers, and write docs/performance.md (an hour, nothing else running)
	@$(BIN)/python -m benchmarks --page

bench-small: install ## The ratios of it that no noise reaches, in two minutes
	@$(BIN)/python -m benchmarks --small

pictures: install ## Make the pictures in docs/ anew (needs Chromium)
	@OUTDIAL_PICTURES=1 OUTDIAL_REQUIRE=chromium $(BIN)/pytest tests/end_to_end/batches/test_web_ui.py tests/end_to_end/test_console.py

entities: install ## Draw docs/entities.md from the tables
	@$(BIN)/python -m docs.make_entities

settings: install ## Write the tables of docs/settings.md from the settings
	@$(BIN)/python -m docs.make_settings

docs: install ## The documents as a site, with every endpoint: build/site/index.html
	@$(BIN)/python -m docs.make_site
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

sbom: install ## What the image consists of, as CycloneDX: build/sbom.json
	@mkdir -p build
	@$(BIN)/python -W ignore::UserWarning -m cyclonedx_py requirements --pyproject pyproject.toml --mc-type application \
		--output-reproducible --output-file build/sbom.json requirements.txt 2>/dev/null
	@echo build/sbom.json

client: install ## Generate the Python client anew from the API's OpenAPI page
	@$(BIN)/python -m clients.generate

check: install ## Lint, format, types, direction of imports, what documents name
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/bandit -q -r -ll -ii $(SOURCES)
	@$(BIN)/python -m docs.checks

format: install ## Put the code into its form
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format

constraints: install ## Write down the versions that are installed now, and the hashes of those of the image
	@$(BIN)/python -m pip freeze --exclude-editable --exclude setuptools > constraints.txt
	@echo '$(BUILD)' >> constraints.txt
	@$(BIN)/python -m venv $(VENV)/pins && $(VENV)/pins/bin/pip install --quiet 'pip<26' pip-tools
	@echo '# What the image installs, made by `make constraints`: the versions of constraints.txt, with the hashes of all their files.' > requirements.txt
	@$(VENV)/pins/bin/pip-compile --quiet --generate-hashes --strip-extras --no-header --no-annotate \
		--no-emit-index-url --no-emit-find-links --no-emit-trusted-host \
		--allow-unsafe --build-deps-for editable --extra otel \
		--constraint constraints.txt --output-file - pyproject.toml | sed '/^#/d; /^$$/d' >> requirements.txt
