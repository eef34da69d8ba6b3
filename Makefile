# Airlift. `make help` lists what can be done; every target can be repeated.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

.PHONY: help
help: ## Say what can be done
	@awk -F ':.*## ' '/^[a-z][a-z0-9-]*:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: setup
setup: ## Prepare this machine: locked environment, programs, container engine, images
	@scripts/setup

.PHONY: up
up: setup ## Bring the service up on this machine (ansible-playbook site.yml) and ask it something
	@scripts/run ansible-playbook site.yml

.PHONY: status
status: ## Show what runs
	@scripts/run ansible-playbook playbooks/status.yml

.PHONY: down
down: ## Remove everything that `make up` started, and look again
	@scripts/down

.PHONY: clean
clean: ## `down`, and the caches too: images, .venv, .airlift
	@scripts/down --caches

.PHONY: invite
invite: ## CLIENT=alice: a key of their own, and a playbook that connects their machine (ansible-playbook playbooks/invite.yml)
	@scripts/run ansible-playbook playbooks/invite.yml -e airlift_client=$(or $(CLIENT),$(error Say whom: make invite CLIENT=alice))

.PHONY: test
test: setup ## All tests; STAGE="unit lint" runs some stages, CHANGED=1 what a change can have broken
	@scripts/test $(if $(CHANGED),--changed,$(STAGE))

.PHONY: lint
lint: ## ruff, mypy, import-linter, ansible-lint, yamllint, shellcheck, ansible-doc
	@scripts/test lint

.PHONY: unit
unit: ## What needs no container and no network
	@scripts/test unit

.PHONY: integration
integration: setup ## Tests against the embedded AWS
	@scripts/test integration

.PHONY: molecule
molecule: ## Each role in a container of its own
	@scripts/test molecule

.PHONY: e2e
e2e: setup ## The whole way: up, use it, break it, down
	@scripts/test e2e

.PHONY: prices
prices: ## Write AWS's prices of today into cost/prices.json (pricing:GetProducts); REGIONS="eu-west-3" adds regions
	@PYTHONPATH=.ansible/collections scripts/run python -m ansible_collections.airlift.stack.plugins.module_utils.execution.price_refresh $(REGIONS)

.PHONY: bench
bench: ## Measure provisioning beside the stock modules, in one run
	@scripts/run python -m tests.bench

.PHONY: operator-policy
operator-policy: ## Write docs/operator-policy.json from what a stack's life asks of IAM on the embedded AWS
	@scripts/run env PYTHONPATH=.ansible/collections python -m tests.operator

.PHONY: torture
torture: ## Kill provisioning and removal at every call, start two runs at once: half an hour (docs/testing.md)
	@scripts/run python -m pytest -q -n 2 --dist worksteal tests/torture

.PHONY: clients
clients: ## Put the command-line tools of docs/clients.md through their scenarios, and write its table
	@scripts/clients $(if $(ONLY),--only $(ONLY)) $(if $(SCENARIOS),--scenarios $(SCENARIOS))

.PHONY: lock
lock: ## Raise requirements.lock to what pyproject.toml allows
	@scripts/run uv pip compile --quiet --upgrade --universal --python-version 3.12 --generate-hashes --no-emit-index-url \
	  --no-header pyproject.toml --group dev --output-file requirements.lock
