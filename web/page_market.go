package web

import (
	"fmt"
	"slices"
	"strings"

	"github.com/a-h/templ"

	"yiji/internal/fault"
	"yiji/scheduler"
)

type marketsView struct {
	page
	Markets []scheduler.Market
	Next    map[string][]scheduler.Occurrence // the next dates by market
}

// marketView is the form of a market, with what one sees beside it once it exists.
type marketView struct {
	page
	form      form
	Market    scheduler.Market // ID "" while it is new
	Next      []scheduler.Occurrence
	Words     string // the rule in a sentence
	Untold    bool   // the rule as typed gives no dates
	Draft     bool   // the dates are of what is typed, not of what is saved
	Begun     bool   // today's opening was before the market: it begins with the next date
	exception form
	Warn      []touchedDay // days the exception would change, waiting for a tick
}

// previewView is the step between typing and saving.
type previewView struct {
	page
	form    form
	Market  scheduler.Market
	Next    []scheduler.Occurrence
	Begun   bool         // today's opening is over: the market begins with the next date
	Touched []touchedDay // somebody has claimed or holds a number
	Free    []scheduler.Affected
	Seen    string
}

// touchedDay is a day an edit touches, with whom it affects.
type touchedDay struct {
	scheduler.Affected
	Partners []string
}

func (s *Server) marketsPage(c *call) error {
	v := marketsView{page: c.console("office.markets"), Next: map[string][]scheduler.Occurrence{}}
	var err error
	if v.Markets, err = s.Scheduler.Markets(c.ctx(), c.In.CommunityID); err != nil {
		return err
	}
	for _, m := range v.Markets {
		next, err := s.Scheduler.PreviewMarket(c.ctx(), m, localDate(c.Community, v.Now), 3)
		if err != nil {
			return err
		}
		if v.Next[m.ID], _, err = c.begun(m, next); err != nil {
			return err
		}
	}
	return c.show(marketsPage(v))
}

// market is the one the path names; the zero market with defaults for "new".
func (c *call) market() (scheduler.Market, error) {
	id := c.Param("market")
	if id == "" {
		return scheduler.Market{CommunityID: c.In.CommunityID, Opens: 9 * 60, Closes: 11*60 + 30, Leads: scheduler.DefaultLeads()}, nil
	}
	return c.server.Scheduler.Market(c.ctx(), c.In.CommunityID, id)
}

func (s *Server) marketPage(c *call) error {
	m, err := c.market()
	if err != nil {
		return err
	}
	v, err := c.marketAsSaved(m)
	if err != nil {
		return err
	}
	return c.show(marketPage(v))
}

// marketAsSaved is the page before anything was typed.
func (c *call) marketAsSaved(m scheduler.Market) (marketView, error) {
	l, err := c.server.Booths.Layout(c.ctx(), c.In.CommunityID, m.ID)
	if err != nil {
		return marketView{}, err
	}
	return c.marketView(m, c.marketForm(m, l.Wanted))
}

func (c *call) marketView(m scheduler.Market, f form) (marketView, error) {
	v := marketView{page: c.console("office.market_new"), form: f, Market: m, exception: c.form(exceptionFields...)}
	v.Modules = []string{"series.js"}
	if m.ID == "" {
		v.Draft = true
		return v, nil
	}
	v.page, v.Words = c.console("office.market_edit", "name", m.Name), ruleWords(c.Lang, m)
	v.Modules = []string{"series.js"}
	var err error
	if v.Next, err = c.server.Scheduler.PreviewMarket(c.ctx(), m, localDate(c.Community, v.Now), 12); err != nil {
		return v, err
	}
	v.Next, v.Begun, err = c.begun(m, v.Next)
	return v, err
}

// begun takes today out of the dates to come when its opening is over and there
// is no market day for it: it is not held.
func (c *call) begun(m scheduler.Market, next []scheduler.Occurrence) ([]scheduler.Occurrence, bool, error) {
	now := c.server.clock()
	today := localDate(c.Community, now)
	if len(next) == 0 || next[0].Skipped || next[0].Date != today {
		return next, false, nil
	}
	opens := m.Opens
	if next[0].Opens != nil {
		opens = *next[0].Opens
	}
	if today.At(opens, zoneOf(c.Community.TimeZone)).After(now) {
		return next, false, nil
	}
	if m.ID != "" {
		held, err := c.server.Scheduler.Days(c.ctx(), c.In.CommunityID, scheduler.DayFilter{MarketID: m.ID, FromDate: today, ToDate: today, Limit: 1})
		if err != nil || len(held) > 0 {
			return next, false, err
		}
	}
	return next[1:], true, nil
}

func (c *call) marketAgain(m scheduler.Market, f form, failed error) error {
	v, err := c.marketView(m, f)
	if err != nil {
		return err
	}
	if failed == nil {
		return c.show(marketPage(v))
	}
	hidden := otherRuleFields(f.Get("kind")) // a reason about one of them stands above the rule
	f.names = slices.DeleteFunc(slices.Clone(f.names), func(n string) bool { return slices.Contains(hidden, n) })
	return c.again(f, failed, func(f form) templ.Component {
		v.form = f
		return marketPage(v)
	})
}

// choiceFields are the form's fields about one day an edit touches.
func choiceFields(dayID string) []string {
	at := "choices." + dayID
	return []string{at, at + ".to", at + ".why"}
}

