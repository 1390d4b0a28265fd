# Bare `make` prints the targets. What a target needs it installs or builds by itself:
# Debian packages (scripts/setup.sh has the list), npm packages, and Go tools, which
# are pinned in tools/go.mod. Go and Node.js are there already, or `make` says so.

GO       ?= go
FUZZTIME ?= 5m
BENCHTIME ?= 1s

export FUZZTIME

# The Go tools, built once for each tools/go.sum and compiler.
TOOLS := bin/tools/$(shell { cat tools/go.sum; $(GO) env GOVERSION; } | cksum | cut -d ' ' -f 1)
BUF   := $(TOOLS)/buf
GOLINT := $(TOOLS)/golangci-lint

.DEFAULT_GOAL := help

.PHONY: help
help: ## print this
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: run
run: pages ## serve with defaults: players on 127.0.0.1:7777, admin on 127.0.0.1:7778
	$(GO) run ./cmd/tickroom serve

.PHONY: build
build: pages ## build the programs into bin/, with the pages if there is Node.js
	$(GO) build -o bin/ ./cmd/...

.PHONY: web
web: ## build the pages that the program shows (Node.js 20.19 or newer)
	@scripts/node.sh
	@$(MAKE) --no-print-directory $(SITE)

# The pages, where they can be built; else the program says how to.
.PHONY: pages
pages:
	@if scripts/node.sh; then \
		$(MAKE) --no-print-directory $(SITE); \
	else \
		echo "web: going on without the pages; the server works, and says at / how to build them" >&2; \
	fi

SITE     := web/dist/site/index.html
PACKAGES := web/node_modules/.package-lock.json
NPM      := npm --prefix web --loglevel=error

$(SITE): $(PACKAGES) web/tsconfig.base.json $(shell find web/demo web/sdk/src web/sdk/package.json -type f \
		-not -path '*/node_modules/*' -not -name '*.test.ts' 2>/dev/null)
	@echo "web: building the pages into web/dist/site"
	@$(NPM) run --silent build -w demo
	@touch $@

$(PACKAGES): web/package-lock.json
	@echo "web: installing the npm packages of web/package-lock.json"
	@$(NPM) ci --no-audit --no-fund
	@touch $@

# All that tests run is built with the race detector, also by the tests themselves, so that
# everything is compiled once. What needs no Go program goes on beside the compiler, and the
# tests of the libraries and pages beside those of the packages; those in browsers need both cores.
TESTS := test test-compile test-types test-go test-web test-browsers
RACE  := $(strip $(filter-out -race -vet=off,$(shell $(GO) env GOFLAGS)) -race -vet=off)
.PHONY: $(TESTS)
$(TESTS): export GOFLAGS := $(RACE)
test: setup ## install what is missing, build the pages, check types and formats, run all tests
	@unformatted=$$(gofmt -l $$(git ls-files --cached --others --exclude-standard '*.go')); \
	if [ -n "$$unformatted" ]; then \
		echo "not formatted, run gofmt -w on:" >&2; echo "$$unformatted" >&2; exit 1; \
	fi
	@$(MAKE) --no-print-directory -j2 test-types test-compile
	$(GO) build -o bin/race/ ./cmd/...
	@$(MAKE) --no-print-directory -j2 test-web test-go
	@$(MAKE) --no-print-directory test-browsers

# Most of what the programs are made of: what doesn't have the pages in it.
test-compile:
	$(GO) build ./server/... ./matchmaking/... ./bots/... ./internal/kinds

test-types: $(SITE)
	$(NPM) run typecheck --workspaces --if-present

test-go:
	$(GO) test -vet=off -timeout 20m ./...

test-web:
	TICKROOM_BIN=$(CURDIR)/bin/race/tickroom $(NPM) test -w sdk -w demo --if-present
	$(NPM) run build -w sdk --if-present

test-browsers:
	TICKROOM_BIN=$(CURDIR)/bin/race/tickroom $(NPM) test -w e2e --if-present

.PHONY: setup
setup: ## check for the Debian packages that tests and linters need, install what is missing
	@scripts/setup.sh

