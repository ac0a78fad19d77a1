# Two commands do everything on a machine that has Go:
#   go run ./cmd/yiji demo     plays a market
#   make test                  proves the promises
.PHONY: test look look-shrink screenshots bench generate check build fuzz

# The race detector watches our code and every library but those that only
# compute: SQLite, which is C translated to Go, the parsers tests read pages
# with, compression, password hashing. What they do with their own memory is not
# instrumented, as with a C library. That halves the time of every test with a
# database.
QUIET = modernc.org/... golang.org/x/net/html/... golang.org/x/crypto/... github.com/santhosh-tekuri/... compress/flate
RACE = -race $(foreach p,$(QUIET),-gcflags='$(p)=-race=false -d=checkptr=0')

# The whole suite on both databases and in a real browser, with the race
# detector, the longest first. Everything is built in one way, once: on a fresh
# machine half of the time is the compiler's. An ephemeral PostgreSQL is started
# from the binaries found on this machine; without them, or without Chromium,
# that part is left out and said so. REQUIRE=all makes that a failure.
test: check
	@YIJI_TEST_REQUIRE=$(REQUIRE) go run $(RACE) ./internal/db/dbtest/withpg -- go test $(RACE) -vet=off -p 3 -timeout 25m $(LONGEST) ./...
LONGEST = ./web ./internal/look ./internal/demo ./scheduler ./cmd/... ./booths/... ./notify ./internal/bus

# Every page in Chromium.
look:
	@YIJI_TEST_REQUIRE=$(REQUIRE) go test $(RACE) -vet=off -timeout 25m ./internal/look ./internal/browser ./internal/demo/stage

# After mending a page: takes what is no longer found out of the list of known findings.
look-shrink:
	go test $(RACE) -timeout 8m ./internal/look -run TestEveryPage -ledger shrink

# Pictures of every page, written to docs/gallery.
screenshots:
	go test $(RACE) -tags gallery -timeout 10m ./internal/look -run TestGallery

# What costs seconds: formatting, vet, generated files.
check:
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { gofmt -l $$(git ls-files '*.go'); echo "run gofmt -w on these"; exit 1; }
	@go vet $(RACE) ./...

build:
	go build -trimpath -ldflags "-s -w" -o yiji ./cmd/yiji

# Pages are written in templ; the generated Go is committed.
generate:
	go generate ./web

# Figures against yardsticks measured in the same run, written to bench/RESULTS.md.
bench:
	cd bench && go run . -out RESULTS.md

# Half a minute of fuzzing for every fuzz target.
fuzz:
	@for p in $$(go list ./...); do for f in $$(go test -list '^Fuzz' $$p | grep '^Fuzz'); do \
		echo "$$p $$f"; go test $$p -run '^$$' -fuzz "^$$f$$" -fuzztime 30s -fuzzminimizetime 10x || exit 1; done; done
