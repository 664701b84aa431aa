# `make` prints what a person can ask for. Each target first sets up what it needs; when all is up to date that takes no time.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
# What a first set-up installs and makes does not wait for each other.
MAKEFLAGS += --no-print-directory --jobs=4
.DELETE_ON_ERROR:

BIN := .venv/bin
VENDOR := src/tradepost/market/web/static/vendor
COLLECTED := src/tradepost/market/collected/staticfiles.json
STATIC := $(shell find src -path '*/static/*' -type f -not -path '*/vendor/*')
PAGES := $(shell find src -name '*.html')
ICONS := src/tradepost/market/web/icons.txt
CODE := $(foreach folder,src tests scripts bench examples,$(if $(shell find $(folder) -name '*.py' -print -quit 2>/dev/null),$(folder)))
TRANSLATIONS := $(shell find src -name '*.po')
TEMPLATE := src/tradepost/market/empty.sqlite3
DEMO := src/tradepost/market/demo.sqlite3
SEED := $(shell find src/tradepost/market/seed examples/sample_seller -type f -not -name '*.pyc')
MIGRATIONS := $(shell find src -path '*/migrations/*.py') \
	$(addprefix src/tradepost/market/,identity/first_agreements.py catalog/first_categories.py catalog/first_synonyms.py)
MODULES := $(shell find src -name '*.py')
# Passed on to pytest or the benchmarks: make test ARGS='tests/kit -k newInstance'
ARGS ?=
DIST ?= dist
DOCS ?= build/docs
export TRADEPOST_SSLYZE ?= $(CURDIR)/.cache/sslyze/bin/sslyze

.PHONY: help
help:
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-6s %s\n", $$1, $$2}' Makefile

.PHONY: run
run: setup ## Start a market with demo data on this machine and say where to look (PORT, TRADEPOST_DATA).
	@exec $(BIN)/tradepost demo

.PHONY: test
test: setup ## Run the gate, as CI does: all short tests and a few slow ones (ARGS names tests and goes to pytest).
	@exec $(BIN)/python scripts/run_tests.py $(ARGS)

.PHONY: soak
soak: setup ## Run everything at full size on both databases: slow tests, mutants, fuzz, storms, a real market (hours).
	@exec $(BIN)/python scripts/run_tests.py --soak $(ARGS)

.PHONY: check
check: .venv/.dev .cache/translations ## Check style, types, the direction of imports, templates and translations.
	@failed=(); \
	for check in "ruff check" "ruff format --check" "mypy $(CODE)" "lint-imports --no-cache --no-logo" \
	    "djlint src --lint --quiet" "djlint src --check --quiet" "python scripts/check_translations.py"; do \
	  echo "· $$check"; \
	  TRADEPOST_DATA=.cache/check $(BIN)/$$check || failed+=("$$check"); \
	done; \
	if [ $${#failed[@]} -gt 0 ]; then printf 'Failed: %s\n' "$${failed[@]}"; exit 1; fi

.PHONY: fix
fix: setup ## Fix what the tools can fix: imports, style, layout of code and templates.
	$(BIN)/ruff check --fix --exit-zero
	$(BIN)/ruff format
	-@$(BIN)/djlint src --reformat --quiet # it ends with an error when it changed something

.PHONY: bench
bench: setup .venv/.bench ## Compare our speed with rivals and with the limit (ARGS choose the questions).
	@exec $(BIN)/python -m bench $(ARGS)

.PHONY: wheel
wheel: setup ## Build the package into dist/, to install where this checkout is not (DIST chooses the folder).
	@scripts/make_wheel.sh $(DIST)

.PHONY: release
release: setup ## Build the package and the lists of its components (SBOM) into dist/ (DIST chooses the folder).
	@scripts/make_release.sh $(DIST)

.PHONY: docs
docs: .venv/.dev ## Build the documentation site in both languages into build/docs (DOCS chooses the folder).
	@scripts/make_docs.sh $(DOCS)

.PHONY: shots
shots: setup ## Take pictures of the pages into shots/ (ARGS=readme: those of the README files into docs/pictures/).
	@exec $(BIN)/python scripts/shots.py $(ARGS)

.PHONY: setup
setup: .venv/.dev .cache/bytecode $(COLLECTED) .cache/translations $(TEMPLATE) $(DEMO) .cache/sslyze/.made

.venv/.dev: requirements/dev.txt requirements/build.txt pyproject.toml scripts/make_venv.sh
	@scripts/make_venv.sh requirements/dev.txt
	@touch $@

.venv/.bench: requirements/bench.txt .venv/.dev
	@scripts/make_venv.sh requirements/bench.txt
	@touch $@

# Else each process compiles all of it again where PYTHONDONTWRITEBYTECODE is set.
.cache/bytecode: $(MODULES) .venv/.dev
	@$(BIN)/python -m compileall -q src
	@mkdir -p $(@D) && touch $@

# The TLS scanner of web checks, in an environment of its own.
.cache/sslyze/.made: requirements/sslyze.txt scripts/make_sslyze.sh | .venv/.dev
	@scripts/make_sslyze.sh
	@touch $@

node_modules/.installed: package.json package-lock.json .npmrc | .venv/.dev
	@scripts/npm.sh ci --no-progress --loglevel=error --no-update-notifier
	@touch $@

# Pages and modules too: which rules of the style sheet are kept depends on the names that they contain.
$(VENDOR)/htmx.min.js: node_modules/.installed $(ICONS) $(PAGES) $(MODULES) $(STATIC) scripts/collect_assets.py scripts/purgecss.config.cjs
	@$(BIN)/python scripts/collect_assets.py
	@touch $@

$(COLLECTED): $(VENDOR)/htmx.min.js $(STATIC) scripts/collect_static.py
	@$(BIN)/python scripts/collect_static.py
	@touch $@

.cache/translations: $(TRANSLATIONS) scripts/compile_messages.py | .venv/.dev
	@$(BIN)/python scripts/compile_messages.py
	@mkdir -p $(@D) && touch $@

# Requirements as well: Django and allauth have migrations of their own.
$(TEMPLATE): $(MIGRATIONS) .venv/.dev scripts/make_template.py
	@$(BIN)/python scripts/make_template.py
	@touch $@

# The demo's products go their real road to the shelf, which takes some seconds: once, here.
$(DEMO): $(TEMPLATE) $(SEED) | .cache/bytecode .cache/translations $(COLLECTED)
	@echo "· making the demo"
	@$(BIN)/python scripts/make_template.py demo
	@touch $@
