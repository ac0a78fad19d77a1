package event_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"yiji/internal/event"
)

var write = flag.Bool("write", false, "write the golden files anew")

var (
	day = event.Day{DayID: "day1", MarketID: "market1", CommunityID: "community1", Date: "2026-11-19"}
	at  = time.Date(2026, 11, 19, 1, 0, 0, 0, time.UTC)
	all = []event.Event{
		event.MarketDayPlanned{Day: day, Community: "向阳社区", Market: "幸福长“9”", Venue: "门口", TimeZone: "Asia/Shanghai", Locale: "zh-Hans", HeldOn: "2026-11-19", OpensAt: at, ClosesAt: at.Add(time.Hour)},
		event.MarketChanged{Day: day, Community: "向阳社区", Market: "幸福长“9”", Venue: "室内", TimeZone: "Asia/Shanghai", Locale: "zh-Hans"},
		event.MarketDayMoved{Day: day, HeldOn: "2026-11-20", OpensAt: at, ClosesAt: at, Reason: "雨"},
		event.MarketDayClaimingOpened{Day: day, EffectiveAt: at, StandingUntil: at, ConfirmAt: at},
		event.MarketDayConfirmed{Day: day, EffectiveAt: at},
		event.MarketDayOpened{Day: day, EffectiveAt: at, ClosesAt: at, LateSeconds: 3},
		event.MarketDayClosed{Day: day, EffectiveAt: at, ServeUntil: at, LateSeconds: 3},
		event.MarketDayUndone{Day: day, From: "closed", To: "open", OpensAt: at, ClosesAt: at.Add(time.Hour), At: at.Add(time.Minute)},
		event.MarketDaySettled{Day: day, ClosedAt: at, NextDay: "day2", NextDate: "2026-12-19"},
		event.MarketDayCancelled{Day: day, Reason: "雨", MovedTo: "2026-11-20"},
		event.MarketDayMissed{Day: day},
		event.ClaimMade{Day: day, ClaimID: "claim1", PartnerID: "partner1"},
		event.ClaimWithdrawn{Day: day, ClaimID: "claim1", PartnerID: "partner1"},
		event.BoothsPublished{Day: day, Places: []event.Place{place}, Waitlist: []event.Waiting{{ClaimID: "claim2", PartnerID: "partner2", Position: 1}}},
		event.BoothAssigned{Day: day, Place: place, Why: "offer"},
		event.BoothReleased{Day: day, AssignmentID: "a1", BoothID: "b1", BoothCode: "A1", PartnerID: "partner1", Why: "released"},
		event.OfferMade{Day: day, OfferID: "o1", ClaimID: "claim2", PartnerID: "partner2", BoothCode: "A1", ExpiresAt: at},
		event.OfferEnded{Day: day, OfferID: "o1", PartnerID: "partner2", How: "expired"},
		event.VisitorCheckedIn{Day: day, Via: "desk", At: at},
		event.VisitorDiscounted{Day: day, At: at},
		event.TicketIssued{Day: day, LineID: "l1", TicketID: "t1", Number: 7, Via: "phone", At: at},
		event.TicketMoved{Day: day, LineID: "l1", TicketID: "t1", Number: 7, From: "waiting", To: "called", At: at, WaitedSeconds: 60},
		event.LineChanged{Day: day, LineID: "l1", To: "paused", Why: "rest", At: at},
		event.LinesClosed{Day: day, At: at},
		event.DayCounted{Day: day, Residents: 300, Tickets: 480, CarriedOver: 5, ClosedAt: at, Lines: []event.LineFigures{{LineID: "l1", PartnerID: "partner1", Service: "测血压", Issued: 60, Served: 58, Missed: 2, WaitedSeconds: 600, Called: 60, ServedSeconds: 300}}},
	}
	place = event.Place{AssignmentID: "a1", BoothID: "b1", BoothCode: "A1", Zone: "健康义诊区", PartnerID: "partner1", ClaimID: "claim1",
		Services: []event.Service{{ID: "s1", Name: "豆浆", Kind: "stock", Minutes: 1, Stock: 200}}}
)

// A change of an event's JSON is a new version of it: the golden file of a
// released version never changes.
func TestGoldenJSON(t *testing.T) {
	for _, e := range all {
		t.Run(e.Name(), func(t *testing.T) {
			file := filepath.Join("testdata", e.Name()+".json")
			raw, err := event.Encode(e)
			if err != nil {
				t.Fatal(err)
			}
			var got bytes.Buffer
			if err := json.Indent(&got, raw, "", "  "); err != nil {
				t.Fatal(err)
			}
			got.WriteByte('\n')
			if *write {
				if err := os.WriteFile(file, got.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got.String()); diff != "" {
				t.Errorf("the wire form changed (-golden +now):\n%s", diff)
			}
			if e.Key() != "day1" {
				t.Errorf("key %q", e.Key())
			}
		})
	}
}

// Every event type of the package stands in the golden list, each under a
// versioned name of its own.
func TestEveryEventIsGolden(t *testing.T) {
	names := map[string]bool{}
	types := map[string]bool{}
	for _, e := range all {
		if names[e.Name()] || !strings.HasSuffix(e.Name(), ".v1") {
			t.Errorf("name %q is not unique or not versioned", e.Name())
		}
		names[e.Name()] = true
		types[reflect.TypeOf(e).Name()] = true
	}
	sources, _ := filepath.Glob("*.go")
	for _, file := range sources {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range strings.Split(string(raw), "\n") {
			if rest, ok := strings.CutPrefix(line, "func ("); ok && strings.Contains(rest, ") Name() string") {
				if name, _, _ := strings.Cut(rest, ")"); !types[name] {
					t.Errorf("%s has no golden file", name)
				}
			}
		}
	}
}

func TestDecodeRefusesWhatHasNoKey(t *testing.T) {
	if _, err := event.Decode[event.MarketDayMissed]([]byte(`{"day":""}`)); err == nil {
		t.Error("an event without a day was accepted")
	}
	if e, err := event.Decode[event.MarketDayMissed]([]byte(`{"day":"d","later_field":1}`)); err != nil || e.DayID != "d" {
		t.Errorf("an unknown field: %+v, %v", e, err)
	}
}

func FuzzDecode(f *testing.F) {
	for _, e := range all {
		raw, err := event.Encode(e)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		e, err := event.Decode[event.BoothsPublished](raw)
		if err != nil {
			return
		}
		again, err := event.Encode(e)
		if err != nil {
			t.Fatalf("decoded but not encoded: %v", err)
		}
		back, err := event.Decode[event.BoothsPublished](again)
		if err != nil || !cmp.Equal(e, back) {
			t.Fatalf("not the same after a round trip: %v\n%s", err, cmp.Diff(e, back))
		}
	})
}
