package web

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/text/unicode/norm"

	"yiji/booths"
	"yiji/internal/fault"
	"yiji/scheduler"
)

// The kinds of rule one chooses from; each shows its own fields.
const (
	ruleDays       = "days"        // days of the month
	ruleNth        = "nth"         // nth weekday of the month
	ruleWeekly     = "weekly"      // every n weeks
	ruleLunarDays  = "lunar_days"  // days of every lunar month
	ruleLunarDates = "lunar_dates" // dates of the lunar year
	ruleDates      = "dates"       // dates one by one
	ruleCron       = "cron"        // for experts
)

var ruleKinds = []string{ruleDays, ruleNth, ruleWeekly, ruleLunarDays, ruleLunarDates, ruleDates, ruleCron}

// ruleFields are the form's fields of each kind. They are called as a rule's
// faults call them, so that a reason stands beside its field.
var ruleFields = map[string][]string{
	ruleDays:       {"rule.monthly.days", "rule.monthly.months", "rule.monthly.month_end"},
	ruleNth:        {"rule.monthly.nth", "rule.monthly.weekday", "rule.monthly.months"},
	ruleWeekly:     {"rule.weekly.every", "rule.weekly.weekdays", "rule.weekly.from"},
	ruleLunarDays:  {"rule.lunar.days", "rule.lunar.month_end", "rule.lunar.leap"},
	ruleLunarDates: {"rule.lunar.dates", "rule.lunar.month_end", "rule.lunar.leap"},
	ruleDates:      {"rule.dates"},
	ruleCron:       {"rule.cron"},
}

// marketFields are the rest of a market's form.
var marketFields = []string{
	"name", "venue", "slug", "opens", "closes", "wanted", "residents_reported", "kind", "holiday", "weekend",
	"leads.plan_days", "leads.claim_days", "leads.claim_at", "leads.standing_days", "leads.confirm_days", "leads.confirm_at",
	"leads.min_claim_hours", "leads.open_early_minutes", "leads.serve_minutes",
}

// allMarketFields is everything that is carried from step to step.
func allMarketFields() []string {
	names := slices.Clone(marketFields)
	for _, k := range ruleKinds {
		for _, n := range ruleFields[k] {
			if !slices.Contains(names, n) {
				names = append(names, n)
			}
		}
	}
	return names
}

// otherRuleFields are the fields of the kinds that are not shown: what was
// typed there stays while one looks at another kind.
func otherRuleFields(kind string) (out []string) {
	for _, n := range allMarketFields() {
		if strings.HasPrefix(n, "rule.") && !slices.Contains(ruleFields[kind], n) {
			out = append(out, n)
		}
	}
	return out
}

// marketOf reads a market out of the form, onto the one it changes.
func marketOf(f form, m scheduler.Market) (scheduler.Market, error) {
	m.Name, m.Venue, m.Slug = f.Get("name"), f.Get("venue"), cmp.Or(f.Get("slug"), m.Slug)
	m.Exceptions = nil // they have forms of their own
	var wrong fault.List
	var err, noRule error
	m.ResidentsReported, err = f.number("residents_reported")
	wrong.Add(err)
	m.Rule, noRule = ruleOfForm(f)
	wrong.Add(noRule)
	m.Opens, err = scheduler.ParseTimeOfDay("opens", f.Get("opens"))
	wrong.Add(err)
	m.Closes, err = scheduler.ParseTimeOfDay("closes", f.Get("closes"))
	wrong.Add(err)
	m.Holiday, err = scheduler.ParsePolicy("holiday", f.Get("holiday"))
	wrong.Add(err)
	m.Weekend, err = scheduler.ParsePolicy("weekend", f.Get("weekend"))
	wrong.Add(err)
	m.Leads, err = leadsOf(f)
	wrong.Add(err)
	for _, e := range faultsOf(m.Check()) { // of a rule that could not be read nothing more is said
		if noRule == nil || !strings.HasPrefix(e.Field, "rule") {
			wrong.Add(e)
		}
	}
	wrong.Add((booths.Layout{Wanted: listed(f.Get("wanted"))}).Check())
	return m, wrong.Err()
}

// faultsOf are all faults of one input; none for no error.
func faultsOf(err error) []*fault.Error {
	if err == nil {
		return nil
	}
	return fault.From(err).All()
}

