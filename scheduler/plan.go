package scheduler

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"

	"yiji/internal/fault"
	"yiji/internal/text"
)

// Input is all that decides about the dates of a market.
type Input struct {
	Rule       Rule
	Holiday    Policy
	Weekend    Policy
	Exceptions []Exception
	Calendar   *Calendar // nil means DefaultCalendar
	From       Date      // the first date that may be held
	To         Date      // the last one; zero for no end
	Count      int       // at most so many held dates; zero means 12, or no limit with To
}

// Occurrence is one date of a market, held or not.
type Occurrence struct {
	Date     Date       // when it is held; for a skipped one the date that is skipped
	RuleDate Date       // what the rule says: the identity
	Lunar    LunarDay   // of Date
	Shifted  bool       // Date differs from RuleDate
	Skipped  bool       // not held, Reasons say why
	Flagged  bool       // a year without holiday data was asked
	Holiday  string     // name of the holiday RuleDate falls on
	Merged   []Date     // other rule dates that were shifted onto this one
	Opens    *TimeOfDay // other times by exception
	Closes   *TimeOfDay
	Reasons  []text.Reason
}

// How far a shift may carry a date, and how many rule dates a preview looks at.
const (
	workdayReach = 60     // days to the next or previous workday
	weekdayReach = 53 * 7 // days to the next same weekday
	maxCount     = 1000   // held dates in one preview
)

// Preview returns the dates held, in order. Skipped ones are in PreviewAll.
func Preview(in Input) ([]Occurrence, error) {
	all, err := PreviewAll(in)
	return Held(all), err
}

// Held leaves out the skipped occurrences.
func Held(all []Occurrence) []Occurrence {
	held := make([]Occurrence, 0, len(all))
	for _, o := range all {
		if !o.Skipped {
			held = append(held, o)
		}
	}
	return held
}

// PreviewAll returns the dates held and, between them, those skipped by a
// policy or an exception: nothing is lost silently.
func PreviewAll(in Input) ([]Occurrence, error) {
	p, err := newPlanner(in)
	if err != nil {
		return nil, err
	}
	p.collect()
	return p.result(), nil
}

// Admit adds exceptions, each in the place of what was said of its date before.
// It refuses one that would put its date onto another date of the market: a
// person's word never makes a day disappear.
func (in Input) Admit(list []Exception) (Input, error) {
	if err := onceEach(list); err != nil {
		return in, err
	}
	out := in.with(list)
	for i, e := range list {
		if err := out.clash(in, e); err != nil {
			return in, fault.From(err).In(at("exceptions", i))
		}
	}
	return out, nil
}

func (in Input) with(list []Exception) Input {
	said := map[Date]Exception{}
	for _, e := range slices.Concat(in.Exceptions, list) {
		said[e.Date] = e
	}
	in.Exceptions = slices.SortedFunc(maps.Values(said), func(a, b Exception) int { return cmp.Compare(a.Date, b.Date) })
	return in
}

// clash refuses an exception of in whose date is held with another one, unless
// it was before.
func (in Input) clash(before Input, e Exception) error {
	if e.Kind == Skip || (e.Kind == Move && e.To == 0) || slices.ContainsFunc(before.Exceptions, e.same) {
		return nil
	}
	old, err := before.on(e.heldOn())
	if err != nil || slices.Contains(old, e.Date) {
		return err
	}
	now, err := in.on(e.heldOn())
	if err != nil || !slices.ContainsFunc(now, func(d Date) bool { return d != e.Date }) {
		return err
	}
	field := "to"
	if e.To == 0 {
		field = "date"
	}
	return fault.Conflict("exception.taken", field, "there is already a market day on %s", e.heldOn())
}

// on are the dates of the rule, and the extra ones, that are held on a date.
func (in Input) on(d Date) ([]Date, error) {
	in.From, in.To, in.Count = d, d, 1
	held, err := Preview(in)
	if err != nil || len(held) == 0 {
		return nil, err
	}
	return append([]Date{held[0].RuleDate}, held[0].Merged...), nil
}

