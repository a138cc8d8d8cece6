# One command each. `make demo` and `make test` need Rust, Python 3.10+ (with venv) and make; nothing else, no account. `make test` needs
# openssl and the browser Chromium as well, and gets the browser by apt where it is missing.
#
#   make demo    everything a newcomer needs, then one person's export and erasure; stops what it started
#   make up      leaves the local engine running with everything deployed; writes target/local/env.sh
#   make down    stops it
#   make test    everything that CI runs
#   make lint    the part of it that runs nothing
#   make fuzz    masks anything at all for ten minutes; FUZZ_SECONDS for another time
#   make bench   measures us beside other tools, and writes docs/benchmarks; ROW for one table only
#   make snap    writes the golden files anew, for review
#   make deploy  builds for an AWS account and deploys there: ARCH=arm64 or x86_64, and CATALOG_VERSION to change the catalog in force
#
# ENGINE=external uses what answers at AWS_ENDPOINT_URL. LACUNA_ENGINE_PORT and LACUNA_RECEIVER_PORT move the local ports.

PYTHON ?= python3
ARCH ?=
CATALOG_VERSION ?=
PARAMETERS ?=
ENGINE ?= local
ROW ?=
FUZZ_SECONDS ?= 600
export ENGINE

VENV := .venv/bin
LINT := .venv/lint/bin
BUILD := .venv/build/bin
BENCH := bench/.venv

# The tests' engine is a second one, in a folder and on ports of its own: a developer's may be up meanwhile. Packages are there for less
# long: a test waits until they are not.
BESIDE := ENGINE=local LACUNA_LOCAL=target/test LACUNA_ENGINE_PORT=4567 LACUNA_RECEIVER_PORT=4581 LACUNA_OPEN_FOR=PT45S

.PHONY: demo up down test bench fuzz lint deploy build venv snap format clippy licences templates scripts chromium cargo-test engine-test

demo: build
	$(VENV)/python localstack/demo.py

up: build
	$(VENV)/python localstack/up.py up

down: .venv/.stamp
	$(VENV)/python localstack/up.py down

build: .venv/.stamp
	cargo build --locked --workspace --bins
	$(VENV)/python localstack/package.py

test: lint cargo-test engine-test

lint: format clippy licences templates scripts

format:
	cargo fmt --all --check

clippy:
	cargo clippy --locked --workspace --all-targets -- -D warnings

licences: .venv/.stamp
	$(VENV)/python .ci/licences.py

templates: .venv/lint/.stamp
	$(LINT)/cfn-lint
	SAM_CLI_TELEMETRY=0 AWS_DEFAULT_REGION=us-east-1 $(LINT)/sam validate --lint

scripts: .venv/.stamp
	$(VENV)/python -m compileall -q localstack .ci bench/peers tests/it
	$(VENV)/python -m unittest discover -s localstack/tests

# One of the tests runs the Python reader of docs/vault-format.md, and one runs the page that verifies proofs in a browser.
cargo-test: .venv/.stamp chromium
	cargo test --locked --workspace

chromium: SUDO = $(if $(filter-out 0,$(shell id -u)),sudo)
chromium:
	@command -v chromium > /dev/null \
	  || { command -v apt-get > /dev/null && $(SUDO) apt-get update -q && $(SUDO) apt-get install -y --no-install-recommends chromium; } \
	  || { echo "a test runs a page in the browser chromium: install it so that the command \`chromium\` starts it" >&2; exit 1; }

# The tests that need the engine are ignored by the line above, and are all that these run: the
# journeys, then the adapters and the connectors against the real protocols.
engine-test: build
	$(BESIDE) $(VENV)/python localstack/up.py with cargo test --locked -p acceptance --test it engine:: -- --ignored --test-threads=1
	$(BESIDE) $(VENV)/python localstack/up.py with cargo test --locked -p aws -p connectors -- --ignored --test-threads=2

# On a quiet machine, and with Python 3.11 or newer. Takes 20 minutes, 4 GB of memory and 17 GB of disk; the first time ten minutes more,
# for the four hundred crates of bench/peers/scanners.
bench: $(BENCH)/.stamp
	cargo bench --locked -p bench --bench rows -- $(ROW)

# Lines of the corpus, cut, joined and damaged: what holds for every text, from another seed each time.
fuzz:
	FUZZ_SECONDS=$(FUZZ_SECONDS) FUZZ_SEED=$${FUZZ_SEED:-$$(date +%s)} cargo test --locked -p masking --test it fuzz -- --nocapture

# Writes the golden files anew, to be looked at before they are committed.
snap: .venv/.stamp
	LACUNA_SNAP=1 cargo test --locked -p acceptance --test it
	LACUNA_GOLDEN=write cargo test --locked -p cli
	git status --short

# Needs an AWS account. `sam deploy` shows what it would change, and asks. What is not passed to it keeps the value that the stack
# has. The architecture is always passed, since it must be what is built here, and so it is never guessed.
deploy: .venv/lint/.stamp .venv/build/.stamp
	$(if $(filter arm64 x86_64,$(ARCH)),,$(error say which architecture to build and deploy: make deploy ARCH=arm64, or ARCH=x86_64))
	PATH="$(CURDIR)/$(BUILD):$$PATH" cargo lambda build --locked --release --workspace --bins $(if $(filter arm64,$(ARCH)),--arm64,--x86-64)
	$(LINT)/sam deploy --parameter-overrides Architecture=$(ARCH) $(if $(CATALOG_VERSION),CatalogVersion=$(CATALOG_VERSION)) $(PARAMETERS)

venv: .venv/.stamp

.venv/.stamp: localstack/requirements.txt
	$(PYTHON) -m venv .venv
	$(VENV)/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r $<
	touch $@

.venv/lint/.stamp: localstack/requirements-dev.txt
	$(PYTHON) -m venv .venv/lint
	$(LINT)/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r $<
	touch $@

.venv/build/.stamp: localstack/requirements-deploy.txt
	$(PYTHON) -m venv .venv/build
	$(BUILD)/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r $<
	touch $@

$(BENCH)/.stamp: bench/requirements.txt
	$(PYTHON) -m venv $(BENCH)
	$(BENCH)/bin/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r $<
	touch $@
