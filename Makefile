# The words of this house. `make demo` and `make test` do all their own set-up.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
UV_VERSION := 0.13.9
export PATH := $(CURDIR)/$(BIN):$(PATH)
export JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION := 1

.PHONY: setup demo test check up synth bench bench-qc deploy-local images lock clean

setup: $(VENV)/.ready  ## a .venv with .venv/bin/biotheca in it, and the compiled FASTQ kernel
	@$(BIN)/python -m biotheca.formats.native.build

$(VENV)/.ready: requirements/dev.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' || \
	  { echo "Biotheca needs Python 3.11, 3.12 or 3.13; say which with make PYTHON=python3.12"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@echo "installing the pinned packages (about 1 GB; once)"
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes --compile-bytecode -r requirements/dev.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e .
	@touch $@

demo: setup  ## real reads from upload to publication; ARGS=--exit ends instead of serving on
	@$(BIN)/python -m local demo $(ARGS)

up: setup  ## the laptop cloud, until Ctrl-C
	@$(BIN)/python -m local up $(ARGS)

test: setup  ## everything CI runs, `make check` among it
	@$(BIN)/python -m tests $(ARGS)

check: setup  ## style, types, import contracts, state machines, docs
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python -m tests.checks

synth: setup  ## CloudFormation templates in cdk.out, as they deploy to AWS
	@$(BIN)/python -m infra.app $(ARGS)

bench: setup  ## tables of docs/performance.md
	@$(BIN)/python -m bench $(ARGS)

bench-qc: setup  ## the FASTQ check beside decompression alone and beside its peers
	@$(BIN)/python -m bench qc

deploy-local: setup  ## the real `cdk bootstrap` and `cdk deploy` against the laptop cloud
	@$(BIN)/python -m local deploy $(ARGS)

images: setup  ## build the Batch images (needs a container engine)
	@for job in $$(ls -d batch/*/Dockerfile | xargs -n1 dirname | xargs -n1 basename); do \
	  docker build --file batch/$$job/Dockerfile --tag biotheca-$$job . || exit 1; done

lock: setup  ## pin everything again
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --all-extras \
	  --no-header --no-annotate pyproject.toml -o requirements/dev.lock

clean:
	rm -rf $(VENV) cdk.out .biotheca .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
