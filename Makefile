# gofal: `make help` lists the targets. Everything needed is fetched from the lock files; nothing is expected on the
# machine but Rust, CPython 3.11, pip and make.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PY      := .venv/bin/python
UV      := .tools/bin/uv
CORE    := python/gofal/_core.abi3.so
STAMP   := .venv/.installed
RUST    := $(shell find src -name '*.rs' 2>/dev/null) Cargo.toml Cargo.lock pyproject.toml
OUT     ?= out
export CARGO_TERM_COLOR ?= never
unexport VIRTUAL_ENV PYTHONPATH

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

$(UV):
	python3 -m pip install -q --disable-pip-version-check --root-user-action=ignore --target .tools "uv==0.13.9"

$(STAMP): $(UV) requirements/dev.txt
	test -x $(PY) || $(UV) venv -q --python 3.11 .venv
	$(UV) pip install -q --python $(PY) --require-hashes -r requirements/dev.txt
	touch $@

$(CORE): $(STAMP) $(RUST)
	VIRTUAL_ENV=$(CURDIR)/.venv PATH=$(CURDIR)/.venv/bin:$(CURDIR)/.tools/bin:$$PATH CARGO_TARGET_DIR=target-maturin \
	  .venv/bin/maturin develop -q --uv --locked --profile quick
	touch $@

.PHONY: develop
develop: $(CORE) ## build the extension into .venv (only when a .rs file is newer)
