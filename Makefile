# The front door. Every target is one command; `make help` lists them all.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

BUILD_DIR ?= build
JOBS ?= $(shell nproc)
# What the demo and the tests install: optimised and hardened, as shipped.
PRESET ?= release
PROGRAMS := registry-tenancy-webhook registry-tenancy-operator kubectl-tenancy

.PHONY: help
help: ## List the targets
	@awk 'BEGIN {FS = ":.*## "} /^[a-z0-9_-]+:.*## / {printf "  %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: setup
setup: ## Install the Debian packages the project needs (does nothing where all are there)
	@hack/setup

.PHONY: build
build: setup ## Build the programs into build/bin
	@hack/build $(PRESET) $(PROGRAMS)

.PHONY: sims
sims: setup ## Build the cloud simulators into build/bin
	@hack/build $(PRESET) sims

.PHONY: image
image: build ## Build the OCI image into build/image, without a Docker daemon
	@hack/image

.PHONY: demo
demo: build sims ## Show the main job end to end on a real local Kubernetes, and leave it up
	@hack/demo

.PHONY: demo-down
demo-down: cluster-down ## End the demo

.PHONY: cluster-up
cluster-up: sims ## Start Kubernetes, registry and simulators (kubeconfig: build/cluster/kubeconfig)
	@e2e/cluster/up

.PHONY: cluster-down
cluster-down: ## Stop the local cluster and clean up
	@e2e/cluster/down

.PHONY: cluster-status
cluster-status: ## Show what of the local cluster runs
	@e2e/cluster/status

.PHONY: deploy
deploy: build ## Install the product into $KUBECONFIG (default: the local cluster)
	@hack/deploy

.PHONY: test
test: setup ## Run all tests: unit, integration, end to end; one closing summary
	@hack/test

.PHONY: soak
soak: setup ## 1,000 namespaces and one fault after the other for SOAK_MINUTES (20), on the local cluster
	@hack/build $(PRESET) soak
	@$(BUILD_DIR)/bin/registry-tenancy-soak

.PHONY: unit
unit: setup ## Build and run the unit tests
	@hack/build dev unit_tests
	@ctest --test-dir $(BUILD_DIR)/dev -L unit -j$(JOBS) --output-on-failure

.PHONY: second-opinions
second-opinions: setup ## The clouds' own SDKs against our simulators, our AWS client against moto, HCL parsers
	@hack/second-opinions

.PHONY: asan
asan: setup ## Unit tests (and integration tests, if the cluster is up) under address and UB sanitizers
	@hack/sanitize asan

.PHONY: tsan
tsan: setup ## The same under the thread sanitizer
	@hack/sanitize tsan

.PHONY: fuzz
fuzz: setup ## Fuzz every parser of what others write, FUZZ_SECONDS (600) each
	@hack/fuzz

.PHONY: fuzz-smoke
fuzz-smoke: setup ## The same, ten seconds each
	@FUZZ_SECONDS=10 hack/fuzz

.PHONY: format
format: setup ## Format all C++ sources
	@git ls-files '*.cpp' '*.hpp' | xargs clang-format-19 -i

.PHONY: check-format
check-format: setup ## Fail where a C++ source is not formatted
	@git ls-files '*.cpp' '*.hpp' | xargs clang-format-19 --dry-run -Werror

.PHONY: lint
lint: setup ## clang-tidy over our sources
	@hack/lint

.PHONY: bench
bench: setup ## CPU per admission request beside a bare TLS server
	@hack/bench/run

.PHONY: bench-instructions
bench-instructions: setup ## Instructions per admission request by callgrind (needs valgrind)
	@hack/bench/instructions

.PHONY: clean
clean: ## Remove what was built (a running cluster stays: `make cluster-down` first)
	@rm -rf $(BUILD_DIR)/dev $(BUILD_DIR)/release $(BUILD_DIR)/asan $(BUILD_DIR)/tsan $(BUILD_DIR)/fuzz $(BUILD_DIR)/bin
