# The doors to everything: `make help` lists them.

export CGO_ENABLED ?= 0
export GOFLAGS += -buildvcs=false
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS  = -s -w -X github.com/posternhq/postern/host/cli.version=$(VERSION)

# Modules of their own: the SDK and the plug-ins.
MODULES = sdk/go $(patsubst %/go.mod,%,$(wildcard plugins/*/go.mod))

.PHONY: help build run test check race lint format vet staticcheck openapi clean-tree guests postgres fuzz cross bench benchmarks scale clean

help: ## List the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{printf "  %-12s %s\n", $$1, $$2}'

build: ## Build bin/postern
	go build -trimpath -ldflags="$(LDFLAGS)" -o bin/postern ./host/cmd/postern

run: build ## Start a host with the example plug-ins and print requests to try
	@plugins/demo.sh

test: ## Run the tests: embedded database, guests that Go alone can build
	go test ./...
	@for m in $(MODULES); do (cd $$m && go test ./...) || exit 1; done

check: format vet staticcheck openapi race clean-tree ## Everything a change must pass before it lands

format: ## Fail on files that gofmt would change
	@out=$$(gofmt -l host migrations schemas sdk plugins); test -z "$$out" || { echo "gofmt: $$out"; exit 1; }

vet: ## go vet, in every module
	go vet ./...
	@for m in $(MODULES); do (cd $$m && go vet ./... && GOOS=wasip1 GOARCH=wasm go vet ./...) || exit 1; done

staticcheck: ## Static analysis, pinned in go.mod
	go tool staticcheck ./...

openapi: ## Compare the OpenAPI document and its examples with their files; UPDATE=1 rewrites them
	go test ./host/admin -run TestExamples -count=1 $(if $(UPDATE),-update)
	go test ./host/admin -run "TestOpenAPI|TestAppOpenAPI" -count=1 $(if $(UPDATE),-update)

# The race detector takes most of its time in these, and learns nothing there:
# SQLite translated from C, whose memory it does not know, and the stages of
# wazero's compiler, which share nothing with another compilation.
WAZEVO    = github.com/tetratelabs/wazero/internal/engine/wazevo
UNWATCHED = modernc.org/libc modernc.org/sqlite/lib $(WAZEVO)/ssa $(WAZEVO)/frontend $(WAZEVO)/backend/...
race: ## Run the tests with the race detector (needs a C compiler)
	CGO_ENABLED=1 go test -race $(UNWATCHED:%=-gcflags=%=-race=false) -timeout 20m ./...

clean-tree: ## Fail if the checkout has changes
	@test -z "$$(git status --porcelain)" || { git status --short; exit 1; }

# What no module may use here is enabled, too: the tests show that it is refused.
WAT_FEATURES = --enable-tail-call --enable-extended-const --enable-threads --enable-memory64 --enable-multi-memory --enable-exceptions
# Compiled and linked apart, because clang as the linker's driver would run any
# wasm-opt it finds.
CLANG ?= clang-19
WASMLD ?= wasm-ld-19
CFLAGS_GUEST = --target=wasm32 -O2 -ffreestanding -mbulk-memory -Wall -Wextra -Werror

guests: ## Rebuild the committed .wasm files from their .wat and .c (needs wabt, clang-19, lld-19); CI sees whether they differ
	@for wat in $$(git ls-files '*.wat'); do wat2wasm $(WAT_FEATURES) $$wat -o $${wat%.wat}.wasm || exit 1; done
	@for c in $$(git ls-files '*.c'); do o=$$(mktemp) && $(CLANG) $(CFLAGS_GUEST) -c $$c -o $$o && \
	  $(WASMLD) --no-entry --strip-all $$o -o $${c%.c}.wasm && chmod 644 $${c%.c}.wasm && rm $$o || exit 1; done
	@for wasm in $$(git ls-files '*.wasm'); do \
	  test -f $${wasm%.wasm}.wat -o -f $${wasm%.wasm}.c || { echo "$$wasm has no source"; exit 1; }; done

postgres: ## Run the storage, conformance and end-to-end tests on PostgreSQL too (needs its server binaries)
	POSTERN_TEST_POSTGRES=1 go test -count=1 ./host/store/... ./host/capability/... ./host/gateway/... ./host/cli/... ./host/tck/...

FUZZTIME ?= 10s
fuzz: ## Run every fuzz target for FUZZTIME
	@.ci/fuzz $(FUZZTIME)

cross: ## Build for the other platforms
	@for t in linux/arm64 darwin/arm64 windows/amd64; do \
	  echo $$t; GOOS=$${t%/*} GOARCH=$${t#*/} go build -o /dev/null ./host/cmd/postern || exit 1; done

bench: ## Measure: requests per second beside peers, then every benchmark (workerd, QuickJS and AssemblyScript if npm is there)
	POSTERN_BENCH=1 go test ./host/cli -run TestPeers -count=1 -v
	@POSTERN_BENCH=1 $(MAKE) --no-print-directory benchmarks

BENCHTIME ?= 1s
benchmarks: ## Run every benchmark for BENCHTIME, and print their results only
	@for dir in $$(grep -rl --include='*_test.go' '^func Benchmark' host sdk plugins | xargs -n1 dirname | sort -u); do \
	  out=$$(cd $$dir && go test . -v -run '^$$' -bench . -benchmem -benchtime $(BENCHTIME)) || { echo "$$out"; exit 1; }; \
	  echo "$$out" | grep -E '^pkg: |^Benchmark[^[:space:]]+[[:space:]]+[0-9]|SKIP|_test\.go:'; \
	done

scale: ## Measure cold starts and a host with 1,000 modules; replace 10,000 releases and look for leaks; kill servers 300 times
	POSTERN_SCALE=1 go test ./host/cli -run 'TestScale|TestKill' -count=1 -timeout 60m -v
	POSTERN_SCALE=1 go test ./host/engine -run TestLeaks_Releases -count=1 -v

clean: ## Remove what was built
	rm -rf bin plugins/*/.postern
