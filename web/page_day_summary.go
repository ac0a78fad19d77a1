package web

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"yiji/booths/queue"
	"yiji/internal/fault"
	"yiji/scheduler"
)

func (s *Server) summaryShow(c *call) error {
	v, err := c.summaryView(c.form("residents"))
	if err != nil {
		return err
	}
	if v.Figures.Reported > 0 {
		v.form = v.form.With("residents", strconv.Itoa(v.Figures.Reported))
	}
	return c.show(summaryPage(v))
}

func (c *call) summaryView(f form) (summaryView, error) {
	at, err := c.duty("sum.title")
	v := summaryView{duty: at, form: f, names: map[string]string{}}
	if err != nil {
		return v, err
	}
	if v.Figures, err = c.server.Queue.DayFigures(c.ctx(), c.In.CommunityID, v.Day.ID); err != nil && !unheard(err) {
		return v, err
	}
	if v.Feedback, err = c.server.Queue.FeedbackOf(c.ctx(), c.In.CommunityID, v.Day.ID); err != nil && !unheard(err) {
		return v, err
	}
	partners, err := c.server.Booths.Partners(c.ctx(), c.In.CommunityID)
	if err != nil {
		return v, err
	}
	for _, p := range partners {
		v.names[p.ID] = p.Name
	}
	v.Next, err = c.server.Scheduler.NextDay(c.ctx(), c.In.CommunityID, v.Day.MarketID)
	if fault.KindOf(err) == fault.KindNotFound {
		err = nil
	}
	return v, err
}

// summaryReport keeps how many residents the organizer reports, beside what was measured.
func (s *Server) summaryReport(c *call) error {
	f := c.form("residents")
	n, err := 0, error(nil)
	if f.Get("residents") != "" {
		if n, err = strconv.Atoi(f.Get("residents")); err != nil {
			err = fault.Invalid("queue.reported", "residents", "must be a whole number")
		}
	}
	if err == nil {
		err = s.Queue.Report(c.ctx(), c.In.CommunityID, c.Param("day"), n)
	}
	if err != nil {
		v, gone := c.summaryView(f)
		if gone != nil {
			return gone
		}
		return c.again(f, err, func(f form) templ.Component {
			v.form = f
			return summaryPage(v)
		})
	}
	return c.done("/o/"+c.Community.Slug+"/days/"+c.Param("day")+"/summary", "done.saved")
}

// total adds up a count of all lines.
func (v summaryView) total(of func(queue.LineCount) int) (n int) {
	for _, l := range v.Figures.Lines {
		n += of(l)
	}
	return n
}

func (v summaryView) served() int {
	return v.total(func(l queue.LineCount) int { return l.Served })
}

func (v summaryView) missed() int {
	return v.total(func(l queue.LineCount) int { return l.Missed })
}

// percent is a rate computed from its counts, never stored.
func percent(part, whole int) string {
	if whole == 0 {
		return "–"
	}
	return fmt.Sprintf("%.2f%%", 100*float64(part)/float64(whole))
}

// busiest is the five minutes in which most residents came.
func (v summaryView) busiest() (best queue.ArrivalSlot) {
	for _, a := range v.Figures.Arrivals {
		if a.People > best.People {
			best = a
		}
	}
	return best
}

// report is the finished 活动简报, to be copied: nobody types a number twice.
func (v summaryView) report() string {
	lines := []string{v.Day.MarketName + " " + v.T("sum.brief"), "", v.T("sum.brief_held", "date", v.dateText(v.Day.HeldOn), "opens", v.clockText(v.Day.OpensAt),
		"closes", v.clockText(v.Day.ClosesAt), "community", v.Community.Name, "venue", v.Day.Venue, "market", v.Day.MarketName)}
	partners, services := v.came()
	lines = append(lines, v.T("sum.brief_partners", "n", strconv.Itoa(len(partners)), "partners", v.listText(partners),
		"m", strconv.Itoa(len(services)), "services", v.listText(services)))
	if v.Figures.Reported > 0 {
		lines = append(lines, v.T("sum.brief_reported", "n", strconv.Itoa(v.Figures.Reported)))
	}
	lines = append(lines, v.T("sum.brief_measured", "n", strconv.Itoa(v.Figures.Residents), "tickets", strconv.Itoa(v.Figures.Tickets),
		"served", strconv.Itoa(v.served()), "rate", percent(v.served(), v.Figures.Tickets)))
	if b := v.busiest(); b.People > 0 {
		lines = append(lines, v.T("sum.brief_busiest", "from", v.clockText(b.At), "to", v.clockText(b.At.Add(5*time.Minute)), "n", strconv.Itoa(b.People)))
	}
	if n := v.Figures.CarriedOver; n > 0 {
		lines = append(lines, v.T("sum.brief_carried", "n", strconv.Itoa(n)))
	}
	if f := v.Feedback; f.Good+f.Fair+f.Poor > 0 {
		lines = append(lines, v.T("sum.brief_feedback", "good", strconv.Itoa(f.Good), "fair", strconv.Itoa(f.Fair), "poor", strconv.Itoa(f.Poor)))
	}
	lines = append(lines, "")
	for _, l := range v.Figures.Lines {
		lines = append(lines, v.T("sum.brief_line", "booth", l.BoothCode, "service", l.Service, "partner", v.names[l.PartnerID],
			"issued", strconv.Itoa(l.Issued), "served", strconv.Itoa(l.Served), "missed", strconv.Itoa(l.Missed)))
	}
	if v.Next.ID != "" && v.Next.ID != v.Day.ID {
		lines = append(lines, "", v.T("sum.brief_next", "date", v.dateText(v.Next.HeldOn), "opens", v.clockText(v.Next.OpensAt)))
	}
	return strings.Join(lines, "\n")
}

// came lists who was there and what they brought, each once.
func (v summaryView) came() (partners, services []string) {
	for _, l := range v.Figures.Lines {
		if name := v.names[l.PartnerID]; name != "" && !slices.Contains(partners, name) {
			partners = append(partners, name)
		}
		if !slices.Contains(services, l.Service) {
			services = append(services, l.Service)
		}
	}
	return partners, services
}

// bar is one five minutes of the arrivals chart.
type bar struct {
	X, Y, W, H int
	Words      string
	Label      string // below it, on the full and half hours
}

const (
	chartHeight = 200
	barWidth    = 16
)

// arrivals are the bars from the first to the last five minutes, also those in which nobody came.
func (v summaryView) arrivals() []bar {
	all := v.Figures.Arrivals
	if len(all) == 0 {
		return nil
	}
	people := map[int64]int{}
	for _, a := range all {
		people[a.At.Unix()] = a.People
	}
	var out []bar
	most := max(1, v.busiest().People)
	loc := zoneOf(v.Community.TimeZone)
	const day = 24 * 12
	for t := all[0].At; !t.After(all[len(all)-1].At) && len(out) < day; t = t.Add(5 * time.Minute) {
		n := people[t.Unix()]
		h := n * chartHeight / most
		b := bar{X: 40 + len(out)*(barWidth+4), Y: 20 + chartHeight - h, W: barWidth, H: h, Words: v.clockText(t) + " · " + strconv.Itoa(n)}
		if t.In(loc).Minute()%30 == 0 {
			b.Label = v.clockText(t)
		}
		out = append(out, b)
	}
	return out
}

// settled reports whether nothing changes any more.
func (v summaryView) settled() bool { return v.State == scheduler.Settled && v.Figures.Counted }
