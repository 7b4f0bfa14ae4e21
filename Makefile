# `make run`, `make check` and `make test` install what they need, and only what is not installed yet.
# Needs make and Python 3.11, 3.12 or 3.13; everything else comes from the package index.

IMAGES =
OUT = out
FOLDER = .
ARGS =
# For `make layer`: Lambda's Python version and architecture (x86_64 or arm64), and the path of such a Python on this
# machine, if the build does not find it.
LAMBDA_PYTHON ?= 3.13
ARCHITECTURE ?= x86_64
INTERPRETER ?=
BIN = .venv/bin
SAM = .venv-sam/bin
UV = $(BIN)/uv
# The first Python that is new enough and can make virtual environments; 3.13 is what Lambda runs.
NEW_ENOUGH = -c 'import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
PYTHON ?= $(shell for name in python3.13 python3.12 python3.11 python3 python; do \
	$$name $(NEW_ENOUGH) && echo $$name && break; done)
# Downloads and compilation at the same time.
MAKEFLAGS += --jobs=2

FUNCTIONS = $(foreach name,Cutout ApiCutout ApiJob Webhook Fetch Callback DeadLetter Backfill BackfillEnd,build-$(name)Function)

LAYERS = build-DependenciesLayer build-SmallLayer

.DEFAULT_GOAL := help
.PHONY: help run serve studio layer $(LAYERS) $(FUNCTIONS) release test e2e check lint bench lock setup weights clean
.SUFFIXES:

help:
	@echo 'make run     cut images through a local S3, a queue and the handler: make run IMAGES="photo.jpg folder/" OUT=out'
	@echo 'make serve   keep that stack running, with the HTTP API and webhooks, and cut every image put into its bucket'
	@echo 'make studio  open a page to correct and approve the cutouts of a folder: make studio FOLDER=photos'
	@echo 'make layer   build the Lambda layers: make layer LAMBDA_PYTHON=3.13 ARCHITECTURE=x86_64'
	@echo 'make check   ruff, mypy and the quick tests, in about two minutes'
	@echo 'make release pack layers, code and template into dist/, to deploy from any machine: make release ARCHITECTURE=x86_64'
	@echo 'make test    all tests; some of them: make test ARGS="tests/layers -k sha256"'
	@echo 'make e2e     the deployed code and its layer under the Lambda runtime emulator (part of make test)'
	@echo 'make lint    ruff and mypy; cfn-lint, sam validate and checkov for the template'
	@echo 'make bench   measure quality against rembg: make bench ARGS="--data FOLDER"'
	@echo 'make lock    pin the dependencies that changed in pyproject.toml; upgrade all: make lock ARGS=--upgrade'
	@echo 'make clean   remove everything that set-up, builds and runs have made'

studio: setup
	@$(BIN)/python -m studio "$(FOLDER)" $(ARGS)

run: setup
	@$(BIN)/python -m handler.local run $(IMAGES) --out "$(OUT)"

serve: setup
	@$(BIN)/python -m handler.local serve

# DependenciesLayer contains the weights, so these come first.
LAYER = $(BIN)/python -m layers.build --python $(LAMBDA_PYTHON) --architecture $(ARCHITECTURE) \
	$(if $(INTERPRETER),--interpreter "$(INTERPRETER)")
layer: .venv/stamp-local weights
	@for name in $(LAYERS:build-%=%); do $(LAYER) $$name || exit; done

# `sam build` calls this for each layer ...
$(LAYERS): .venv/stamp-local weights
	@$(LAYER) $(@:build-%=%) --into "$(ARTIFACTS_DIR)"

# ... and this for each function: only its code, because the layers contain the dependencies.
$(FUNCTIONS):
	@"$(PYTHON)" -m layers.function "$(ARTIFACTS_DIR)"

release: .venv/stamp-local weights
	@$(BIN)/python -m release --architecture $(ARCHITECTURE) $(if $(INTERPRETER),--interpreter "$(INTERPRETER)")

# Two workers: each holds the model, the kernels and images, about 1 GB.
PYTEST = $(BIN)/python -m pytest -n 2
define STYLE
$(BIN)/ruff check .
$(BIN)/ruff format --check .
$(BIN)/mypy
endef

check: setup .venv/stamp-dev
	$(STYLE)
	@$(PYTEST) -m 'not slow' $(ARGS)

