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
	v.Modules = []string{"paper.js"}
	if err != nil {
		return v, err
	}
	if v.dayNumbers, err = c.dayNumbers(v.Day.ID); err != nil {
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

// dayNumbers is what is counted and noted about a day; one nobody has heard of
// yet has none.
type dayNumbers struct {
	Figures   queue.DayCounts
	Course    queue.Course
	Feedback  queue.Feedbacks
	Incidents []queue.Incident
	Arrivals  map[string]time.Time // of partners
}

func (c *call) dayNumbers(dayID string) (n dayNumbers, err error) {
	q, community := c.server.Queue, c.In.CommunityID
	if n.Figures, err = q.DayFigures(c.ctx(), community, dayID); unheard(err) {
		return n, nil
	}
	if err != nil {
		return n, err
	}
	if n.Course, err = q.DayCourse(c.ctx(), community, dayID); err != nil {
		return n, err
	}
	if n.Feedback, err = q.FeedbackOf(c.ctx(), community, dayID); err != nil {
		return n, err
	}
	if n.Incidents, err = q.Incidents(c.ctx(), community, dayID); err != nil {
		return n, err
	}
	n.Arrivals, err = c.server.Booths.Arrivals(c.ctx(), community, dayID)
	return n, err
}

// reportShow is the report on paper.
func (s *Server) reportShow(c *call) error {
	v, err := c.summaryView(c.form())
	if err != nil {
		return err
	}
	return c.show(reportPage(v))
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

// percent is a rate computed from its counts, never stored; the ledger has it exactly.
func percent(part, whole int) string {
	if whole == 0 {
		return "–"
	}
	return fmt.Sprintf("%.1f%%", 100*float64(part)/float64(whole))
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

// report is the finished 活动简报, to be copied: nobody types a number twice. It
// says what was counted and nothing about persons: incidents stand in the
// printed report and the ledger, not in a text for twenty groups.
func (v summaryView) report() string {
	return v.Day.MarketName + " " + v.T("sum.brief") + "\n\n" + strings.Join(v.prose(), "\n\n")
}

// prose are the paragraphs of the report.
func (v summaryView) prose() []string {
	partners, services := v.came()
	first := v.T("sum.brief_held", "date", v.dateText(v.Day.HeldOn), "opens", v.clockText(openedAt(v.Day)),
		"closes", v.clockText(closedAt(v.Day)), "community", v.Community.Name, "venue", v.Day.Venue, "market", v.Day.MarketName)
	if len(partners) > 0 {
		first += v.between() + v.T("sum.brief_partners", "n", strconv.Itoa(len(partners)), "partners", v.listText(partners),
			"m", strconv.Itoa(len(services)), "services", v.listText(services))
	}
	out := []string{first}
	add := func(sentences ...string) {
		if all := strings.Join(sentences, v.between()); strings.TrimSpace(all) != "" {
			out = append(out, strings.TrimSpace(all))
		}
	}
	add(v.briefPeople()...)
	add(v.briefServed(), v.briefWait())
	if f := v.Feedback; f.Good+f.Fair+f.Poor > 0 {
		add(v.T("sum.brief_feedback", "good", strconv.Itoa(f.Good), "fair", strconv.Itoa(f.Fair), "poor", strconv.Itoa(f.Poor)))
	}
	if n := v.Feedback.Apart; n > 0 {
		add(v.T("sum.brief_apart", "n", strconv.Itoa(n)))
	}
	if v.Next.ID != "" && v.Next.ID != v.Day.ID {
		add(v.T("sum.brief_next", "date", v.dateText(v.Next.HeldOn), "opens", v.clockText(v.Next.OpensAt)))
	}
	return out
}

// between stands between two sentences: nothing in Chinese.
func (v summaryView) between() string {
	if v.Lang == "en" {
		return " "
	}
	return ""
}

func (v summaryView) briefPeople() (out []string) {
	if v.Figures.Reported > 0 {
		out = append(out, v.T("sum.brief_reported", "n", strconv.Itoa(v.Figures.Reported)))
	}
	out = append(out, v.T("sum.brief_measured", "n", strconv.Itoa(v.Figures.Residents), "tickets", strconv.Itoa(v.Figures.Tickets),
		"served", strconv.Itoa(v.served()), "rate", percent(v.served(), v.Figures.Tickets)))
	if b := v.busiest(); b.People > 0 {
		out = append(out, v.T("sum.brief_busiest", "from", v.clockText(b.At), "to", v.clockText(b.At.Add(5*time.Minute)), "n", strconv.Itoa(b.People)))
	}
	return out
}

// briefServed says how many each service was for; one name is one service,
// wherever it stood.
func (v summaryView) briefServed() string {
	_, services := v.came()
	words := make([]string, len(services))
	for i, name := range services {
		n := 0
		for _, l := range v.Figures.Lines {
			if l.Service == name {
				n += l.Served
			}
		}
		words[i] = v.T("sum.brief_service", "service", name, "n", strconv.Itoa(n))
	}
	if len(words) == 0 {
		return ""
	}
	return v.T("sum.brief_services", "services", v.listText(words))
}

// briefWait says who waited longest, and how many were not served.
func (v summaryView) briefWait() string {
	var longest time.Duration
	name := ""
	for _, l := range v.Figures.Lines {
		if w := v.Course.Lines[l.LineID].Longest; w > longest {
			longest, name = w, l.Service
		}
	}
	var out []string
	if name != "" {
		out = append(out, v.T("sum.brief_longest", "service", name, "wait", v.lengthText("length.of", int(longest.Round(time.Minute)/time.Minute))))
	}
	if n := v.Figures.CarriedOver; n > 0 {
		out = append(out, v.T(v.carried("sum.brief_carried", "sum.brief_expired"), "n", strconv.Itoa(n)))
	}
	return strings.Join(out, v.between())
}

// carried chooses the words about those who were not reached: with a next day
// they come first on it, without one their numbers expire.
func (v summaryView) carried(over, nowhere string) string {
	if v.Next.ID == "" {
		return nowhere
	}
	return over
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

// longestText is the longest wait of a line in minutes; "–" when nobody was called.
func (v summaryView) longestText(l queue.LineCount) string {
	if l.Called == 0 {
		return "–"
	}
	return minuteText(v.Course.Lines[l.LineID].Longest)
}

func (v summaryView) year() string { return v.Day.HeldOn.String()[:4] }

// settled reports whether nothing changes any more.
func (v summaryView) settled() bool { return v.State == scheduler.Settled && v.Figures.Counted }
