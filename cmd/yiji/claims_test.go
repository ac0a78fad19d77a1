package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"yiji/booths"
	"yiji/internal/account"
	"yiji/internal/app"
	"yiji/internal/db"
	"yiji/internal/db/dbtest"
	"yiji/scheduler"
)

// fair is a community whose next days can be claimed right now, with partners
// who have their sessions.
type fair struct {
	town
	community string
	days      []string
	organizer string            // session
	partners  map[string]string // name → session
}

const fairPartners, fairDays = 20, 4

func foundFair(t *testing.T, url string) fair {
	t.Helper()
	f := fair{town: town{url: url, key: filepath.Join(t.TempDir(), "key")}, partners: map[string]string{}}
	a, err := app.New(t.Context(), app.Options{Database: url, KeyFile: f.key, Listen: "127.0.0.1:0", OutboxDir: t.TempDir(),
		Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	defer func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	c, err := a.Scheduler.SaveCommunity(t.Context(), scheduler.Community{Slug: "fair", Name: "社区", TimeZone: "Asia/Shanghai"})
	must(err)
	var dates []string
	for i := range fairDays {
		dates = append(dates, `"`+time.Now().AddDate(0, 0, 8+i).Format(time.DateOnly)+`"`)
	}
	rule, err := scheduler.ParseRule([]byte(`{"dates":[` + strings.Join(dates, ",") + `]}`))
	must(err)
	opens, err := scheduler.ParseTimeOfDay("opens", "09:00")
	must(err)
	closes, err := scheduler.ParseTimeOfDay("closes", "11:00")
	must(err)
	_, err = a.Scheduler.SaveMarket(t.Context(), scheduler.Market{CommunityID: c.ID, Slug: "m", Name: "市集", Venue: "门口", Rule: rule,
		Opens: opens, Closes: closes, Holiday: scheduler.Keep, Weekend: scheduler.Keep, Leads: scheduler.DefaultLeads()})
	must(err)
	_, err = a.Scheduler.Tick(t.Context())
	must(err)
	must(a.Bus.Settle(t.Context()))
	days, err := a.Scheduler.Days(t.Context(), c.ID, scheduler.DayFilter{})
	must(err)
	for _, d := range days {
		f.days = append(f.days, d.ID)
	}
	enter := func(role account.Role, name string) string {
		link, err := a.Account.Invite(t.Context(), account.Operator(), account.Invitation{Role: role})
		must(err)
		session, err := a.Account.Accept(t.Context(), link, account.Newcomer{Name: name})
		must(err)
		return session
	}
	for i := range fairPartners {
		p, err := a.Booths.SavePartner(t.Context(), booths.Scope{CommunityID: c.ID}, booths.Partner{Name: fmt.Sprintf("伙伴%d", i), Kind: booths.KindOrganisation,
			Category: "repair", Services: []booths.Offering{{Name: "修理", Kind: booths.KindItem, Minutes: 5}}})
		must(err)
		f.partners[p.Name] = enter(account.Role{Kind: account.Partner, CommunityID: c.ID, PartnerID: p.ID}, p.Name)
	}
	f.organizer = enter(account.Role{Kind: account.Organizer, CommunityID: c.ID}, "工作者")
	f.community = c.Slug
	return f
}

// claimed is what a partner was told about its claim; empty when nothing.
type claimed struct {
	name, key, id string
}

// claim asks once; an empty id means that nobody knows what became of it.
func (f fair) claim(base, day string, c *claimed) error {
	req, err := http.NewRequest(http.MethodPost, base+"/api/v1/communities/"+f.community+"/days/"+day+"/claims", strings.NewReader(`{}`))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Idempotency-Key", c.key)
	req.Header.Set("Authorization", "Bearer "+f.partners[c.name])
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode >= 500 {
		return nil
	}
	var got struct {
		ID string `json:"id"`
	}
	if res.StatusCode >= 300 || json.Unmarshal(raw, &got) != nil || got.ID == "" {
		return fmt.Errorf("HTTP %d: %s", res.StatusCode, raw)
	}
	if c.id != "" && c.id != got.ID {
		return fmt.Errorf("%s was told claim %s, then %s", c.name, c.id, got.ID)
	}
	c.id = got.ID
	return nil
}

// G6: the server is killed while partners claim. A claim that was answered is
// there afterwards; one that was not is made once when it is asked for again.
func TestAnsweredClaimsSurviveTheKill(t *testing.T) {
	dbtest.EachURL(t, func(t *testing.T, url string) {
		f := foundFair(t, url)
		if len(f.days) != fairDays {
			t.Fatalf("%d days can be claimed", len(f.days))
		}
		unknown := 0
		for _, day := range f.days {
			p := start(t, f.town)
			all := f.everybodyClaims(t, p.base, day, p.kill)
			p = start(t, f.town)
			for _, c := range all {
				if c.id == "" {
					unknown++
				}
				if err := f.claim(p.base, day, c); err != nil || c.id == "" {
					t.Fatalf("%s asks again: %q, %v", c.name, c.id, err)
				}
			}
			f.wantClaims(t, p, day, all)
			p.kill()
		}
		t.Logf("%d of %d claims had no answer when the server died", unknown, fairDays*fairPartners)
	})
}

// everybodyClaims lets all partners claim at once and kills the server among them.
func (f fair) everybodyClaims(t *testing.T, base, day string, kill func()) (all []*claimed) {
	var wg sync.WaitGroup
	answered := make(chan struct{}, fairPartners)
	for name := range f.partners {
		c := &claimed{name: name, key: db.NewID()}
		all = append(all, c)
		wg.Go(func() {
			if err := f.claim(base, day, c); err != nil {
				t.Error(err)
			}
			answered <- struct{}{}
		})
	}
	for range 1 + rand.IntN(fairPartners/2) { // some have their answer, the others are under way
		<-answered
	}
	kill()
	wg.Wait()
	return all
}

// wantClaims: the organizer sees exactly what the partners were told.
func (f fair) wantClaims(t *testing.T, p *process, day string, all []*claimed) {
	t.Helper()
	lost, standing := f.lost(t, p, day, all)
	for _, c := range lost {
		t.Errorf("%s was told claim %s is its own; it does not stand once", c.name, c.id)
	}
	if standing != len(all) {
		t.Errorf("%d claims for %d partners", standing, len(all))
	}
}

// lost are the claims that were answered and do not stand exactly once;
// standing counts all that do.
func (f fair) lost(t *testing.T, p *process, day string, all []*claimed) (lost []*claimed, standing int) {
	t.Helper()
	req, err := http.NewRequest(http.MethodGet, p.base+"/api/v1/communities/"+f.community+"/days/"+day+"/claims", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+f.organizer)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var list struct {
		Items []struct {
			ID string `json:"id"`
		} `json:"items"`
	}
	if err := json.NewDecoder(res.Body).Decode(&list); err != nil {
		t.Fatal(err)
	}
	there := map[string]int{}
	for _, c := range list.Items {
		there[c.ID]++
	}
	for _, c := range all {
		if c.id != "" && there[c.id] != 1 {
			lost = append(lost, c)
		}
	}
	return lost, len(list.Items)
}

// front stands before the server. Eager, it tells a partner “yours” before the
// server has committed the claim: it hands the claim on after its answer, and
// here the kill always comes between the two.
func front(t *testing.T, p *process, eager bool) string {
	t.Helper()
	to, err := url.Parse(p.base)
	if err != nil {
		t.Fatal(err)
	}
	pass := httputil.NewSingleHostReverseProxy(to)
	pass.ErrorHandler = func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) }
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !eager {
			pass.ServeHTTP(w, r)
			return
		}
		w.WriteHeader(http.StatusCreated)
		fmt.Fprintf(w, `{"id":%q}`, db.NewID())
	}))
	t.Cleanup(srv.Close)
	return srv.URL
}

// The control of G6: the same partners, the same kill, the same count. Behind
// a front that waits for the server nothing answered is lost; behind one that
// answers before the commit all of it is.
func TestControlAnsweredBeforeTheCommitIsLost(t *testing.T) {
	dbtest.EachURL(t, func(t *testing.T, url string) {
		f := foundFair(t, url)
		for i, eager := range []bool{false, true} {
			day, p := f.days[i], start(t, f.town)
			all := f.everybodyClaims(t, front(t, p, eager), day, p.kill)
			answered := 0
			for _, c := range all {
				if c.id != "" {
					answered++
				}
			}
			p = start(t, f.town)
			lost, _ := f.lost(t, p, day, all)
			p.kill()
			switch {
			case answered == 0:
				t.Fatalf("eager %v: nobody was answered before the kill", eager)
			case !eager && len(lost) > 0:
				t.Errorf("%d of %d answered claims are lost", len(lost), answered)
			case eager && len(lost) != answered:
				t.Errorf("%d of %d claims answered before the commit are lost: the rig does not see the others", len(lost), answered)
			}
		}
	})
}
