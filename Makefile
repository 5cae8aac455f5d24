# OneWindow (一窗). `make help` lists what there is.
SHELL := /bin/bash
BIN := .venv/bin
READY := .venv/.ready
VISITS ?= 12
SEED ?= 1
KILL ?=
DIR ?= var/dev
MQTT ?= 8883
HTTP ?= 8080
MEDIA ?= 8443
RUNS ?= 200
DEVICE ?=
PORT ?=

.DEFAULT_GOAL := help
.PHONY: help run demo faults-terminal devices bench-hardware nightly centre check test setup lock clean

help: ## this list
	@echo "OneWindow (一窗): the counter terminal and case service of a one-window hall"; echo
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' \
		| while IFS=$$'\t' read -r name text; do printf '  make %-16s %s\n' "$$name" "$$text"; done

run: $(READY) ## set up if needed, then a hall to watch: broker, centre, three windows, citizens (Ctrl-C ends it)
	@$(BIN)/ow-sim hall --dir var/dev

demo: $(READY) ## a finite hall, judged: VISITS=12 SEED=1 [KILL=broker|central|terminal]
	@$(BIN)/ow-sim demo --visits $(VISITS) --seed $(SEED) $(if $(KILL),--kill $(KILL))

faults-terminal: $(READY) ## one terminal after another, each with a visit and faults that hit: RUNS=200 SEED=1
	@$(BIN)/ow-sim faults --runs $(RUNS) --seed $(SEED) --dir var/dev

devices: $(READY) ## every driver: its contract suite, the faults it survives, its measured times
	@$(BIN)/python -m bench.devices $(DEVICE)

bench-hardware: $(READY) ## a contract suite on real hardware: DEVICE=identity PORT=/dev/ttyUSB0 (see docs/operate/technician.md)
	@ONEWINDOW_HARDWARE_$(shell echo $(DEVICE) | tr a-z A-Z)='$(PORT)' \
		$(BIN)/pytest -s -rs --timeout 600 tests/contract -k hardware

nightly: $(READY) ## the long versions of the tests, and all measurements (about an hour)
	@bench/nightly $(BIN) $(SEED)

centre: $(READY) ## broker and centre for your own terminals: DIR=var/dev MQTT=8883 HTTP=8080 MEDIA=8443
	@$(BIN)/ow-sim centre --dir $(DIR) --mqtt $(MQTT) --http $(HTTP) --media $(MEDIA)

check: $(READY) ## style, types and import rules: ruff, mypy --strict, import-linter, tests/architecture
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/pytest -q tests/architecture

test: check ## everything: the checks, then all tests
	@$(BIN)/pytest --ignore=tests/architecture

setup: $(READY) ## system packages and the locked Python environment; nothing twice

$(READY): requirements/install requirements/dev.txt requirements/system.txt pyproject.toml
	@requirements/install
	@touch $@

lock: $(READY) ## write requirements/*.txt anew, with hashes, from requirements/*.in
	@$(BIN)/pip install -q uv
	@for name in terminal central dev; do \
		$(BIN)/uv pip compile -q --python-version 3.11 --universal --generate-hashes --no-annotate \
			--no-header --upgrade requirements/$$name.in -o requirements/$$name.txt || exit 1; \
	done

clean: ## remove the environment and all state of this checkout
	@rm -rf .venv var build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
