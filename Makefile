# `make run` and `make test` do all their own set-up, and only what is not done yet.
# Needs Python 3.11 or newer and make; everything else comes from the package index.

IMAGES =
OUT = out
ARGS =
# Lambda's Python and its architecture (x86_64 or arm64) for `make layer`, and where this machine has such a Python, if
# it is not found by itself.
LAMBDA_PYTHON ?= 3.13
ARCHITECTURE ?= x86_64
INTERPRETER ?=
BIN = .venv/bin
SAM = .venv-sam/bin
UV = $(BIN)/uv
# The first Python that is new enough and can make virtual environments; 3.13 is what Lambda runs.
NEW_ENOUGH = -c 'import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
PYTHON ?= $(firstword $(foreach name,python3.13 python3.12 python3.11 python3 python,\
	$(shell $(name) $(NEW_ENOUGH) && echo $(name))))

FUNCTIONS = $(foreach name,Cutout ApiCutout ApiJob Webhook Fetch Callback,build-$(name)Function)

.DEFAULT_GOAL := help
.PHONY: help run serve layer build-DependenciesLayer $(FUNCTIONS) test e2e lint bench lock setup weights clean
.SUFFIXES:

help:
	@echo 'make run     cut out photographs through the local S3, queue and handler: make run IMAGES="photo.jpg folder/" OUT=out'
	@echo 'make serve   keep that stack up and cut out whatever is dropped into its bucket'
	@echo 'make layer   build the Lambda layer: make layer LAMBDA_PYTHON=3.13 ARCHITECTURE=x86_64'
	@echo 'make test    all tests; some of them: make test ARGS="tests/layers -k sha256"'
	@echo 'make e2e     the function and its layer, as deployed, under AWS'"'"'s own runtime (part of make test)'
	@echo 'make lint    ruff, mypy; cfn-lint, sam validate and checkov for the template'
	@echo 'make bench   measure quality against rembg: make bench ARGS="--data FOLDER"'
	@echo 'make lock    pin dependencies anew where pyproject.toml asks for it; all of them: make lock ARGS=--upgrade'
	@echo 'make clean   remove what set-up and runs have made'

run: setup
	@$(BIN)/python -m handler.local run $(IMAGES) --out "$(OUT)"

serve: setup
	@$(BIN)/python -m handler.local serve

# The network must be there first, since it goes into the layer.
LAYER = $(BIN)/python -m layers.build --python $(LAMBDA_PYTHON) --architecture $(ARCHITECTURE) \
	$(if $(INTERPRETER),--interpreter "$(INTERPRETER)")
layer: .venv/stamp-synced weights
	@$(LAYER)

# `sam build` calls this for the layer ...
build-DependenciesLayer: .venv/stamp-synced weights
	@$(LAYER) --into "$(ARTIFACTS_DIR)"

# ... and this for each function: its code alone, as the dependencies are the layer's.
$(FUNCTIONS):
	cp -r handler pipeline "$(ARTIFACTS_DIR)"
	rm -rf "$(ARTIFACTS_DIR)/handler/local"
	find "$(ARTIFACTS_DIR)" -name __pycache__ -type d -prune -exec rm -rf {} +

# Two workers: each holds the network, numba's kernels and pictures, about 1 GB.
test: setup .venv-sam/stamp-synced
	@$(BIN)/python -m pytest -n 2 $(ARGS)

# AWS's runtime interface emulator comes with SAM.
e2e: setup .venv-sam/stamp-synced
	@$(BIN)/python -m pytest -n 0 -rs tests/e2e/test_lambda_runtime.py $(ARGS)

lint: setup .venv-sam/stamp-synced .venv-checkov/stamp-synced
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(SAM)/cfn-lint --regions us-east-1 --append-rules cfn_lint_serverless.rules -- template.yaml
	SAM_CLI_TELEMETRY=0 AWS_DEFAULT_REGION=us-east-1 $(SAM)/sam validate --lint
	.venv-checkov/bin/checkov --file template.yaml --framework cloudformation --compact --quiet --skip-download

bench: setup .venv-rembg/stamp-synced
	@$(BIN)/python -m bench.quality $(ARGS)

setup: .venv/stamp-compiled weights

# Looks every time, because only the checksum tells whether the weights are right; that takes a tenth of a second.
weights: .venv/stamp-synced
	@$(BIN)/python -m weights u2netp

# Each stamp is made last, so a step that was interrupted is done again from its beginning.
.venv/stamp-made: requirements-uv.lock
	@"$(PYTHON)" $(NEW_ENOUGH) || { echo 'Hairline needs Python 3.11 or newer with venv (Debian and Ubuntu: python3-venv).' >&2; \
		echo 'If yours has another name: make PYTHON=/path/to/python' >&2; exit 1; }
	@echo 'Making a virtual environment in .venv'
	@"$(PYTHON)" -m venv --clear .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-uv.lock
	@touch $@

.venv/stamp-synced: .venv/stamp-made requirements-dev.lock pyproject.toml
	@echo 'Installing the dependencies'
	@$(UV) pip sync --python $(BIN)/python --require-hashes requirements-dev.lock
	@$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

.venv/stamp-compiled: .venv/stamp-synced $(wildcard pipeline/matting/kernels/*.py)
	@echo 'Compiling the matting kernels: about a minute the first time'
	@$(BIN)/python -c 'import pymatting, pipeline.matting'
	@touch $@

# Deployment tools, and the peer of the benchmark: environments of their own, because their pins would hold ours back.
.venv-%/stamp-synced: requirements-%.lock .venv/stamp-made
	@echo 'Installing $(<:requirements-%.lock=%) into .venv-$*'
	@$(UV) venv --quiet --clear --python $(BIN)/python .venv-$*
	@$(UV) pip sync --python .venv-$*/bin/python --require-hashes $<
	@touch $@

COMPILE = $(UV) pip compile --quiet --universal --generate-hashes --no-header --python-version 3.11 $(ARGS)
lock: .venv/stamp-made
	$(COMPILE) pyproject.toml --output-file requirements.lock
	$(COMPILE) pyproject.toml --group dev --constraints requirements.lock --output-file requirements-dev.lock
	for name in uv sam checkov rembg; do $(COMPILE) --group $$name --output-file requirements-$$name.lock || exit; done
	$(COMPILE) --group layer --constraints requirements-dev.lock --no-emit-package numpy --output-file requirements-layer.lock

clean:
	rm -rf .venv .venv-sam .venv-checkov .venv-rembg models out build .pytest_cache .mypy_cache .ruff_cache .hypothesis