// planner turns rule dates into occurrences.
type planner struct {
	Input
	next       search
	exceptions map[Date]Exception
	held       map[Date]Occurrence
	skipped    []Occurrence
}

func newPlanner(in Input) (*planner, error) {
	next, err := in.Rule.compile()
	if err != nil {
		return nil, err
	}
	if err := checkPolicies(in.Holiday, in.Weekend); err != nil {
		return nil, err
	}
	in.Holiday, in.Weekend = in.Holiday.orKeep(), in.Weekend.orKeep()
	if in.Calendar == nil {
		in.Calendar = DefaultCalendar()
	}
	if in.Count == 0 {
		in.Count = 12
		if in.To != 0 {
			in.Count = maxCount
		}
	}
	if in.Count < 0 || in.Count > maxCount {
		return nil, fault.Invalid("preview.count", "count", "%d is not between 1 and %d", in.Count, maxCount)
	}
	if in.From < FirstDate || in.From > LastDate {
		return nil, fault.Invalid("scheduler.date.out_of_range", "from", "is not between %s and %s", FirstDate, LastDate)
	}
	if in.To == 0 {
		in.To = LastDate
	}
	p := &planner{Input: in, next: next, exceptions: map[Date]Exception{}, held: map[Date]Occurrence{}}
	for _, e := range in.Exceptions {
		p.exceptions[e.Date] = e
	}
	return p, nil
}

// collect walks the rule's dates over the window and as far beyond it as a
// shift may reach, so that what lies on a date never depends on the window.
func (p *planner) collect() {
	for _, e := range p.Exceptions {
		if d, ok := p.next(e.Date); e.Kind == Extra || (e.Kind == Move && ok && d == e.Date) {
			p.hold(p.except(e))
		}
	}
	budget := 1000 + 20*p.Count
	for from := p.From - p.reachBack(); budget > 0; budget-- {
		d, ok := p.next(from)
		if !ok || d > p.To+workdayReach || d > p.enough() {
			return
		}
		from = d + 1
		if e, ok := p.exceptions[d]; ok && e.Kind != Skip {
			continue // held above
		}
		p.hold(p.occurrence(d))
	}
}

func (p *planner) reachBack() Date {
	back := Date(2 * workdayReach)
	if p.Holiday == NextSameWeekday || p.Weekend == NextSameWeekday {
		back += 2 * weekdayReach
	}
	return back
}

// enough is the rule date after which nothing can change the first Count dates.
func (p *planner) enough() Date {
	if len(p.held) < p.Count {
		return LastDate
	}
	var in []Date
	for d := range p.held {
		if d >= p.From {
			in = append(in, d)
		}
	}
	if len(in) < p.Count {
		return LastDate
	}
	slices.Sort(in)
	return in[p.Count-1] + workdayReach
}

// hold puts an occurrence on its date. Of two on one date the one that was not
// shifted gives the identity, else the one with the earlier rule date.
func (p *planner) hold(o Occurrence) {
	if o.Skipped {
		p.skipped = append(p.skipped, o)
		return
	}
	have, twice := p.held[o.Date]
	if !twice {
		p.held[o.Date] = o
		return
	}
	if have.Shifted && (!o.Shifted || o.RuleDate < have.RuleDate) {
		have, o = o, have
	}
	have.Merged = slices.Sorted(slices.Values(append(append(have.Merged, o.RuleDate), o.Merged...)))
	have.Flagged = have.Flagged || o.Flagged
	p.held[o.Date] = have
}