test: setup .venv/stamp-dev .venv-sam/stamp-synced
	@$(PYTEST) $(ARGS)

# The runtime interface emulator is part of SAM.
e2e: setup .venv/stamp-dev .venv-sam/stamp-synced
	@$(BIN)/python -m pytest -n 0 -rs tests/e2e/test_lambda_runtime.py $(ARGS)

lint: .venv/stamp-dev .venv-sam/stamp-synced .venv-checkov/stamp-synced
	$(STYLE)
	$(SAM)/cfn-lint --regions us-east-1 --append-rules cfn_lint_serverless.rules -- template.yaml
	SAM_CLI_TELEMETRY=0 AWS_DEFAULT_REGION=us-east-1 $(SAM)/sam validate --lint
	.venv-checkov/bin/checkov --file template.yaml --framework cloudformation --compact --quiet --skip-download

bench: setup .venv/stamp-dev .venv-rembg/stamp-synced
	@$(BIN)/python -m bench.quality $(ARGS)

setup: .venv/stamp-kernels weights

# Runs every time, because only the checksum shows whether the weights are right; that takes a tenth of a second.
weights: .venv/stamp-local
	@$(BIN)/python -m weights u2netp

# Each rule makes its stamp last, so an interrupted step starts again from its beginning.
.venv/stamp-made: requirements-uv.lock
	@"$(PYTHON)" $(NEW_ENOUGH) || { echo 'Hairline needs Python 3.11, 3.12 or 3.13 with venv (Debian and Ubuntu: python3-venv).' >&2; \
		echo 'If yours has another name: make PYTHON=/path/to/python' >&2; exit 1; }
	@echo 'Making a virtual environment in .venv'
	@"$(PYTHON)" -m venv --clear .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-uv.lock
	@touch $@

# What `make run` needs, and then what everything else needs: the second lock contains the first, in the same versions.
INSTALL = $(UV) pip install --python $(BIN)/python
.venv/stamp-local: .venv/stamp-made requirements-local.lock pyproject.toml
	@echo 'Installing the dependencies'
	@$(INSTALL) --require-hashes -r requirements-local.lock
	@$(INSTALL) --quiet --no-deps --no-build-isolation --editable .
	@touch $@

.venv/stamp-dev: .venv/stamp-local requirements-dev.lock
	@echo 'Installing the tools and libraries for the tests'
	@$(UV) pip sync --python $(BIN)/python --require-hashes requirements-dev.lock
	@$(INSTALL) --quiet --no-deps --no-build-isolation --editable .
	@touch $@

.venv/stamp-kernels: .venv/stamp-local layers/kernels.py layers/compile_kernels.py \
		pipeline/compiled.py $(wildcard pipeline/*/kernels.py pipeline/*/kernels/*.py)
	@echo 'Compiling the kernels: about ten seconds, once'
	@$(BIN)/python -m layers.kernels
	@touch $@

# Deployment tools and rembg, which the benchmarks compare with, have their own environments: their pins conflict with
# Hairline's.
.venv-%/stamp-synced: requirements-%.lock .venv/stamp-made
	@echo 'Installing $(<:requirements-%.lock=%) into .venv-$*'
	@$(UV) venv --quiet --clear --python $(BIN)/python .venv-$*
	@$(UV) pip sync --python .venv-$*/bin/python --require-hashes $<
	@touch $@

COMPILE = $(UV) pip compile --quiet --universal --generate-hashes --no-header --python-version 3.11 $(ARGS)
lock: .venv/stamp-made
	$(COMPILE) pyproject.toml --group function --output-file requirements.lock
	$(COMPILE) --group function --constraints requirements.lock --output-file requirements-small.lock
	$(COMPILE) pyproject.toml --group local --constraints requirements.lock --output-file requirements-local.lock
	$(COMPILE) pyproject.toml --group dev --constraints requirements-local.lock --output-file requirements-dev.lock
	for name in uv sam checkov rembg; do $(COMPILE) --group $$name --output-file requirements-$$name.lock || exit; done
	$(COMPILE) --group layer --constraints requirements-dev.lock --no-emit-package numpy --output-file requirements-layer.lock

clean:
	rm -rf .venv .venv-sam .venv-checkov .venv-rembg models out build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
