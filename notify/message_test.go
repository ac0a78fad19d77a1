package notify

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"yiji/internal/db"
	"yiji/internal/text"
	"yiji/notify/channel"
)

var kinds = []Kind{ClaimingOpened, BoothsPublished, PlanPublished, BoothAssigned, BoothReleased, BoothFree, OfferMade, OfferEnded, ReminderPartner,
	ReminderResident, DayCancelled, DayMoved, DayOpened, DayMissed, ClosingPartner, ClosingResident, ClosingOrganizer, SubscriptionConfirm, Test}

func fullParams() params {
	return params{Community: "泰前街道向阳社区", Market: "益路向阳", Venue: "党群服务中心门口", Zone: "Asia/Shanghai", MarketID: "m1", HeldOn: "2026-11-19",
		OpensAt: db.Micros(local(19, 9, 0)), ClosesAt: db.Micros(local(19, 11, 30)), Booths: []string{"A1", "A2"}, Position: 2, Places: 7, Waiting: 2,
		Reason: "大风", OldDate: "2026-11-18", MovedTo: "2026-11-20", Offer: "o1", How: "expired", Expires: db.Micros(local(18, 12, 0)),
		Until: db.Micros(local(16, 18, 0)), Residents: 312, Tickets: 240, Served: 226, Missed: 7, CarriedOver: 4, Minutes: 150,
		NextDay: "d2", NextDate: "2026-12-19", Lines: []lineCount{{"测血压", 200, 190, 6}, {"针灸", 40, 36, 1}}, Channel: "群"}
}

func testOptions() Options {
	return Options{BaseURL: "https://yiji.example", Links: Links{}.filled()}
}

// Every kind has a whole text for every channel in every language.
func TestTextsAreComplete(t *testing.T) {
	hole := regexp.MustCompile(`\{[a-z_]*\}|notify\.[a-z_]|%!|https://yiji\.example(//|\s|$)`)
	han := regexp.MustCompile(`\p{Han}`)
	variants := []params{fullParams(), {Market: "M", Community: "C", Venue: "V", Zone: "Asia/Shanghai", HeldOn: "2026-11-19", OpensAt: 1, ClosesAt: 2, MarketID: "m1",
		Expires: 1, Until: 1, OldDate: "2026-11-18", How: "declined", Booths: nil, Position: 3, Offer: "o", Channel: "x", Tickets: 0}}
	for _, lang := range text.Langs {
		for _, k := range kinds {
			for _, ch := range channel.Kinds {
				for i, p := range variants {
					l := letter{kind: k, dayID: "d1", comm: "c1", lang: lang, name: "N", token: "tok", due: local(19, 11, 30), now: local(19, 13, 0), p: p}
					out := testOptions().render(l, ch)
					if bad := hole.FindString(out.Subject + "\n" + out.Body); bad != "" || strings.TrimSpace(out.Body) == "" || strings.ContainsAny(out.Subject, "\r\n") {
						t.Errorf("%s %s %s %d: %q in\n%s\n%s", lang, k, ch, i, bad, out.Subject, out.Body)
					}
					if late := strings.Contains(out.Body, text.T(lang, "notify.part.late", testOptions().args(l))); late == (k == Test) {
						t.Errorf("%s %s: says it is late: %v", lang, k, late)
					}
					if i == 1 && lang == "en" && k != Test && han.MatchString(strings.ReplaceAll(out.Subject+out.Body, "益集", "")) {
						t.Errorf("Chinese in English %s: %s", k, out.Body)
					}
				}
			}
		}
	}
}

func TestTextsOnlyUseKnownKeys(t *testing.T) {
	want := text.Keys(text.Langs[0])
	for _, lang := range text.Langs {
		for _, key := range want {
			if strings.HasPrefix(key, "notify.") && !text.Has(lang, key) {
				t.Errorf("%s has no %s", lang, key)
			}
		}
	}
	simplified := regexp.MustCompile(`[这为时间点认领马摊员说发号务过场转结谢来东开应举请会让录选进须迟从]`)
	for _, key := range text.Keys("zh-Hant") {
		if s := text.T("zh-Hant", key, nil); strings.HasPrefix(key, "notify.") && simplified.MatchString(s) {
			t.Errorf("%s is not Traditional: %s", key, s)
		}
	}
}

// The closing messages, word by word.
func TestClosingGolden(t *testing.T) {
	var b strings.Builder
	for _, lang := range text.Langs {
		for _, k := range []Kind{ClosingPartner, ClosingResident, ClosingOrganizer} {
			for _, ch := range []channel.Kind{channel.Mail, channel.WeCom} {
				if ch == channel.WeCom && k != ClosingOrganizer {
					continue
				}
				l := letter{kind: k, dayID: "d1", comm: "c1", lang: lang, due: local(19, 11, 30), now: local(19, 11, 50), p: fullParams()}
				if k == ClosingResident {
					l.token = "tok"
				} else {
					l.name = "山东省第二康复医院"
				}
				out := testOptions().render(l, ch)
				b.WriteString("=== " + lang + " " + string(k) + " " + string(ch) + "\n" + out.Subject + "\n---\n" + out.Body + "\n")
			}
		}
	}
	golden(t, "closing.golden", b.String())
}

// Without a next date nobody is carried over to one: their numbers expire.
func TestClosingTheLastDay(t *testing.T) {
	for lang, says := range map[string]string{"zh-Hans": "没轮到 4，号码作废。", "zh-Hant": "沒輪到 4，號碼作廢。", "en": "4 not reached, whose numbers expire."} {
		l := letter{kind: ClosingOrganizer, dayID: "d1", comm: "c1", lang: lang, due: local(19, 11, 30), now: local(19, 11, 50), p: fullParams()}
		if out := testOptions().render(l, channel.Mail); strings.Contains(out.Body, says) {
			t.Errorf("%s, with a next date: %s", lang, out.Body)
		}
		l.p.NextDate = ""
		if out := testOptions().render(l, channel.Mail); !strings.Contains(out.Body, says) {
			t.Errorf("%s: %s", lang, out.Body)
		}
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if os.Getenv("YIJI_UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil || string(want) != got {
		t.Errorf("%s differs (%v); got:\n%s", path, err, got)
	}
}

func TestHours(t *testing.T) {
	for minutes, want := range map[int64]string{0: "0", 150: "2.5", 180: "3", 153: "2.6", 1: "0", 3: "0.1"} {
		if got := hoursText(minutes); got != want {
			t.Errorf("%d minutes: %s, want %s", minutes, got, want)
		}
	}
}

// Stored params are read back whatever they are; nothing in them can break a text.
func FuzzParams(f *testing.F) {
	raw, _ := json.Marshal(fullParams())
	f.Add(string(raw), "{name} {date}")
	f.Add(`{"held_on":"2026-02-31","zone":"TZ=0","opens_at":-1}`, "x\r\nBcc: y")
	f.Add(`{"next_date":"{market}","market":"{next_date}"}`, "\u202e🎉")
	f.Fuzz(func(t *testing.T, raw, name string) {
		p, err := deliveryRow{Params: raw}.decoded()
		if err != nil {
			return
		}
		for _, k := range kinds {
			testOptions().render(letter{kind: k, lang: "zh-Hans", name: name, due: local(19, 9, 0), now: local(19, 9, 0), p: p}, channel.WeCom)
		}
	})
}