func leadsOf(f form) (scheduler.LeadTimes, error) {
	l := scheduler.DefaultLeads()
	var wrong fault.List
	for name, into := range map[string]*int{
		"leads.plan_days": &l.PlanDays, "leads.claim_days": &l.ClaimDays, "leads.standing_days": &l.StandingDays,
		"leads.confirm_days": &l.ConfirmDays, "leads.min_claim_hours": &l.MinClaimHours,
		"leads.open_early_minutes": &l.OpenEarlyMinutes, "leads.serve_minutes": &l.ServeMinutes,
	} {
		if f.Get(name) == "" {
			continue // the default
		}
		n, err := f.number(name)
		if wrong.Add(err); err != nil {
			n = -1 // out of every range: the others are not measured by it
		}
		*into = n
	}
	for name, into := range map[string]*scheduler.TimeOfDay{"leads.claim_at": &l.ClaimAt, "leads.confirm_at": &l.ConfirmAt} {
		if f.Get(name) == "" {
			continue
		}
		t, err := scheduler.ParseTimeOfDay(name, f.Get(name))
		wrong.Add(err)
		*into = t
	}
	return l, wrong.Err()
}

// ruleOfForm reads the fields of the kind that was chosen.
func ruleOfForm(f form) (r scheduler.Rule, err error) {
	var wrong fault.List
	switch f.Get("kind") {
	case ruleDays:
		m := &scheduler.Monthly{MonthEnd: scheduler.MonthEnd(f.Get("rule.monthly.month_end"))}
		m.Days, err = f.numbers("rule.monthly.days")
		wrong.Add(err)
		m.Months, err = f.numbers("rule.monthly.months")
		r.Monthly = m
	case ruleNth:
		m := &scheduler.Monthly{Weekday: scheduler.Weekday(f.Get("rule.monthly.weekday"))}
		m.Nth, err = f.number("rule.monthly.nth")
		wrong.Add(err)
		m.Months, err = f.numbers("rule.monthly.months")
		r.Monthly = m
	case ruleWeekly:
		r.Weekly, err = weeklyOfForm(f)
	case ruleLunarDays:
		r.Lunar = lunarOfForm(f)
		r.Lunar.Days, err = f.numbers("rule.lunar.days")
	case ruleLunarDates:
		r.Lunar = lunarOfForm(f)
		r.Lunar.Dates, err = parsedList(f, "rule.lunar.dates", scheduler.ParseLunarDate)
		if err == nil && len(r.Lunar.Dates) == 0 {
			err = fault.Invalid("rule.empty", "rule.lunar.dates", "needs at least one date")
		}
	case ruleDates:
		r.Dates, err = parsedList(f, "rule.dates", scheduler.ParseDate)
		if err == nil && len(r.Dates) == 0 {
			err = fault.Invalid("rule.empty", "rule.dates", "needs at least one date")
		}
	case ruleCron:
		if r.Cron = f.Get("rule.cron"); r.Cron == "" {
			err = fault.Invalid("rule.empty", "rule.cron", "must not be empty")
		}
	default:
		err = fault.Invalid("rule.empty", "kind", "choose a kind of rule")
	}
	wrong.Add(err)
	return r, wrong.Err()
}

func weeklyOfForm(f form) (*scheduler.Weekly, error) {
	w := &scheduler.Weekly{Every: 1}
	var wrong fault.List
	if f.Get("rule.weekly.every") != "" {
		n, err := f.number("rule.weekly.every")
		wrong.Add(err)
		if w.Every = n; n < 1 {
			wrong.Add(fault.Invalid("rule.out_of_range", "rule.weekly.every", "%d is not between 1 and 520", n).Telling("lo", "1", "hi", "520"))
		}
	}
	for _, d := range f.All("rule.weekly.weekdays") {
		w.Weekdays = append(w.Weekdays, scheduler.Weekday(d))
	}
	if len(w.Weekdays) == 0 {
		wrong.Add(fault.Invalid("rule.empty", "rule.weekly.weekdays", "needs at least one weekday"))
	}
	if f.Get("rule.weekly.from") != "" {
		var err error
		w.From, err = scheduler.ParseDate("rule.weekly.from", f.Get("rule.weekly.from"))
		wrong.Add(err)
	}
	return w, wrong.Err()
}

func lunarOfForm(f form) *scheduler.Lunar {
	return &scheduler.Lunar{Leap: scheduler.Leap(f.Get("rule.lunar.leap")), MonthEnd: scheduler.MonthEnd(f.Get("rule.lunar.month_end"))}
}

// numbers reads a list of whole numbers: boxes that are ticked, or one line "9, 19, 29".
func (f form) numbers(name string) (out []int, err error) {
	for _, v := range f.All(name) {
		for _, w := range listed(strings.ReplaceAll(norm.NFKC.String(v), " ", ",")) {
			n, err := wholeNumber(name, w)
			if err != nil {
				return nil, err
			}
			out = append(out, n)
		}
	}
	return out, nil
}

