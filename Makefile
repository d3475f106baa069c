# Two commands matter: `make run` and `make test`. Both install what they need first; neither asks anything.
#   make run ARGS="--port 9000 --data-dir /tmp/other"

.DEFAULT_GOAL := help
.PHONY: help install page run test nightly check check-types check-unit check-local check-page fmt bench bench-scale rolling chaos chaos-long clean

UV_VERSION := 0.13.9
UV := $(or $(shell command -v uv 2>/dev/null),.uv/bin/uv)
BIN := .venv/bin
PAGE := agent/page/index.html
PAGE_SOURCES := $(shell find web -path web/node_modules -prune -o -type f -print)
NODE := $(shell node -e 'const [a, b] = process.versions.node.split("."); if (!(a == 20 ? b >= 19 : a == 22 ? b >= 12 : a > 22)) process.exit(1); console.log("yes")' 2>/dev/null)
NEEDS_NPM = command -v npm >/dev/null && [ "$(NODE)" ] || { echo "The page, and the wire tests with the real JavaScript clients, need" \
  "Node.js 20.19 or newer of 20, or 22.12 or newer, with npm (https://nodejs.org). Install it and repeat the command."; exit 1; }
PIP_QUIETLY := --quiet --disable-pip-version-check

help: ## Show this help
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: .venv/.installed $(if $(NODE),try-page) ## Make .venv with everything locked, and .venv/bin/task-agent; the page, where Node.js is

page: $(PAGE) ## Build the page, which the service serves at / (Node.js 20.19 or 22.12)

run: install ## Start everything on this machine and print where (ARGS="--port 9000")
	@exec $(BIN)/task-agent up --follow-parent $(ARGS)

test: install page tests/wire/node_modules/.installed ## Everything that belongs in CI, on the real Dapr runtime
	@tests/install-redis.sh
	@tests/install-chromium.sh
	@$(BIN)/task-agent dapr install
	@$(BIN)/ruff check --quiet .
	@$(MAKE) --no-print-directory check-page
	@$(BIN)/pytest $(wildcard tests/unit tests/contract tests/architecture tests/model tests/integration tests/wire tests/e2e tests/chaos) $(ARGS)

nightly: .venv/.installed tests/wire/node_modules/.installed ## The random tests with new cases, ten times as many
	@$(BIN)/pytest -q $(shell grep -rl '^from hypothesis' --include='test_*.py' --exclude-dir=node_modules tests) --hypothesis-profile=nightly $(ARGS)

check: .venv/.installed ## Format, lint, types, imports and unit tests, in about two minutes on two cores
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(MAKE) --no-print-directory --output-sync=target -j3 check-types check-unit check-local check-page

check-types:
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/pyright

check-unit:
	@$(BIN)/pytest -q $(wildcard tests/unit tests/architecture) --ignore=tests/unit/local

check-local: # apart from the others because it mostly waits, for processes it starts and stops
	@$(BIN)/pytest -q tests/unit/local

check-page: # where Node.js has not been, there is nothing to check it with
	@[ ! -d web/node_modules ] || (cd web && npm run --silent types && npm run --silent test)

fmt: .venv/.installed ## Format the code and fix what the linter can fix
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

bench: install ## Measure this service beside the bare parts it is made of (JSON)
	@$(BIN)/task-agent dapr install 1>&2
	@exec $(BIN)/python -m tests.bench $(ARGS)

bench-scale: install ## Measure replicas, followers, many connections and restarts (JSON; ARGS="--only crowd idle")
	@tests/install-redis.sh
	@$(BIN)/task-agent dapr install 1>&2
	@exec $(BIN)/python -m tests.bench.scale $(ARGS)

rolling: install ## Restart three replicas one after the other, ten times, under load, and tell what broke (JSON)
	@tests/install-redis.sh
	@$(BIN)/task-agent dapr install 1>&2
	@exec $(BIN)/python -m tests.chaos.rolling $(ARGS)

chaos: install ## Kill everything in turn, three replicas, 25 faults, and tell what broke (JSON; SEED=n repeats the plan)
	@tests/install-redis.sh
	@$(BIN)/task-agent dapr install 1>&2
	@exec $(BIN)/python -m tests.chaos --unwatched 12 --breath 3 $(ARGS)

chaos-long: install ## The same with 1,000 faults: an hour and a quarter on two cores; Ctrl-C ends it early and judges
	@tests/install-redis.sh
	@$(BIN)/task-agent dapr install 1>&2
	@exec $(BIN)/python -m tests.chaos --faults 1000 --breath 30 --haste 8 $(ARGS)

clean: ## Remove what was installed and what tools left behind; the data folder stays
	rm -rf .venv .uv .pytest_cache .ruff_cache .import_linter_cache .hypothesis dist tests/wire/node_modules web/node_modules agent/page build-artifacts

# Tried again when the lock file is newer than the last success.
.venv/.installed: pyproject.toml uv.lock $(filter .uv/bin/uv,$(UV))
	@$(UV) sync --locked --quiet --compile-bytecode # or every start compiles, where Python may not write
	@touch $@

# The clients that the wire tests drive. Some packages of the AI SDK name Node 22 as their engine, and work on 20.
tests/wire/node_modules/.installed: tests/wire/package-lock.json
	@$(NEEDS_NPM)
	@echo "Installing the JavaScript clients that the wire tests drive ..."
	@cd tests/wire && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

$(PAGE): web/node_modules/.package-lock.json $(PAGE_SOURCES)
	@echo "Building the page ..."
	@cd web && npm run --silent build
	@touch $@

web/node_modules/.package-lock.json: web/package.json web/package-lock.json
	@$(NEEDS_NPM)
	@echo "Fetching what the page is built of into web/node_modules (once, about half a minute) ..."
	@cd web && npm ci --no-audit --no-fund --loglevel=error --fetch-retries=1
	@touch $@

# The service runs without its page, so a registry that does not answer stops nothing.
.PHONY: try-page
try-page:
	@$(MAKE) --no-print-directory page || echo "The page could not be built: everything else works. \`make page\` tries again."

# No uv on this machine: a private one. Debian's python3 may have pip but no venv, or the other way round.
.uv/bin/uv:
	@echo "Fetching uv $(UV_VERSION) into .uv ..."
	@{ python3 -m venv .uv && .uv/bin/pip install $(PIP_QUIETLY) uv==$(UV_VERSION); } >/dev/null 2>&1 \
	|| { rm -rf .uv && python3 -m pip install $(PIP_QUIETLY) --target .uv uv==$(UV_VERSION); } \
	|| { rm -rf .uv; echo "Python here can install nothing. Install uv (https://docs.astral.sh/uv) and repeat the command."; exit 1; }
