package web

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/xuri/excelize/v2"

	"yiji/booths/queue"
	"yiji/scheduler"
)

func itoa(n int) string { return strconv.Itoa(n) }

// workbook writes the sheets of the ledger in the reader's language.
func (l ledger) workbook() ([]byte, error) {
	b := newBook()
	says := func(key string) string { return l.T(key) }
	days := l.dayRows()
	b.sheet(l.T("ledger.days"), dayHeadings, says, days)
	b.sheet(l.T("ledger.services"), serviceHeadings, says, l.serviceRows())
	b.sheet(l.T("ledger.partners"), partnerHeadings, says, l.partnerRows())
	times := l.timeRows()
	b.sheet(l.T("ledger.times"), timeHeadings, says, times)
	b.sheet(l.T("ledger.feedback"), feedbackHeadings, says, l.feedbackRows())
	if len(l.Days) == 1 {
		at := l.T("ledger.times")
		b.draw(chartPlan{at, "G2", l.T("sum.arrivals"), excelize.Col, len(times), []string{"B", "C"}})
		b.draw(chartPlan{at, "G19", l.T("ledger.chart_line"), excelize.Line, len(times), []string{"B", "D", "E"}})
	} else {
		at := l.T("ledger.days")
		b.draw(chartPlan{at, "B" + itoa(len(days)+4), l.T("ledger.chart_days"), excelize.Col, len(days), []string{"A", "J", "M"}})
		b.draw(chartPlan{at, "L" + itoa(len(days)+4), l.T("ledger.chart_wait"), excelize.Line, len(days), []string{"A", "S", "T"}})
	}
	return b.bytes()
}

var dayHeadings = []heading{
	{"stall.date", asDate, 12}, {"ledger.weekday", asText, 8}, {"ledger.market", asText, 22}, {"ledger.venue", asText, 22}, {"duty.opens", asClock, 8},
	{"duty.closes", asClock, 8}, {"ledger.state", asText, 10}, {"ledger.partner_count", asCount, 9}, {"ledger.line_count", asCount, 9},
	{"sum.residents", asCount, 10}, {"sum.reported", asCount, 10}, {"sum.tickets", asCount, 8}, {"sum.served", asCount, 8}, {"sum.rate", asShare, 9},
	{"sum.missed", asCount, 8}, {"sum.left", asCount, 8}, {"sum.expired", asCount, 8}, {"sum.carried", asCount, 8}, {"sum.wait", asMean, 10},
	{"sum.longest", asMean, 10}, {"ledger.good", asCount, 8}, {"ledger.fair", asCount, 8}, {"ledger.poor", asCount, 8}, {"incident.title", asText, 40},
}

func (l ledger) dayRows() (out [][]any) {
	for _, d := range l.Days {
		called, waited := d.sum(func(x queue.LineCount) int { return x.Called }), int64(0)
		for _, x := range d.Figures.Lines {
			waited += x.WaitedSeconds
		}
		served := d.sum(func(x queue.LineCount) int { return x.Served })
		var rate, reported any
		if d.Figures.Tickets > 0 {
			rate = float64(served) / float64(d.Figures.Tickets)
		}
		if d.Figures.Reported > 0 {
			reported = d.Figures.Reported
		}
		notes := make([]string, len(d.Incidents))
		for i, n := range d.Incidents {
			notes[i] = l.clockText(n.At) + " " + n.Words
		}
		out = append(out, []any{midnight(d.HeldOn), scheduler.WeekdayOf(d.HeldOn).In(l.Lang), d.MarketName, d.Venue, l.local(openedAt(d.Day)), l.local(closedAt(d.Day)),
			l.T("scheduler.state." + string(d.StateAt(l.Now))), d.partners(), len(d.Figures.Lines), d.Figures.Residents, reported, d.Figures.Tickets, served, rate,
			d.sum(func(x queue.LineCount) int { return x.Missed }), d.sum(func(x queue.LineCount) int { return x.Left }),
			d.sum(func(x queue.LineCount) int { return x.Expired }), d.Figures.CarriedOver, minutesFloat(waited, called), d.longest().Minutes(),
			d.Feedback.Good, d.Feedback.Fair, d.Feedback.Poor, strings.Join(notes, "\n")})
	}
	return out
}