// sentChoices lists the days a preview was answered for.
func sentChoices(sent map[string][]string) (ids []string) {
	for name := range sent {
		if id, ok := strings.CutPrefix(name, "choices."); ok && isHandle(id) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// marketSave leads from the form over the preview to the saved market. What
// was not shown is not saved: the preview leaves a mark that must fit.
func (s *Server) marketSave(c *call) error {
	old, err := c.market()
	if err != nil {
		return err
	}
	names := append(allMarketFields(), "rule", "step", "shown", "seen")
	ids := sentChoices(c.Request().PostForm)
	for _, id := range ids {
		names = append(names, choiceFields(id)...)
	}
	f := c.form(names...)
	if f.Get("step") == "dates" {
		return c.marketDates(old, f)
	}
	if f.Get("step") == "edit" || f.Get("kind") != f.Get("shown") {
		return c.marketAgain(old, f, nil)
	}
	m, err := marketOf(f, old)
	if err != nil {
		return c.marketAgain(old, f, err)
	}
	done, err := c.nameMarket(&m)
	if err != nil || done {
		if done {
			return c.done("/o/"+c.Community.Slug+"/markets", "done.market_saved")
		}
		return c.marketAgain(old, f, err)
	}
	edit, err := s.Scheduler.PreviewEdit(c.ctx(), m)
	if err != nil {
		return c.marketAgain(old, f, err)
	}
	f = f.With("slug", m.Slug)
	mark := seen(m, edit)
	if f.Get("step") != "save" || f.Get("seen") != mark {
		return c.previewAgain(m, f, edit, nil)
	}
	choices, err := choicesOf(f, ids)
	if err == nil {
		if m, err = c.keepMarket(m, choices); err == nil {
			err = s.Booths.SaveWanted(c.ctx(), c.In.CommunityID, m.ID, listed(f.Get("wanted")))
		}
	}
	if err == nil {
		return c.done("/o/"+c.Community.Slug+"/markets", "done.market_saved")
	}
	if fl := faultOf(err); strings.HasPrefix(fl.Field, "choices") || fl.Kind != fault.KindInvalid {
		return c.previewAgain(m, f, edit, err)
	}
	return c.marketAgain(old, f, err)
}

// keepMarket changes a market, or makes a new one; a new one never takes the
// place of one that somebody else made meanwhile, unless that says the same.
func (c *call) keepMarket(m scheduler.Market, choices map[string]scheduler.Choice) (scheduler.Market, error) {
	if m.ID != "" {
		return c.server.Scheduler.ApplyEdit(c.ctx(), m, choices)
	}
	made, err := c.server.Scheduler.CreateMarket(c.ctx(), m)
	if !fault.Is(err, "market.slug_taken") {
		return made, err
	}
	if same, _ := c.nameMarket(&m); !same {
		return m, err
	}
	return c.marketNamed(m.Slug)
}

// nameMarket gives a new market a short name that is free. A market of that
// name which says the same is the same form sent twice: done.
func (c *call) nameMarket(m *scheduler.Market) (done bool, err error) {
	if m.ID != "" {
		return false, nil
	}
	all, err := c.server.Scheduler.Markets(c.ctx(), c.In.CommunityID)
	if err != nil {
		return false, err
	}
	taken := map[string]scheduler.Market{}
	for _, o := range all {
		taken[o.Slug] = o
	}
	if m.Slug == "" {
		m.Slug = "market"
		for i := 2; taken[m.Slug].ID != ""; i++ {
			m.Slug = fmt.Sprintf("market-%d", i)
		}
		return false, nil
	}
	have := taken[m.Slug]
	switch {
	case have.ID == "":
		return false, nil
	case have.Name == m.Name && have.Venue == m.Venue && have.Rule.String() == m.Rule.String() && have.Opens == m.Opens && have.Closes == m.Closes:
		return true, nil
	}
	return false, fault.Conflict("market.slug_taken", "slug", "another market of the community is called %q", m.Slug)
}

func choicesOf(f form, ids []string) (map[string]scheduler.Choice, error) {
	out := map[string]scheduler.Choice{}
	for _, id := range ids {
		at := "choices." + id
		ch := scheduler.Choice{Action: scheduler.Action(f.Get(at)), Why: f.Get(at + ".why")}
		if f.Get(at) == "" {
			continue
		}
		if to := f.Get(at + ".to"); to != "" && ch.Action == scheduler.MoveDay {
			var err error
			if ch.To, err = scheduler.ParseDate(at+".to", to); err != nil {
				return nil, err
			}
		}
		out[id] = ch
	}
	return out, nil
}

// previewAgain shows what saving would do, with what is wrong about the choices.
func (c *call) previewAgain(m scheduler.Market, f form, e scheduler.Edit, failed error) error {
	v := previewView{page: c.console("office.preview"), Market: m, Seen: seen(m, e)}
	var err error
	if v.Next, v.Begun, err = c.begun(m, e.Next); err != nil {
		return err
	}
	for _, a := range e.Affected {
		if !a.NeedsSay {
			v.Free = append(v.Free, a)
			continue
		}
		f.names = append(f.names, choiceFields(a.Day.ID)...)
		t, err := c.touched(a)
		if err != nil {
			return err
		}
		v.Touched = append(v.Touched, t)
	}
	v.form = f
	if failed == nil {
		return c.show(previewPage(v))
	}
	return c.again(f, failed, func(f form) templ.Component {
		v.form = f
		return previewPage(v)
	})
}

// touched names the partners an affected day concerns.
func (c *call) touched(a scheduler.Affected) (touchedDay, error) {
	t := touchedDay{Affected: a}
	claims, err := c.server.Booths.ClaimsOf(c.ctx(), c.In.CommunityID, a.Day.ID)
	if err != nil && fault.KindOf(err) == fault.KindNotFound {
		return t, nil // booths has not heard of the day yet
	}
	for _, k := range claims {
		if k.Live() && !slices.Contains(t.Partners, k.Partner) {
			t.Partners = append(t.Partners, k.Partner)
		}
	}
	return t, err
}
