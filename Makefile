# make demo   set up everything and run the main job on a discharge summary
# make test   set up everything and run the tests
# make lint fix golden docs lock clean: see below

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO := out/demo
CORES ?= 2

# What of llama.cpp is not used is not built: no tools, server, tests, examples, image support or network.
# A prebuilt wheel of llama-cpp-python saves the compile: make demo WHEEL=path/to/llama_cpp_python-….whl
export CMAKE_ARGS ?= -DLLAVA_BUILD=OFF -DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_EXAMPLES=OFF \
  -DLLAMA_BUILD_TOOLS=OFF -DLLAMA_BUILD_SERVER=OFF -DLLAMA_OPENSSL=OFF -DGGML_LLAMAFILE=ON
export SKBUILD_BUILD_TARGETS ?= llama;llama-common
export CMAKE_BUILD_PARALLEL_LEVEL ?= $(shell nproc 2>/dev/null || echo 2)

.PHONY: demo test lint fix golden docs lock clean setup setup-dev interop

demo: setup $(DEMO)/store.sqlite
	@$(BIN)/notewright explain --input fixtures/documents/discharge-summary.json --terminology $(DEMO)/store.sqlite
	@$(BIN)/notewright convert --input fixtures/documents/discharge-summary.json --terminology $(DEMO)/store.sqlite \
	  --output $(DEMO)/bundle.ndjson --send $(DEMO)/bundles --quiet
	@echo; echo "The Bundle lies in $(DEMO)/bundle.ndjson (one line) and, indented, in:"; ls $(DEMO)/bundles/*.json

$(DEMO)/store.sqlite: $(VENV)/.runtime $(wildcard terminology/*.py terminology/data/* terminology/data/core/*.tsv)
	@mkdir -p $(DEMO)
	@$(BIN)/notewright terminology build --source core --source icd10cm --output $@ >$(DEMO)/manifest.json

test: setup-dev
	@PYTHONHASHSEED=0 $(BIN)/python -m pytest -n $(CORES) --dist loadfile $(ARGS)

lint: setup-dev
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/python -m terminology.check

fix: setup-dev
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

# Tests with other people's FHIR software: Medplum's server core and three clients (docs/interop.md). Needs npm.
interop: setup-dev
	@$(BIN)/pip install -q --disable-pip-version-check -e '.[interop]'
	@INTEROP=1 $(BIN)/python -m pytest tests/interop $(ARGS)

# Rewrites the expected results of the golden cases; review the difference like code.
golden: setup-dev
	@$(BIN)/python -m pytest tests/golden --rewrite-golden

# Rewrites the pages that are made from data.
docs: setup-dev
	@$(BIN)/python -c 'from adapter.cli.arguments import page; print(page(), end="")' > docs/cli.md
	@$(BIN)/python -c 'from adapter.cli.configuration import page; print(page(), end="")' > docs/configuration.md

# Locks the dependencies with hashes and without index addresses. Needs uv.
lock:
	uv pip compile -q pyproject.toml --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
	  --no-emit-index-url --no-emit-find-links -o requirements.lock
	uv pip compile -q pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
	  --no-emit-index-url --no-emit-find-links -c requirements.lock -o requirements-dev.lock

setup: $(VENV)/.runtime models/made
setup-dev: $(VENV)/.dev models/made

$(VENV)/.runtime: requirements.lock pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -c 'import llama_cpp' 2>/dev/null || \
	  echo "Installing. llama.cpp is compiled from source for this machine: about 5 minutes on 2 cores, once."
	@if [ -n "$(WHEEL)" ]; then $(BIN)/pip install -q --disable-pip-version-check "$(WHEEL)"; fi
	@$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/pip install -q --disable-pip-version-check --no-deps -e .
	@touch $@

# The default encoder, of the two files it ships as.
models/made: $(VENV)/.runtime $(wildcard models/*.gguf) adapter/engines.py
	@$(BIN)/notewright models make >/dev/null
	@touch $@

$(VENV)/.dev: requirements-dev.lock $(VENV)/.runtime
	@$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

clean:
	rm -rf $(VENV) out build *.egg-info