var serviceHeadings = []heading{
	{"stall.date", asDate, 12}, {"ledger.market", asText, 22}, {"plan.booth", asText, 8}, {"stall.service", asText, 20}, {"plan.who", asText, 28},
	{"stall.issued", asCount, 8}, {"sum.served", asCount, 8}, {"sum.missed", asCount, 8}, {"sum.left", asCount, 8}, {"sum.expired", asCount, 8},
	{"sum.wait", asMean, 10}, {"sum.longest", asMean, 10}, {"stall.minutes", asMean, 10},
}

func (l ledger) serviceRows() (out [][]any) {
	for _, d := range l.Days {
		for _, x := range d.Figures.Lines {
			var longest any
			if x.Called > 0 {
				longest = d.Course.Lines[x.LineID].Longest.Minutes()
			}
			out = append(out, []any{midnight(d.HeldOn), d.MarketName, x.BoothCode, x.Service, l.names[x.PartnerID], x.Issued, x.Served, x.Missed, x.Left, x.Expired,
				minutesFloat(x.WaitedSeconds, x.Called), longest, minutesFloat(x.ServedSeconds, x.Served)})
		}
	}
	return out
}

var partnerHeadings = []heading{
	{"stall.date", asDate, 12}, {"plan.who", asText, 32}, {"plan.booth", asText, 12}, {"stall.service", asText, 44}, {"sum.tickets", asCount, 8},
	{"sum.served", asCount, 8}, {"stall.hours", asMean, 8}, {"ledger.arrived", asClock, 8},
}

// partnerRows are who came on each day, with everything they brought.
func (l ledger) partnerRows() (out [][]any) {
	for _, d := range l.Days {
		type sum struct {
			booths, services []string
			issued, served   int
			seconds          int64
		}
		sums := map[string]*sum{}
		var order []string
		for _, x := range d.Figures.Lines {
			if sums[x.PartnerID] == nil {
				sums[x.PartnerID] = &sum{}
				order = append(order, x.PartnerID)
			}
			s := sums[x.PartnerID]
			if !slices.Contains(s.booths, x.BoothCode) {
				s.booths = append(s.booths, x.BoothCode)
			}
			if !slices.Contains(s.services, x.Service) {
				s.services = append(s.services, x.Service)
			}
			s.issued, s.served, s.seconds = s.issued+x.Issued, s.served+x.Served, s.seconds+x.ServedSeconds
		}
		for _, id := range order {
			s := sums[id]
			var arrived any // empty where nobody noted it
			if at, noted := d.Arrivals[id]; noted {
				arrived = l.local(at)
			}
			out = append(out, []any{midnight(d.HeldOn), l.names[id], l.listText(s.booths), l.listText(s.services), s.issued, s.served, float64(s.seconds) / 3600, arrived})
		}
	}
	return out
}

var timeHeadings = []heading{
	{"stall.date", asDate, 12}, {"ledger.time", asClock, 8}, {"duty.arrived", asCount, 10}, {"duty.in_line", asCount, 10}, {"sum.served", asCount, 10},
}

// timeRows are the five minutes of each day in which anybody came, waited or was served.
func (l ledger) timeRows() (out [][]any) {
	for _, d := range l.Days {
		type five struct{ came, waiting, served int }
		at := map[int64]*five{}
		get := func(unix int64) *five {
			if at[unix] == nil {
				at[unix] = &five{}
			}
			return at[unix]
		}
		for _, a := range everySlot(d.Figures.Arrivals) {
			get(a.At.Unix()).came = a.People
		}
		for _, s := range d.Course.Slots {
			f := get(s.At.Unix())
			f.waiting, f.served = s.Waiting, s.Served
		}
		slots := everySlot(slotsOf(at))
		for _, s := range slots {
			f := get(s.At.Unix())
			out = append(out, []any{midnight(d.HeldOn), l.local(s.At), f.came, f.waiting, f.served})
		}
	}
	return out
}

var feedbackHeadings = []heading{
	{"stall.date", asDate, 12}, {"stall.service", asText, 22}, {"ledger.mark", asText, 10}, {"ledger.words", asText, 80},
}

// markText says so when no served number stands behind a mark.
func (l ledger) markText(f queue.Feedback) string {
	if f.Apart {
		return l.T("ledger.apart", "mark", l.T("ledger."+string(f.Mark)))
	}
	return l.T("ledger." + string(f.Mark))
}

// feedbackRows are what residents wrote, nobody knows who.
func (l ledger) feedbackRows() (out [][]any) {
	for _, d := range l.Days {
		for _, f := range d.Feedback.Words {
			out = append(out, []any{midnight(d.HeldOn), cmp.Or(f.Service, l.T("ledger.whole_day")), l.markText(f), f.Words})
		}
	}
	return out
}