// parsedList reads a list of dates; a fault stays at the field of the list.
func parsedList[T any](f form, name string, parse func(field, s string) (T, error)) (out []T, err error) {
	for _, w := range listed(strings.ReplaceAll(norm.NFKC.String(f.Get(name)), " ", ",")) {
		v, err := parse(name, w)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

// marketForm fills the form with a market and what is wished for on its days.
func (c *call) marketForm(m scheduler.Market, wanted []string) form {
	f := c.form(append(allMarketFields(), "rule")...).
		With("name", m.Name).With("venue", m.Venue).With("slug", m.Slug).With("opens", m.Opens.String()).With("closes", m.Closes.String()).
		With("wanted", strings.Join(wanted, "\n")).With("holiday", string(m.Holiday)).With("weekend", string(m.Weekend)).
		With("rule.monthly.month_end", string(scheduler.ClampDay)).With("rule.lunar.month_end", string(scheduler.ClampDay))
	if m.ResidentsReported > 0 {
		f = f.With("residents_reported", strconv.Itoa(m.ResidentsReported))
	}
	l := m.Leads
	f = f.With("leads.claim_at", l.ClaimAt.String()).With("leads.confirm_at", l.ConfirmAt.String())
	for name, n := range map[string]int{
		"leads.plan_days": l.PlanDays, "leads.claim_days": l.ClaimDays, "leads.standing_days": l.StandingDays,
		"leads.confirm_days": l.ConfirmDays, "leads.min_claim_hours": l.MinClaimHours,
		"leads.open_early_minutes": l.OpenEarlyMinutes, "leads.serve_minutes": l.ServeMinutes,
	} {
		f = f.With(name, strconv.Itoa(n))
	}
	return f.withRule(m.Rule)
}

func (f form) withRule(r scheduler.Rule) form {
	switch {
	case r.Monthly != nil && r.Monthly.Nth != 0:
		return f.With("kind", ruleNth).With("rule.monthly.nth", strconv.Itoa(r.Monthly.Nth)).
			With("rule.monthly.weekday", string(r.Monthly.Weekday)).With("rule.monthly.months", spelled(r.Monthly.Months)...)
	case r.Monthly != nil:
		return f.With("kind", ruleDays).With("rule.monthly.days", strings.Join(spelled(r.Monthly.Days), ", ")).
			With("rule.monthly.months", spelled(r.Monthly.Months)...).With("rule.monthly.month_end", cmp.Or(string(r.Monthly.MonthEnd), string(scheduler.ClampDay)))
	case r.Weekly != nil:
		f = f.With("kind", ruleWeekly).With("rule.weekly.every", strconv.Itoa(max(r.Weekly.Every, 1))).With("rule.weekly.from", r.Weekly.From.String())
		days := make([]string, len(r.Weekly.Weekdays))
		for i, d := range r.Weekly.Weekdays {
			days[i] = string(d)
		}
		return f.With("rule.weekly.weekdays", days...)
	case r.Lunar != nil:
		f = f.With("rule.lunar.leap", string(r.Lunar.Leap)).With("rule.lunar.month_end", cmp.Or(string(r.Lunar.MonthEnd), string(scheduler.ClampDay)))
		if len(r.Lunar.Days) > 0 {
			return f.With("kind", ruleLunarDays).With("rule.lunar.days", strings.Join(spelled(r.Lunar.Days), ", "))
		}
		return f.With("kind", ruleLunarDates).With("rule.lunar.dates", strings.Join(written(r.Lunar.Dates), ", "))
	case len(r.Dates) > 0:
		return f.With("kind", ruleDates).With("rule.dates", strings.Join(written(r.Dates), "\n"))
	case r.Cron != "":
		return f.With("kind", ruleCron).With("rule.cron", r.Cron)
	}
	return f.With("kind", ruleDays)
}

func spelled(list []int) []string {
	out := make([]string, len(list))
	for i, n := range list {
		out[i] = strconv.Itoa(n)
	}
	return out
}

func written[T interface{ String() string }](list []T) []string {
	out := make([]string, len(list))
	for i, v := range list {
		out[i] = v.String()
	}
	return out
}

// seen is the mark of a preview: saving is only done for the very market (and
// the very days it touches) that the preview has shown.
func seen(m scheduler.Market, e scheduler.Edit) string {
	raw, err := json.Marshal(m)
	if err != nil {
		return ""
	}
	h := sha256.New()
	h.Write(raw)
	for _, a := range e.Affected {
		if a.NeedsSay {
			h.Write([]byte(a.Day.ID))
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:12])
}
