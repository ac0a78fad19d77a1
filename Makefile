# Two commands do everything on a machine that has Go:
#   go run ./cmd/yiji demo     plays a market
#   make test                  proves the promises
.PHONY: test look look-pages look-phones look-shrink screenshots bench generate check build fuzz

# The race detector watches our code and every library but those that only
# compute: SQLite, which is C translated to Go, the parsers tests read pages
# with, compression, password hashing. What they do with their own memory is not
# instrumented, as with a C library. That halves the time of every test with a
# database.
QUIET = modernc.org/... golang.org/x/net/html/... golang.org/x/crypto/... github.com/santhosh-tekuri/... compress/flate
RACE = -race $(foreach p,$(QUIET),-gcflags='$(p)=-race=false -d=checkptr=0')

# A compiler makes garbage and ends soon: web is compiled in 42 instead of 53
# seconds of processor time when it is collected less often.
test look: export GOGC = 400

# First what is long and built soon, so that web, which is built for a minute,
# holds nobody up: go test begins its packages in this order.
FIRST = ./scheduler ./booths ./web ./internal/demo ./cmd/... ./booths/queue ./notify ./internal/bus

# The whole suite on both databases with the race detector. An ephemeral
# PostgreSQL is started from the binaries found on this machine; without them
# the PostgreSQL half is left out and said so. REQUIRE=all makes that a failure.
test: check
	@YIJI_TEST_REQUIRE=$(REQUIRE) go run ./internal/db/dbtest/withpg -- go test $(RACE) -vet=off -p 3 -timeout 25m $(FIRST) ./...
	@$(MAKE) --no-print-directory look

# Every page in a real browser (Chromium; without one it is said so). Not under
# the race detector: the server is raced above, its pages only open slower.
look:
	@$(MAKE) --no-print-directory -j2 look-pages look-phones
look-pages:
	@YIJI_TEST_REQUIRE=$(REQUIRE) go run ./internal/db/dbtest/withpg -- go test -vet=off -timeout 25m ./internal/look ./internal/browser ./internal/demo/stage
look-phones:
	@YIJI_TEST_REQUIRE=$(REQUIRE) go run ./internal/db/dbtest/withpg -- go test -vet=off -timeout 25m -run '^TestPhone' ./web

# After mending a page: takes what is no longer found out of the list of known findings.
look-shrink:
	go test -timeout 8m ./internal/look -run TestEveryPage -ledger shrink

# Pictures of every page, written to docs/gallery.
screenshots:
	go test -tags gallery -timeout 10m ./internal/look -run TestGallery

# What costs seconds: formatting, vet, generated files.
check:
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { gofmt -l $$(git ls-files '*.go'); echo "run gofmt -w on these"; exit 1; }
	@go vet ./...

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