# The TypeScript needs protoc-gen-es, an npm package. The protocol comes first: the generator
# of games is built from it.
.PHONY: schemas
schemas: $(PACKAGES) ## generate the code of all .proto files
	$(GO) run ./proto/internal/generate proto/generate/protocol.yaml $(filter-out %/protocol.yaml,$(wildcard proto/generate/*.yaml))

.PHONY: generate
generate: schemas ## generate all that is generated: code, tables, docs/configuration.md, docs/metrics.md
	$(GO) run ./proto/internal/closecodes
	$(GO) generate ./server/config
	$(GO) test ./server/internal/metrics -run Docs -update
	$(GO) test ./netcode/client -run TestReconnectVectors -update

.PHONY: lint
lint: lint-setup $(BUF) $(GOLINT) $(PACKAGES) ## lint Go, .proto files, TypeScript and scripts (the first time minutes: it builds the linters)
	$(GOLINT) run ./...
	$(GO) run ./cmd/tickvet -every $(GAMES)
	$(BUF) lint
	$(NPM) run --silent lint
	shellcheck scripts/*.sh .ci/run

# What is played again from journals.
GAMES := ./internal/kinds/arena ./internal/kinds/walkers ./world/danmaku/... ./world/quiz/... ./internal/newgame/template/game

.PHONY: lint-setup
lint-setup:
	@scripts/setup.sh lint

$(BUF): PACKAGE := github.com/bufbuild/buf/cmd/buf
$(GOLINT): PACKAGE := github.com/golangci/golangci-lint/v2/cmd/golangci-lint

# What was built from another tools/go.sum goes.
$(BUF) $(GOLINT):
	@echo "tools: building $@, which takes minutes"
	@mkdir -p $(TOOLS)
	@find bin/tools -mindepth 1 -maxdepth 1 ! -path $(TOOLS) -exec rm -rf {} +
	@$(GO) build -modfile=tools/go.mod -o $@ $(PACKAGE)

.PHONY: breaking
breaking: $(BUF) ## say whether the .proto files break clients built from AGAINST, a git revision (default main)
	$(BUF) breaking --against '.git#ref=$(or $(AGAINST),main)'

.PHONY: bench
bench: bin/floor build ## run the micro-benchmarks, then measure the server side by side with the floor
	$(GO) test -run '^$$' -bench . -benchmem -benchtime $(BENCHTIME) ./...
	bin/tickbench $(BENCHFLAGS)

.PHONY: bench-vs
bench-vs: ## measure the server in turns with that of REV, a git revision (BENCHFLAGS)
	scripts/bench-vs.sh "$(REV)" $(BENCHFLAGS)

bin/floor: bots/floor/floor.c
	@mkdir -p bin
	$(CC) -std=c99 -O2 -Wall -Wextra -o $@ $<

.PHONY: fuzz
fuzz: ## run each fuzz target for FUZZTIME (5m), one after another
	scripts/fuzz.sh

.PHONY: soak
soak: ## play against a server for SOAK_TIME (60s) with SOAK_CLIENTS (1000), some slow, some leaving (SOAK_TLS=1: by wss)
	scripts/soak.sh

.PHONY: live
live: ## 10,000 viewers, 500 comments a second and gifts: on one server, on two of which one is killed, and with Redis killed and failed over (RUNS, CLIENTS, TIME, COMMENTS, GIFTS)
	scripts/audience.sh danmaku $(RUNS)

.PHONY: quiz
quiz: ## 10,000 contestants answer 12 questions, on one server, on two of which one is killed, and with Redis killed and failed over (RUNS, CLIENTS, QUESTIONS, ANSWER, PAUSE)
	scripts/audience.sh quiz $(RUNS)

.PHONY: kill
kill: ## kill the matcher KILLS (50) times under load, and Redis with it, and account for every ticket
	TICKROOM_KILLS=$(or $(KILLS),50) $(GO) test -race -count 1 -timeout 20m -v -run TestNoTicketIsLostOrMatchedTwice ./matchmaking/internal/queue

.PHONY: restarts
restarts: ## start a server again RESTARTS (50) times, and print how soon CLIENTS (1,500) are back in a room
	$(GO) build -o bin/ ./cmd/tickroom ./cmd/tickrestarts
	bin/tickrestarts -restarts $(or $(RESTARTS),50) -clients $(or $(CLIENTS),1$(comma)500) $(RESTARTFLAGS)

comma := ,

.PHONY: faults
faults: ## lose, repeat, delay and cut calls to Redis for DURATION (5m), and see the directory mended (SEED, HARM)
	TICKROOM_FAULTS=$(or $(DURATION),5m) TICKROOM_FAULTS_SEED=$(SEED) TICKROOM_FAULTS_HARM="$(HARM)" \
		$(GO) test -race -count 1 -timeout 0 -v -run TestTheDirectoryIsMended ./internal/faults

.PHONY: attack
attack: build ## attack a server on this machine, kind by kind, and print what each costs whom (KINDS, TARGET=plain, wss or nginx, DURATION)
	@mkdir -p out
	bin/tickattack -target $(or $(TARGET),plain) -kinds "$(KINDS)" -attack $(or $(DURATION),12s) \
		-html out/attack-$(or $(TARGET),plain).html -json out/attack-$(or $(TARGET),plain).json $(ATTACKFLAGS)

.PHONY: tools
tools: ## build the pinned tools into bin/
	$(GO) build -modfile=tools/go.mod -o bin/ tool
