# Every command of Textmill. `make` alone lists them; CI calls nothing else.
# Needs make and a Python 3.11 to 3.14; the rest is installed into .venv from the locks. A recipe over five lines is a script.

PYTHON ?=
VENV := .venv
PY := $(VENV)/bin/python
PREPARE := $(or $(PYTHON),python3) scripts/prepare.py
COMPILE := $(PY) -m uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --only-binary :all: \
	--no-emit-index-url --no-config --custom-compile-command "make lock"
TESTS ?= tests
NEEDY := --ignore=tests/system --ignore=tests/e2e --ignore=tests/plane --ignore=tests/compose
WORKERS ?= 2
STATE := .textmill

export PYTHON
export PYTHONPATH := $(CURDIR):$(CURDIR)/operator:$(CURDIR)/cli

.DEFAULT_GOAL := help
.PHONY: help demo run count kubectl sweep setup dev engine test test-one test-system test-contract test-cluster \
	test-plane test-engine test-long coverage \
	bench bench-http bench-engine bench-cluster lint format types image contracts generate verify lock clean distclean \
	compose-test bench-image e2e cluster-up cluster-down cluster-shell

##@ Use it
demo: $(VENV)/laptop.stamp ## Count a real text on a stack of its own, print the result, stop (FILE= for another text)
	@$(PY) -m local demo $${FILE:+--file "$$FILE"}

run: $(VENV)/laptop.stamp ## Serve at 127.0.0.1:5000 until Ctrl-C, state in .textmill (PORT= and STATE= for others)
	@$(PY) -m local run --state "$(STATE)" $(if $(PORT),--port $(PORT))

count: $(VENV)/laptop.stamp ## Count a text here, with no stack, and print its words (FILE=; ARGS="--top 50 --csv")
	@$(PY) -m worker count $(ARGS) $${FILE:+-- "$$FILE"}

kubectl: $(VENV)/laptop.stamp ## Run kubectl against what `make run` serves (ARGS="get preq", STATE= as there)
	@$(PY) -m local.stack.lock "$(STATE)"
	@$(VENV)/bin/kubectl --kubeconfig "$(STATE)/kubeconfig" $(or $(ARGS),get preq)

sweep: $(VENV)/laptop.stamp ## Remove from the volume of `make run` what no request refers to (ARGS=--dry-run only tells)
	@$(PY) -m local.stack.lock "$(STATE)"
	@KUBECONFIG="$(STATE)/kubeconfig" TEXTMILL_VOLUME="$(STATE)/volume" $(PY) -m app sweep $(ARGS)

##@ Set up
setup: $(VENV)/laptop.stamp ## Install what demo and run need into .venv

dev: $(VENV)/dev.stamp ## Install what test, lint and lock need into .venv

engine: $(VENV)/laptop.stamp ## Build the compiled engine into .venv, where cargo is there; without it counting is slower
	@$(PY) -m scripts.build_engine

##@ Test
test: lint ## Lint, then every test that needs PyPI alone
	@$(PY) -m pytest tests $(NEEDY) -n $(WORKERS) --dist loadfile

test-one: $(VENV)/dev.stamp ## Run some tests in one process (TESTS=tests/planner ARGS="-k shard")
	@$(PY) -m pytest $(TESTS) $(ARGS)

test-system: $(VENV)/generate.stamp ## The tests that need Debian's packages or helm; installs, builds, or says what is missing
	@$(PY) -m scripts.system_packages
	@$(PY) -m cluster build helm
	@npm ci --prefix tests/system --ignore-scripts --no-audit --no-fund --silent
	@$(PY) -m pytest tests/system

test-contract: $(VENV)/dev.stamp ## The contract suite against a real etcd and API server on loopback; no root, but Go
	@$(PY) -m cluster control-plane --controllers -- $(PY) -m pytest tests/contract $(ARGS)

test-cluster: $(VENV)/dev.stamp ## The end-to-end tests that every change has to pass, on a real Kubernetes, as root
	@$(PY) -m scripts.e2e tests/e2e/test_smoke.py

test-plane: $(VENV)/dev.stamp ## Textmill on a real control plane with the laptop's own kubelet as its node; no root, but Go
	@$(PY) -m pytest tests/plane $(ARGS)

test-engine: $(VENV)/dev.stamp ## The engine's own checks, sanitizer and fuzzing; needs Rust, and says what is missing
	@$(PY) -m scripts.build_engine
	@$(PY) -m scripts.test_engine

test-long: $(VENV)/dev.stamp ## The property tests with many more examples
	@HYPOTHESIS_PROFILE=long $(PY) -m pytest $(TESTS) $(NEEDY) -n $(WORKERS) --dist worksteal -o faulthandler_timeout=7200

coverage: $(VENV)/dev.stamp ## The tests once more, with the lines and branches that no test reaches
	@$(PY) -m coverage erase
	@$(PY) -m coverage run -m pytest tests $(NEEDY) -q -n $(WORKERS) --dist loadfile
	@$(PY) -m coverage combine --quiet
	@$(PY) -m coverage report

bench: $(VENV)/dev.stamp ## Measure what the design promises, as a table beside its thresholds
	@$(PY) -m tests.bench $(ARGS)

