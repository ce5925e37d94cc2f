# Two commands do everything: `make demo` and `make test`. Both install what they need.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.PHONY: demo test check setup system lock clean help

UV := $(or $(shell command -v uv 2>/dev/null),.uv/bin/uv)
VENV := .venv
DEMO := .venv-demo
DEMO_ARGS ?=
COMPILE := pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--no-header --no-annotate --upgrade pyproject.toml

help:            ## what there is
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

demo: $(DEMO)/.done   ## run the main job on embedded defaults: virtual watch, shipped bundle, in-process broker
	$(DEMO)/bin/edge-daemon demo $(DEMO_ARGS)

test: setup system check   ## install, check, and run every test
	$(VENV)/bin/pytest -n 2 --dist loadfile --no-loadscope-reorder

check: setup     ## ruff, import walls, pyright
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/lint-imports --no-cache
	$(VENV)/bin/pyright

setup: $(VENV)/.done   ## .venv with every extra: device, demo, export, dev

system:          ## system packages that some tests use; without root those tests skip and say why
	@tests/system-packages

lock: $(UV)      ## compile the three lock files anew from pyproject.toml
	$(UV) $(COMPILE) -o requirements-device.txt
	$(UV) $(COMPILE) --extra demo -o requirements-demo.txt
	$(UV) $(COMPILE) --all-extras -o requirements-all.txt

clean:           ## remove what the other targets made
	rm -rf $(VENV) $(DEMO) .uv .pytest_cache .ruff_cache .hypothesis build dist *.egg-info

$(VENV)/.done: requirements-all.txt pyproject.toml | $(UV)
	$(UV) venv -q --clear --python '>=3.11,<3.14' $(VENV)
	$(UV) pip install -q --python $(VENV) --require-hashes -r requirements-all.txt
	$(UV) pip install -q --python $(VENV) --no-deps -e .
	@touch $@

$(DEMO)/.done: requirements-demo.txt pyproject.toml | $(UV)
	$(UV) venv -q --clear --python '>=3.11,<3.14' $(DEMO)
	$(UV) pip install -q --python $(DEMO) --require-hashes -r requirements-demo.txt
	$(UV) pip install -q --python $(DEMO) --no-deps -e .
	@touch $@

.uv/bin/uv:
	python3 -m venv .uv
	.uv/bin/pip install -q uv
