package web

import (
	"strconv"
	"time"

	"yiji/booths/queue"
)

// Charts are drawn by the server in lengths that follow the page: across in
// percent, up in rem. So their words have the size of all other words, on a
// phone and on paper.

// column is one upright bar of a chart over time, in percent.
type column struct {
	X, W, Y, H string
	Words      string
}

// tick is a word below the chart.
type tick struct{ X, Says string }

// columns is a chart over time.
type columns struct {
	Label string
	Most  int // the highest column
	Bars  []column
	Ticks []tick
}

const ticksMost = 5 // across a phone

// arrivalColumns are the people who came, from the first five minutes to the
// last, also those in which nobody did.
func (p page) arrivalColumns(all []queue.ArrivalSlot) columns {
	out := columns{Label: p.T("sum.arrivals")}
	slots := everySlot(all)
	if len(slots) == 0 {
		return out
	}
	for _, a := range slots {
		out.Most = max(out.Most, a.People)
	}
	loc, width := zoneOf(p.Community.TimeZone), 100/float64(len(slots))
	every := tickMinutes(len(slots))
	for i, a := range slots {
		x, h := float64(i)*width, 100*float64(a.People)/float64(max(out.Most, 1))
		out.Bars = append(out.Bars, column{X: share(x + width*0.1), W: share(width * 0.8), Y: share(100 - h), H: share(h),
			Words: p.clockText(a.At) + " · " + strconv.Itoa(a.People)})
		local := a.At.In(loc)
		if (local.Hour()*60+local.Minute())%every == 0 && x < 90 {
			out.Ticks = append(out.Ticks, tick{share(x), p.clockText(a.At)})
		}
	}
	return out
}

// everySlot fills the five minutes in which nobody came, at most a day of them.
func everySlot(all []queue.ArrivalSlot) (out []queue.ArrivalSlot) {
	const step, day = 5 * time.Minute, 24 * 12
	for i, a := range all {
		for i > 0 && len(out) < day && out[len(out)-1].At.Add(step).Before(a.At) {
			out = append(out, queue.ArrivalSlot{At: out[len(out)-1].At.Add(step)})
		}
		out = append(out, a)
	}
	return out[:min(len(out), day)]
}

// tickMinutes is how far apart the words below a chart stand.
func tickMinutes(slots int) int {
	for _, m := range []int{30, 60, 120, 180} {
		if slots*5/m < ticksMost {
			return m
		}
	}
	return 360
}

func share(n float64) string { return strconv.FormatFloat(n, 'f', 2, 64) + "%" }

// lineBars are one line in the chart of lines: how many were served, and how
// long they waited, each to its own scale.
type lineBars struct {
	Name, Who           string
	Served, Wait        string // widths
	Longest             string // where the longest wait ends
	ServedText, WaitSay string
}

// bars are the lines of the day for the chart, in their order.
func (v summaryView) bars() (out []lineBars) {
	served, wait := 1, time.Minute
	for _, l := range v.Figures.Lines {
		served, wait = max(served, l.Served), max(wait, v.Course.Lines[l.LineID].Longest, meanWait(l))
	}
	of := func(d time.Duration) string { return share(100 * float64(d) / float64(wait)) }
	for _, l := range v.Figures.Lines {
		b := lineBars{Name: l.BoothCode + " · " + l.Service, Who: v.names[l.PartnerID], Served: share(100 * float64(l.Served) / float64(served)),
			ServedText: v.T("sum.bar_served", "n", strconv.Itoa(l.Served)), WaitSay: v.T("sum.bar_nobody")}
		if l.Called > 0 {
			longest := v.Course.Lines[l.LineID].Longest
			b.Wait, b.Longest = of(meanWait(l)), of(longest)
			b.WaitSay = v.T("sum.bar_wait", "mean", minutesOf(l.WaitedSeconds, l.Called), "longest", minuteText(longest))
		}
		out = append(out, b)
	}
	return out
}

// meanWait is how long the called ones of a line waited.
func meanWait(l queue.LineCount) time.Duration {
	if l.Called == 0 {
		return 0
	}
	return time.Duration(l.WaitedSeconds) * time.Second / time.Duration(l.Called)
}

// minuteText is a span in whole minutes.
func minuteText(d time.Duration) string {
	return strconv.FormatInt(int64((d+30*time.Second)/time.Minute), 10)
}