bench-http: $(VENV)/dev.stamp ## Measure the HTTP interface alone: 200 clients, 1 GiB in pieces, 500 streams, big tables, slow clients, the page
	@$(PY) -m tests.bench http tus streams tables page slow_clients $(ARGS)

bench-engine: $(VENV)/dev.stamp ## Measure the engine beside its rivals; downloads texts and rivals, takes half an hour
	@$(PY) -m tests.bench.engine $(ARGS)

bench-cluster: $(VENV)/dev.stamp ## Measure on a real Kubernetes, half an hour (ARGS=node as root, ARGS=scale without)
	@$(PY) -m $(if $(filter-out scale,$(or $(ARGS),node)),scripts.e2e --module )tests.bench.cluster $(ARGS)

##@ Package
image: $(VENV)/dev.stamp ## Build the container image with docker or buildah (ARGS="--tag NAME --archive FILE")
	@$(PY) -m scripts.image $(ARGS)

compose-test: $(VENV)/dev.stamp ## Run compose.yaml by podman, as root, from an upload over TLS to its result; builds both images
	@$(PY) -m scripts.system_packages compose-packages
	@$(PY) -m scripts.compose $(ARGS)

bench-image: $(VENV)/dev.stamp ## Measure how big the image is and how soon it answers, by podman or docker
	@$(PY) -m scripts.image_start $(ARGS)

e2e: $(VENV)/dev.stamp ## Prove it on a real Kubernetes, built and started here, as root (TESTS=tests/e2e/test_smoke.py KEEP=1)
	@$(PY) -m scripts.e2e $(if $(KEEP),--keep) $(if $(filter-out tests,$(TESTS)),$(TESTS),tests/e2e) $(ARGS)

##@ A real cluster
cluster-up: $(VENV)/dev.stamp ## Build and start a real Kubernetes node on this machine, as root; safe to run twice
	@$(PY) -m scripts.system_packages cluster-packages
	@$(PY) -m cluster up

cluster-down: $(VENV)/dev.stamp ## Stop it and leave nothing behind but the built programs
	@$(PY) -m cluster down

cluster-shell: $(VENV)/dev.stamp ## A shell where kubectl and helm reach it
	@$(PY) -m cluster exec -- $${SHELL:-/bin/sh}

##@ Check
lint: $(VENV)/dev.stamp ## Every check that runs no test: style, types, imports, sizes, purity, links
	@$(PY) -m checks

format: $(VENV)/dev.stamp ## Lay the code out and mend what ruff can mend
	@$(PY) -m ruff check --fix --quiet . && $(PY) -m ruff format .

types: $(VENV)/dev.stamp ## mypy alone
	@$(PY) -m mypy

contracts: $(VENV)/dev.stamp ## The import contracts alone
	@$(VENV)/bin/lint-imports

##@ Generate
generate: $(VENV)/generate.stamp ## Write every generated file again
	@$(PY) -m scripts.generate

verify: $(VENV)/generate.stamp ## Fail where a generated file is not what its generator writes
	@$(PY) -m scripts.generate --verify

lock: $(VENV)/dev.stamp ## Lock the requirements again, keeping the versions that still fit (ARGS=--upgrade for new ones)
	@$(COMPILE) $(ARGS) requirements.in -o requirements.txt
	@$(COMPILE) $(ARGS) -c requirements.txt requirements-documents.in -o requirements-documents.txt
	@$(COMPILE) $(ARGS) -c requirements-documents.txt requirements-laptop.in -o requirements-laptop.txt
	@$(COMPILE) $(ARGS) -c requirements-laptop.txt requirements-dev.in -o requirements-dev.txt
	@$(COMPILE) $(ARGS) -c requirements-dev.txt requirements-generate.in -o requirements-generate.txt && $(COMPILE) $(ARGS) -c requirements-dev.txt requirements-engine.in -o requirements-engine.txt && $(COMPILE) $(ARGS) -c requirements-dev.txt -c requirements-engine.txt requirements-image.in -o requirements-image.txt && $(PY) -m scripts.download_sizes

##@ Clean
clean: ## Remove caches and reports, keep .venv and .textmill
	@rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache htmlcov .coverage .coverage.*
	@find . -name __pycache__ -type d -not -path './$(VENV)/*' -prune -exec rm -rf {} +

distclean: clean ## Remove .venv and what pip built too; .textmill holds people's data and stays
	@rm -rf $(VENV) build textmill.egg-info

help: ## Show this list
	@awk 'BEGIN { FS = ":.*## " } /^##@/ { printf "\n%s\n", substr($$0, 5) } \
		/^[a-z0-9-]+:.*## / { printf "  %-13s %s\n", $$1, $$2 }' Makefile

$(VENV)/laptop.stamp: requirements-laptop.txt $(if $(PYTHON),FORCE)
	@$(PREPARE) requirements-laptop.txt $@

$(VENV)/dev.stamp: requirements-dev.txt $(if $(PYTHON),FORCE)
	@$(PREPARE) requirements-dev.txt $@ $(VENV)/laptop.stamp

$(VENV)/generate.stamp: requirements-generate.txt $(VENV)/dev.stamp
	@$(PREPARE) requirements-generate.txt $@

# A PYTHON that is asked for is looked at each time, so that an environment with another one is told
FORCE:
