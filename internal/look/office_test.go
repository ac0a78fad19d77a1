//go:build !race

package look

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"yiji/booths"
	"yiji/booths/queue"
	"yiji/internal/account"
	"yiji/internal/browser"
	"yiji/internal/db"
	"yiji/internal/demo/stage"
	"yiji/notify"
	"yiji/scheduler"
)

// The organizer runs the open day from a phone: counts follow, a line is paused
// and goes on, somebody moves and moves back, something happens, and the market
// closes early.
func TestTheOpenDayIsRun(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, o browser.Options) {
		w := stage.Open(t, stage.Busy)
		line := quiet(t, w)
		card := `[data-line="` + line.ID + `"]`
		state := func() queue.LineState {
			all, err := w.App.Queue.Lines(t.Context(), w.CommunityID, w.Day)
			if err != nil {
				t.Fatal(err)
			}
			return all[slices.IndexFunc(all, func(l queue.Line) bool { return l.ID == line.ID })].State
		}
		browser.With(t, o, func(p *browser.Page) {
			atWork(p, w, "/days/"+w.Day)
			if !o.NoScript {
				p.WaitFor("the page follows", `!document.querySelector('[data-net="live"]').hidden`)
				before := browser.Eval[int](p, `Number(document.querySelector("[data-arrivals]").textContent)`)
				tickets := browser.Eval[int](p, `Number(document.querySelector("[data-tickets]").textContent)`)
				if _, err := w.App.Queue.Issue(t.Context(), queue.IssueRequest{DayID: w.Day, LineID: line.ID, Visitor: db.NewID(), Via: queue.Phone, Key: db.NewID()}); err != nil {
					t.Fatal(err)
				}
				w.Settle()
				p.WaitFor("one more has come", `Number(document.querySelector("[data-arrivals]").textContent) === `+browser.Eval[string](p, `n => String(n + 1)`, before))
				p.WaitFor("every figure of the page says the same", `(() => {
					const sum = () => [...document.querySelectorAll("[data-line]")].reduce((n, e) => n + parseInt(e.querySelector("[data-waits]").innerText.match(/\d+/)), 0);
					const n = String(sum()), at = s => document.querySelector(s).textContent;
					return at("[data-in-line]") === n && at("[data-lead]").includes(n + " 位") && Number(at("[data-tickets]")) === `+browser.Eval[string](p, `n => String(n + 1)`, tickets)+`;
				})()`)
			}
			p.Press(card + " details.short summary")
			p.Press(card + ` form[action$="/pause"] button`)
			p.WaitFor("it is said that the line stands still", `document.querySelector('`+card+` [data-why]')?.innerText.includes("休息")`)
			if got := state(); got != queue.LinePaused {
				t.Fatalf("the line is %s", got)
			}
			p.Press(card + ` form[action$="/resume"] button`)
			p.WaitFor("it goes on", `document.querySelector('`+card+` form[action$="/pause"]')`)
			if got := state(); got != queue.LineOpen {
				t.Fatalf("the line is %s", got)
			}

			p.Press("换摊位")
			codes := browser.Eval[[]string](p, `[...document.querySelectorAll("#f-booth option")].slice(0, 2).map(o => o.value)`)
			first := browser.Eval[string](p, `document.querySelector("#f-claim option").value`)
			p.Choose("#f-claim", first)
			p.Choose("#f-booth", codes[1])
			p.Type("#f-reason", "树荫下凉快")
			p.Press("现在换")
			p.WaitFor("they have moved", `document.querySelector(".note")?.innerText.includes("已换好")`)
			w.Settle() // the lines follow
			p.Reload()
			p.Press(`form[action$="/change"] button`)
			p.WaitFor("they have moved back", `document.querySelector(".note")?.innerText.includes("已换好") && location.search.includes("`+codes[1]+`")`)

			atWork(p, w, "/days/"+w.Day+"/incidents")
			p.Type("#f-words", "音响坏了，已换一台")
			p.Press("记下来")
			p.WaitFor("it is written down", `document.querySelector(".note")?.innerText.includes("已记下")`)
			p.Open(w.Base + "/o/" + w.Community + "/days/" + w.Day)
			if !p.Has("音响坏了，已换一台") {
				t.Error("what happened is not on the day")
			}

			atWork(p, w, "/days/"+w.Day+"/close")
			p.Press("现在收市")
			p.WaitFor("the market is closed", `document.querySelector(".note")?.innerText.includes("收市了")`)
			if d, err := w.App.Scheduler.Day(t.Context(), w.CommunityID, w.Day); err != nil || d.State != scheduler.Closed && d.State != scheduler.Settled {
				t.Errorf("the day is %s, %v", d.State, err)
			}
			p.Press(`form[action$="/undo"] button`)
			p.WaitFor("it is open again, with everybody who waited", `[...document.querySelectorAll("[data-line]")].some(l => l.dataset.state === "open" && Number(l.dataset.waiting) > 0)`)
		})
	})
}

// The report is copied by a button, and printed; without scripts its text can be
// selected. The ledger is a workbook with the day's counts.
func TestTheReportIsTaken(t *testing.T) {
	t.Parallel()
	w := stage.Open(t, stage.Settled)
	eachDesk(t, func(t *testing.T, o browser.Options) {
		browser.With(t, o, func(p *browser.Page) {
			p.Before(`window.print = () => { window.printed = true }`)
			atWork(p, w, "/days/"+w.Day+"/summary")
			residents := p.Text(".figures dd")
			report := browser.Eval[string](p, `document.getElementById("report").value`)
			if !strings.Contains(report, residents) {
				t.Errorf("the report does not say %s: %s", residents, report)
			}
			if o.NoScript {
				if p.Has("[data-copy]") || !p.Has("[data-uncopied]") {
					t.Error("a button that does nothing is shown, or not how one copies without")
				}
			} else {
				p.Grant("clipboard-read", "clipboard-write")
				p.Press("[data-copy]")
				p.WaitFor("it is said to be copied", `document.querySelector("[data-copy]").innerText.includes("已复制")`)
				browser.Eval[bool](p, `(navigator.clipboard.readText().then(s => { window.pasted = s }), true)`)
				p.WaitFor("what is pasted", `window.pasted?.replaceAll("\r\n", "\n") === document.getElementById("report").value`)
			}
			p.Press("打印简报")
			if o.NoScript {
				if p.Has("[data-print]") {
					t.Error("a button that does nothing is shown")
				}
			} else {
				p.Press("[data-print]")
				p.WaitFor("the sheet is printed", `window.printed`)
			}
			atWork(p, w, "/days/"+w.Day+"/summary")
			book := download(t, w, browser.Eval[string](p, `document.querySelector('a[download][href$="/ledger.xlsx"]').href`))
			if !holds(t, book, residents) {
				t.Errorf("the ledger does not say %s", residents)
			}
		})
	})
}

// download takes a file as the organizer of a world.
func download(t *testing.T, w *stage.World, address string) *excelize.File {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.AddCookie(&http.Cookie{Name: stage.Cookie, Value: w.Token(organizer)})
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	f, err := excelize.OpenReader(res.Body)
	if err != nil {
		t.Fatalf("%s: %v", address, err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// holds reports whether a cell of the workbook is the text.
func holds(t *testing.T, f *excelize.File, text string) bool {
	t.Helper()
	for _, sheet := range f.GetSheetList() {
		rows, err := f.GetRows(sheet)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rows {
			if slices.Contains(r, text) {
				return true
			}
		}
	}
	return false
}

// A failure leads from the first page to the message, and it is sent again.
func TestAMessageIsSentAgain(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, o browser.Options) {
		w := stage.Open(t, stage.Settled)
		err := w.App.DB.Update(t.Context(), func(tx *db.Tx) error {
			_, err := tx.Exec(`UPDATE notify_deliveries SET state = 'given_up', why = 'smtp_550', attempts = 1, created_at = $1 WHERE id = $2`, db.Micros(tx.Now), w.Delivery)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		browser.With(t, o, func(p *browser.Page) {
			atWork(p, w, "")
			p.Press("最近七天有 1 条消息没有送到")
			if got := p.Text(".letter"); !strings.Contains(got, "拒收") || !strings.Contains(got, "没有送到") {
				t.Errorf("why it failed: %q", got)
			}
			p.Choose("#f-channel", "webhook")
			p.Press("查看")
			p.WaitFor("nothing of that kind", `document.querySelector(".state")?.innerText.includes("没有这样的消息") || !document.querySelector(".letter")`)
			p.Back()
			p.Press(".letter form button")
			p.WaitFor("it goes out again", `document.querySelector(".note")?.innerText.includes("已排队再发")`)
			d, _, _, err := w.App.Notify.Letter(t.Context(), w.CommunityID, w.Delivery)
			if err != nil || d.State == notify.GivenUp {
				t.Errorf("%+v, %v", d, err)
			}
		})
	})
}

// latecomer claims a place when all are given.
func latecomer(t *testing.T, w *stage.World) (booths.Partner, booths.Claim) {
	t.Helper()
	scope := booths.Scope{CommunityID: w.CommunityID, By: "test"}
	late, err := w.App.Booths.SavePartner(t.Context(), scope, booths.Partner{Name: "晚来的理发师傅", Kind: booths.KindIndividual, Category: "haircut", Services: []booths.Offering{{Name: "理发", Kind: booths.KindPerson, Minutes: 10}}})
	if err != nil {
		t.Fatal(err)
	}
	claim, err := w.App.Booths.Claim(t.Context(), scope, w.Day, booths.Ask{PartnerID: late.ID})
	if err != nil {
		t.Fatal(err)
	}
	return late, claim
}

// With a finger on a tablet: a booth that was tapped is drawn, and a claim is
// carried onto a booth by its handle.
func TestAFingerDraws(t *testing.T) {
	t.Parallel()
	w := stage.Open(t, stage.Planned)
	_, claim := latecomer(t, w)
	browser.With(t, browser.Options{Width: 1080, Height: 900, Touch: true}, func(p *browser.Page) {
		atWork(p, w, "/days/"+w.Day+"/plan")
		booth := browser.Eval[string](p, `[...document.querySelectorAll(".board .booth")].find(b => b.textContent.includes("A2")).dataset.booth`)
		p.Drag(`[data-claim="`+claim.ID+`"] .icon`, `[data-booth="`+booth+`"]`)
		p.WaitFor("what it would change", `document.getElementById("effects")?.innerText.includes("让出 A2")`)

		atWork(p, w, "/markets/"+w.Market+"/layout")
		at := func() string {
			return browser.Eval[string](p, `document.querySelector('[name="booths[7].x"]').value + " " + document.querySelector('[name="booths[7].y"]').value`)
		}
		start := at()
		p.Press(`[data-i="7"]`)
		p.WaitFor("the booth is chosen", `document.querySelector('[data-i="7"].chosen')`)
		if at() != start {
			t.Fatal("a tap has moved it")
		}
		p.Drag(`[data-i="7"]`, `[data-i="7"]`, 60, 10)
		if at() == start {
			t.Error("a finger does not move a booth")
		}
		p.Press(`[data-do="undo"]`)
		if got := at(); got != start {
			t.Errorf("undone to %s, was %s", got, start)
		}
	})
}

// A freed booth is offered to who waits: the page in all widths, and the answer.
func TestAnOfferIsAnswered(t *testing.T) {
	t.Parallel()
	w := stage.Open(t, stage.Planned)
	late, claim := latecomer(t, w)
	scope := booths.Scope{CommunityID: w.CommunityID, By: "test"}
	plan, err := w.App.Booths.DayBooths(t.Context(), w.CommunityID, w.Day)
	if err != nil {
		t.Fatal(err)
	}
	freed := plan.Booths[slices.IndexFunc(plan.Booths, func(b booths.DayBooth) bool { return b.Claim != nil && b.Code == "A2" })]
	if err := w.App.Booths.Release(t.Context(), scope, freed.Claim.Holding.ID, "临时有事"); err != nil {
		t.Fatal(err)
	}
	w.Settle()
	all, err := w.App.Booths.ClaimsOf(t.Context(), w.CommunityID, w.Day)
	if err != nil {
		t.Fatal(err)
	}
	offer := all[slices.IndexFunc(all, func(c booths.Claim) bool { return c.ID == claim.ID })].Offer
	if offer == nil {
		t.Fatal("nobody was asked")
	}
	link, err := w.App.Account.Invite(t.Context(), account.Operator(), account.Invitation{Role: account.Role{Kind: account.Partner, CommunityID: w.CommunityID, PartnerID: late.ID}})
	if err != nil {
		t.Fatal(err)
	}
	token, err := w.App.Account.Accept(t.Context(), link, account.Newcomer{Name: late.Name, Lang: "zh-Hans"})
	if err != nil {
		t.Fatal(err)
	}
	browser.With(t, browser.Options{Width: widths[0]}, func(p *browser.Page) {
		p.Cookie(w.Base, stage.Cookie, token)
		for _, width := range widths {
			p.Dress(func(o *browser.Options) { o.Width = width })
			p.Open(w.Base + "/p/" + w.Community + "/offers/" + offer.ID)
			for _, f := range append(p.Audit(browser.Standing), p.Axe(false)...) {
				t.Errorf("%d: %s", width, f)
			}
		}
		p.Press(`.answers form:first-child button`)
		p.WaitFor("it is theirs", `document.querySelector(".note")`)
	})
	if plan, err = w.App.Booths.DayBooths(t.Context(), w.CommunityID, w.Day); err != nil {
		t.Fatal(err)
	}
	if i := slices.IndexFunc(plan.Booths, func(b booths.DayBooth) bool { return b.Claim != nil && b.Claim.PartnerID == late.ID }); i < 0 {
		t.Error("the offer was taken, and the booth was not given")
	}
}
