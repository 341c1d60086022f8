# Limitwise. Every target sets up what it needs: the virtual environment in the user's cache,
# and, as root, the Debian packages and the lab's kernel and images.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.PHONY: help venv venv-path lint docs crds manifests lab packages test unit e2e
.PHONY: demo demo-cluster bench soak clean-cache

VENVS := python3 tests/project/venvs.py
VENV = $(shell $(VENVS) path dev)
PY = PATH="$(VENV)/bin:$$PATH" PYTHONPATH=collections:cli:operator:tests:. "$(VENV)/bin/python"
# Where Go's own archive unpacks to is not on everybody's PATH.
export PATH := $(PATH):/usr/local/go/bin
GO = $(shell command -v go)
CACHE = $(or $(LIMITWISE_CACHE),$(or $(XDG_CACHE_HOME),$(HOME)/.cache)/limitwise)

help: ## what can be made
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

venv: ## the development environment, made once per set of requirements
	@$(VENVS) make dev >/dev/null

venv-path: ## where that environment is
	@$(VENVS) path dev

lint: venv ## style, types, ansible-lint, changelog and documentation
	@$(PY) -m pytest -q tests/project/test_style.py tests/project/test_collection.py

docs: venv ## the pages that are made from tables and schemas
	@$(PY) -m project.rules_page >docs/rules.md
	@$(PY) -m project.kinds_page >docs/reference/kinds.md
	@$(PY) -m project.metrics_page >docs/reference/metrics.md

crds: venv ## the custom resource definitions, made from the engine's catalogue
	@$(PY) -m limitwise_operator.kinds.crds operator/crds operator/chart/limitwise/crds

manifests: crds ## plain manifests and the page of values, made from the Helm chart
	@mkdir -p operator/manifests
	@$(PY) -m project.chart manifests >operator/manifests/limitwise.yaml.new
	@mv operator/manifests/limitwise.yaml.new operator/manifests/limitwise.yaml
	@$(PY) -m project.chart readme >operator/chart/limitwise/README.md.new
	@mv operator/chart/limitwise/README.md.new operator/chart/limitwise/README.md

lab: packages ## the lab's kernels, images and cluster programs (Go), so that tests need not wait
	@if [ "$$(id -u)" = 0 ]; then $(PY) -m lab build; fi
	@if [ -n "$(GO)" ]; then $(PY) -m cluster binaries; else echo "no Go: no cluster programs"; fi
	@if [ -n "$(GO)" ] && [ "$$(id -u)" = 0 ]; then $(PY) -m cluster image; fi

packages: venv # the lab's Debian packages; a machine that cannot have the lab says why
	@if [ "$$(id -u)" = 0 ]; then $(PY) -m lab doctor --install; fi

test: lab ## every test, in one pytest run; without root all but those on real kernels
	@$(PY) -m pytest -n 2 --dist loadfile --no-loadscope-reorder $(PYTEST_ARGS)

unit: venv ## the tests that need no lab and no other Python
	@$(PY) -m pytest -q -n 2 --ignore tests/e2e --ignore tests/project

e2e: lab ## the tests on real kernels
	@$(PY) -m pytest tests/e2e

demo: packages ## three broken hosts with their own kernels, tuned over ssh and rolled back
	@$(PY) -m demo

demo-cluster: lab ## a control plane and three real nodes, tuned by operator and agents
	@$(PY) -m demo.cluster

bench: packages ## every benchmark, one JSON line per figure
	@$(PY) -m benchmarks

soak: lab ## long tests: random kills, fuzzing
	@LIMITWISE_SOAK=1 $(PY) -m pytest tests/soak

clean-cache: ## remove environments, kernels and images
	rm -rf -- "$(CACHE)/venvs" "$(CACHE)/ansible-test" "$(CACHE)/lab"
