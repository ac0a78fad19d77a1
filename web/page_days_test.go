package web

import (
	"strings"
	"testing"

	"yiji/internal/account"
	"yiji/scheduler"
)

// An organizer finds every day from the first page: those after the next one,
// and the report of the last one when the next is planned already.
func TestEveryDayIsFoundFromTheFirstPage(t *testing.T) {
	aFair(t, func(t *testing.T, f *fair) {
		const home = "/o/xiangyang"
		f.claims(f.doctors)
		f.until(at(11, 19, 12, 0))
		b := f.organizer()
		past := f.dutyPath()
		page := b.get(home)
		wants(t, page, 200, `href="`+past+`"`, `href="`+past+`/summary"`, `href="`+home+`/days"`)
		days, err := f.Scheduler.Days(t.Context(), f.place.ID, scheduler.DayFilter{FromDate: scheduler.DateOf(at(11, 20, 0, 0), shanghai)})
		if err != nil || len(days) == 0 {
			t.Fatalf("%d days to come, %v", len(days), err)
		}
		all := b.get(home + "/days")
		wants(t, all, 200, `href="`+past+`/summary"`, "接下来的场次", "办过的场次", "已结算")
		for _, d := range days {
			path := `href="` + home + "/days/" + d.ID + `"`
			if !strings.Contains(all.Body, path) || !strings.Contains(page.Body, path) {
				t.Errorf("no way to %s", d.HeldOn)
			}
		}
		if a := b.get(home + "/days?before=2026-11-19"); a.Status != 200 || strings.Contains(a.Body, past) {
			t.Errorf("days before 2026-11-19: %d, with that day", a.Status)
		}
		wants(t, b.get(home+"/days?before=2026-02-30"), 422)
		if a := f.browser().get(home + "/days"); a.Path != "/login" {
			t.Errorf("a stranger sees the days at %s", a.Path)
		}
	})
}

// The strip never says that a step goes on while the day only waits for it.
func TestAPlannedDayIsNotYetClaiming(t *testing.T) {
	d := scheduler.Day{StandingUntil: at(11, 5, 10, 0)}
	for state, want := range map[scheduler.State]string{
		scheduler.Planned: "later later later later later", scheduler.Claiming: "now later later later later",
		scheduler.Confirmed: "done done done later later", scheduler.Open: "done done done now later",
		scheduler.Closed: "done done done done now", scheduler.Settled: "done done done done done",
		scheduler.Cancelled: "later later later later later",
	} {
		looks := stepLooks(d, state, at(11, 1, 10, 0))
		if got := strings.Join(looks[:], " "); got != want {
			t.Errorf("%s: %s, want %s", state, got, want)
		}
	}
	if looks := stepLooks(d, scheduler.Claiming, at(11, 6, 10, 0)); looks[0] != "done" || looks[1] != "now" {
		t.Errorf("after the first refusal: %v", looks)
	}
}

// Whoever comes in by a link stands at once where there is work, not before a list.
func TestALinkLeadsToItsWork(t *testing.T) {
	aFair(t, func(t *testing.T, f *fair) {
		admin := f.token(account.Role{Kind: account.Admin})
		by, err := f.Account.ActorBySession(t.Context(), admin)
		if err != nil {
			t.Fatal(err)
		}
		for want, role := range map[string]account.Role{
			"/p/xiangyang":    {Kind: account.Partner, CommunityID: f.place.ID, PartnerID: f.doctors.ID},
			"/desk/xiangyang": {Kind: account.Desk, CommunityID: f.place.ID},
			"/o/xiangyang":    {Kind: account.Organizer, CommunityID: f.place.ID},
		} {
			tok, err := f.Account.Invite(t.Context(), by, account.Invitation{Role: role})
			if err != nil {
				t.Fatal(err)
			}
			b, page := f.browser(), "/invite/"+tok
			form := b.fill(b.get(page).Body, page, "name", "李阿姨")
			for range 2 { // pressed twice is once
				a := b.post(page, form)
				wants(t, a, 200, "欢迎")
				if a.Path != want {
					t.Errorf("%s: led to %s", want, a.Path)
				}
			}
			wants(t, b.get("/"), 200, f.place.Name)
			if strings.Contains(plain(b.get("/").Body), "· xiangyang") {
				t.Error("a short name of an address is shown to people")
			}
		}
	})
}
