# gofal: `make help` lists the targets. Everything comes from the lock files; the machine needs Rust, CPython 3.11,
# pip and make, nothing else.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
PY     := .venv/bin/python
UV     := .tools/bin/uv
CORE   := python/gofal/_core.abi3.so
STAMP  := .venv/.installed
RUST   := $(shell find src -name '*.rs') Cargo.toml Cargo.lock pyproject.toml
OUT    ?= out
BENCH  ?=
LANGS  ?= both
export CARGO_TERM_COLOR ?= never
unexport VIRTUAL_ENV PYTHONPATH

.PHONY: help reproduce test test-rust test-python notebooks lint format stubs check golden develop docs bench wheel lock clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

reproduce: $(CORE) ## build, install into .venv and run the main job: figures, tables, claims and pages in ./out
	$(PY) -m gofal reproduce --out $(OUT) --lang $(LANGS)

test: lint test-rust test-python notebooks docs check ## everything CI runs

test-rust: ## Rust unit, reference and property tests
	cargo test --locked -q

test-python: $(CORE) ## Python tests and the examples of every docstring
	$(PY) -m pytest -q -n 2 tests/python
	$(PY) -m pytest -q --doctest-modules --import-mode=importlib -W ignore::pytest.PytestCollectionWarning python/gofal

notebooks: $(CORE) ## execute every notebook from top to bottom
	$(PY) tests/notebooks.py notebooks

lint: $(CORE) stubs ## formatting, clippy, ruff, types: no warnings
	cargo fmt --check
	cargo clippy --locked -q --all-targets --features python -- -D warnings
	.venv/bin/ruff format --check -q python tests notebooks benches
	.venv/bin/ruff check -q python tests notebooks benches
	.venv/bin/mypy --no-error-summary

stubs: $(CORE) ## the stub file says what the extension module has
	MYPYPATH=python .venv/bin/stubtest gofal._core --concise

format: $(STAMP) ## rewrite formatting in place
	cargo fmt
	.venv/bin/ruff format -q python tests notebooks benches
	.venv/bin/ruff check -q --fix python tests notebooks benches

check: $(CORE) ## rebuild every published number and figure and compare with tests/golden
	$(PY) -m gofal check

golden: $(CORE) ## accept the numbers and figures of today as the new golden set
	$(PY) -m gofal check --update

docs: $(CORE) ## build the documentation site into ./site
	NO_MKDOCS_2_WARNING=1 PYTHONWARNINGS=ignore .venv/bin/mkdocs build -q --strict

bench: $(CORE) .venv-bench/.installed ## time the kernels and their peers in one run and print ratios (BENCH="--only regression")
	PYTHONPATH=python .venv-bench/bin/python benches/run.py $(BENCH)

wheel: $(STAMP) ## a release wheel in ./dist
	CARGO_TARGET_DIR=target-maturin .venv/bin/maturin build -q --locked --release --out dist

develop: $(CORE) ## build the extension into .venv (only when a .rs file is newer)

lock: $(UV) ## resolve requirements/*.txt anew from pyproject.toml
	$(UV) pip compile pyproject.toml --group test --group docs --python-version 3.11 --generate-hashes --no-header --no-annotate -q -o requirements/dev.txt
	$(UV) pip compile pyproject.toml --group bench --python-version 3.11 --generate-hashes --no-header --no-annotate -q -o requirements/bench.txt

clean: ## remove everything that make made
	rm -rf .venv .venv-bench .tools target target-maturin out site dist $(CORE)

$(UV):
	python3 -m pip install -q --disable-pip-version-check --root-user-action=ignore --target .tools "uv==0.13.9"

$(STAMP): $(UV) requirements/dev.txt
	test -x $(PY) || $(UV) venv -q --python 3.11 .venv
	$(UV) pip install -q --python $(PY) --require-hashes -r requirements/dev.txt
	touch $@

# The peers stay out of the environment that the tests run in.
.venv-bench/.installed: $(UV) requirements/bench.txt
	test -x .venv-bench/bin/python || $(UV) venv -q --python 3.11 .venv-bench
	$(UV) pip install -q --python .venv-bench/bin/python --require-hashes -r requirements/bench.txt
	touch $@

# Its own target folder: cargo test and maturin would otherwise rebuild each other's crates at every switch.
$(CORE): $(STAMP) $(RUST)
	VIRTUAL_ENV=$(CURDIR)/.venv PATH=$(CURDIR)/.venv/bin:$(CURDIR)/.tools/bin:$$PATH CARGO_TARGET_DIR=target-maturin \
	  .venv/bin/maturin develop -q --uv --locked --profile quick
	touch $@