// result cuts the window out of what was collected.
func (p *planner) result() []Occurrence {
	var out []Occurrence
	for d, o := range p.held {
		if d >= p.From && d <= p.To {
			out = append(out, o)
		}
	}
	byDate := func(a, b Occurrence) int {
		return cmp.Or(cmp.Compare(a.Date, b.Date), cmp.Compare(a.RuleDate, b.RuleDate))
	}
	slices.SortFunc(out, byDate)
	full := len(out) >= p.Count
	out = out[:min(len(out), p.Count)]
	end := p.To
	if full {
		end = out[len(out)-1].Date
	}
	slices.SortFunc(p.skipped, byDate)
	for _, o := range p.skipped {
		if o.Date >= p.From && o.Date <= end && len(out) <= 10*p.Count {
			out = append(out, o)
		}
	}
	slices.SortFunc(out, byDate)
	for i := range out {
		out[i].finish()
	}
	return out
}

// finish adds what follows from the date.
func (o *Occurrence) finish() {
	o.Lunar = LunarOf(o.Date)
	if len(o.Merged) > 0 {
		dates := make([]string, len(o.Merged))
		for i, d := range o.Merged {
			dates[i] = d.String()
		}
		o.say("scheduler.merged", text.Args{"dates": strings.Join(dates, ", ")})
	}
	if o.Flagged {
		o.say("scheduler.flagged", text.Args{"year": strconv.Itoa(o.Date.Year())})
	}
}

func (o *Occurrence) say(code string, args text.Args) {
	o.Reasons = append(o.Reasons, text.Reason{Code: code, Args: args})
}

// except is an occurrence decided by a person: no policy is asked.
func (p *planner) except(e Exception) Occurrence {
	o := Occurrence{Date: e.heldOn(), RuleDate: e.Date, Opens: e.Opens, Closes: e.Closes}
	o.Holiday, _ = p.Calendar.Holiday(e.Date)
	o.Shifted = o.Date != o.RuleDate
	code := "scheduler.exception." + string(e.Kind)
	if e.Kind == Move && !o.Shifted {
		code = "scheduler.exception.times"
	}
	o.say(code, text.Args{"date": e.Date.String(), "to": o.Date.String(), "why": e.Why})
	return o
}

// occurrence asks the exceptions, then the holiday policy, then the weekend policy.
func (p *planner) occurrence(d Date) Occurrence {
	o := Occurrence{Date: d, RuleDate: d}
	o.Holiday, _ = p.Calendar.Holiday(d)
	if e, ok := p.exceptions[d]; ok && e.Kind == Skip {
		o.Skipped = true
		o.say("scheduler.exception.skip", text.Args{"date": d.String(), "why": e.Why})
		return o
	}
	o.Flagged = !p.Calendar.Knows(d.Year())
	if o.Holiday != "" {
		p.shift(&o, "holiday", p.Holiday)
	}
	if !o.Skipped && p.Calendar.Weekend(o.Date) {
		p.shift(&o, "weekend", p.Weekend)
	}
	if o.Skipped { // perhaps after a shift: what is missing is the rule's date
		o.Date = o.RuleDate
	}
	o.Shifted = o.Date != o.RuleDate
	return o
}

// shift applies one policy to an occurrence that fell on a holiday or weekend.
func (p *planner) shift(o *Occurrence, what string, policy Policy) {
	if policy == Keep {
		return
	}
	args := text.Args{"date": o.Date.String(), "holiday": o.Holiday}
	step, reach := Date(1), Date(workdayReach)
	fits := p.Calendar.Workday
	switch policy {
	case SkipDate:
		o.Skipped = true
		o.say("scheduler."+what+".skip", args)
		return
	case PreviousWorkday:
		step = -1
	case NextSameWeekday:
		step, reach = 7, weekdayReach
		if what == "holiday" { // a free Saturday is fine, the weekend policy is asked next
			fits = func(d Date) bool { _, off := p.Calendar.Holiday(d); return !off }
		}
	}
	for d := o.Date + step; d >= o.Date-reach && d <= o.Date+reach; d += step {
		o.Flagged = o.Flagged || !p.Calendar.Knows(d.Year())
		if fits(d) {
			args["to"] = d.String()
			o.Date = d
			o.say("scheduler."+what+"."+string(policy), args)
			return
		}
	}
	o.Skipped = true
	o.say("scheduler."+what+".nowhere", args)
}
