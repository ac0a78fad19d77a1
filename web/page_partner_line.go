package web

import (
	"cmp"
	"context"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"yiji/booths/queue"
	"yiji/internal/account"
	"yiji/internal/fault"
)

// lineRefresh is how often, in seconds, the console of a line looks for new
// numbers where no script does.
const lineRefresh = 20

var lineFields = []string{"do", "ticket", "version", "move", "reason", "pieces", "all"}

func (s *Server) lineConsole(c *call) error {
	v, err := c.consoleView(c.form(lineFields...))
	if err != nil {
		return err
	}
	return c.show(linePage(v))
}

func (c *call) consoleView(f form) (consoleView, error) {
	v := consoleView{page: c.console("line.title"), form: f, Base: "/p/" + c.Community.Slug}
	v.Modules, v.Refresh = []string{"line.js"}, lineRefresh
	communityID, dayID, _, err := c.server.Queue.LineOwner(c.ctx(), c.Param("line"))
	if err != nil {
		return v, err
	}
	v.Console, err = c.server.Queue.Line(c.ctx(), communityID, dayID, c.Param("line"))
	if !c.Actor.Has(account.Role{Kind: account.Partner, CommunityID: communityID, PartnerID: v.Line.PartnerID}) {
		v.As = "?partner=" + v.Line.PartnerID // an organizer helps out
	}
	if err != nil {
		return v, err
	}
	v.Title = v.Line.Service
	all, err := c.server.Queue.Lines(c.ctx(), communityID, dayID)
	for _, l := range all {
		if l.PartnerID == v.Line.PartnerID {
			v.Lines = append(v.Lines, l)
		}
	}
	return v, err
}

// lineVerb is what one button of the console does.
type lineVerb func(ctx context.Context, c queue.LineCommand) error

func moved[T any](do func(context.Context, queue.LineCommand) (T, error)) lineVerb {
	return func(ctx context.Context, c queue.LineCommand) error {
		_, err := do(ctx, c)
		return err
	}
}

// paused stops the line for a known reason, or for the one that was written down.
func paused(q *queue.Service, why string) lineVerb {
	return func(ctx context.Context, c queue.LineCommand) error {
		c.Reason = cmp.Or(c.Reason, why)
		return q.Pause(ctx, c)
	}
}

// lineVerbs are the buttons of the console by the name they carry.
func (s *Server) lineVerbs(f form) map[string]lineVerb {
	q := s.Queue
	return map[string]lineVerb{
		"next": moved(q.ServeAndNext), "serve": moved(q.Serve), "accept": moved(q.Accept), "ready": moved(q.Ready),
		"recall": moved(q.Recall), "missed": moved(q.Missed), "undo": moved(q.Undo), "resume": q.Resume,
		"pause": q.Pause, "pause_short": paused(q, queue.WhyShort), "pause_stuck": paused(q, queue.WhyStuck),
		"out": q.SellOut,
		"stock": func(ctx context.Context, c queue.LineCommand) error {
			n, err := f.number("pieces")
			if err != nil {
				return err
			}
			if saw, err := f.number("all"); err == nil { // a page of before the last upgrade does not say
				c.Saw = &saw
			}
			_, err = q.AddStock(ctx, c, n)
			return err
		},
	}
}

func (s *Server) linePress(c *call) error {
	f := c.form(lineFields...)
	do, known := s.lineVerbs(f)[f.Get("do")]
	if !known {
		return fault.Invalid("request.syntax", "do", "is not something a line does")
	}
	communityID, dayID, _, err := s.Queue.LineOwner(c.ctx(), c.Param("line"))
	if err != nil {
		return err
	}
	cmd := queue.LineCommand{CommunityID: communityID, DayID: dayID, LineID: c.Param("line"), TicketID: f.Get("ticket"),
		By: c.Actor.PersonID, Reason: f.Get("reason"), Key: f.Key}
	if f.Get("do") == "next" { // two who press at once call one, not two
		cmd.Version, _ = strconv.ParseInt(f.Get("version"), 10, 64)
	}
	cmd.Move, _ = strconv.ParseInt(f.Get("move"), 10, 64)
	if err := do(c.ctx(), cmd); err != nil {
		v, gone := c.consoleView(f)
		if gone != nil {
			return gone
		}
		return c.again(f, err, func(f form) templ.Component {
			v.form = f
			return linePage(v)
		})
	}
	return c.done("/p/"+c.Community.Slug+"/lines/"+c.Param("line"), "")
}

// onStage are the numbers that are called: of items only those whose owner
// stands there; what was handed in lies in the list of work.
func (v consoleView) onStage() (out []queue.OnStage) {
	for _, t := range v.Current {
		if v.Line.Kind != queue.Item || t.State == queue.Called {
			out = append(out, t)
		}
	}
	return out
}

// inWork are the items at the booth: those to be done first, then those to be fetched.
func (v consoleView) inWork() (out []queue.OnStage) {
	if v.Line.Kind != queue.Item {
		return nil
	}
	for _, state := range []queue.State{queue.Serving, queue.Ready} {
		for _, t := range v.Current {
			if t.State == state {
				out = append(out, t)
			}
		}
	}
	return out
}

// first is the ticket the big button completes: the one called or being
// served the longest.
func (v consoleView) first() *queue.OnStage {
	if all := v.onStage(); len(all) > 0 {
		return &all[0]
	}
	return nil
}

// completes is the ticket the big button completes on its way; an item is
// handed in and made ready by its own buttons.
func (v consoleView) completes() string {
	if t := v.first(); t != nil && v.Line.Kind != queue.Item {
		return t.ID
	}
	return ""
}

// nextMeans says in small what the big button will do.
func (v consoleView) nextMeans() string {
	switch done := v.completes() != ""; {
	case done && v.Line.Waiting == 0:
		return v.T("line.next_last", "n", strconv.Itoa(v.first().Number))
	case done:
		return v.T("line.next_completes", "n", strconv.Itoa(v.first().Number))
	case v.Line.Waiting == 0:
		return v.T("line.next_nobody")
	}
	return v.T("line.next_calls", "n", strconv.Itoa(v.Next[0].Number))
}

// idleText says why no number stands on the page.
func (v consoleView) idleText() string {
	if v.running() && v.Line.Waiting > 0 {
		return "line.nobody_press"
	}
	return "line.nobody"
}

func (v consoleView) running() bool {
	return v.Line.State == queue.LineOpen || v.Line.State == queue.LineSoldOut
}

// working reports whether tickets can be moved at all.
func (v consoleView) working() bool {
	return v.running() || v.Line.State == queue.LinePaused || v.Line.State == queue.LineClosing
}

// recallable reports whether a called number may be called again now.
func (v consoleView) recallable(t queue.OnStage) bool {
	return t.State == queue.Called && !v.Now.Before(t.RecallAt)
}

// beaten reports whether somebody else at the same line pressed first: nothing
// is wrong, the page shows what they did.
func (v consoleView) beaten() bool {
	return v.form.Failed() && (v.form.fault.Code == "queue.line_moved_on" || v.restocked())
}

// restocked reports whether somebody else changed the pieces first.
func (v consoleView) restocked() bool {
	return v.form.Failed() && v.form.fault.Code == "queue.stock_moved"
}

// verbText names what the last move was, for the undo.
func (v consoleView) verbText(verb string) string { return v.T("line.verb." + verb) }

// pauseForm and stockForm are the forms below: with what was typed when it was
// that one which failed.
func (v consoleView) pauseForm() form { return v.formOf("pause") }

func (v consoleView) stockForm() form { return v.formOf("stock") }

func (v consoleView) formOf(verb string) form {
	if strings.HasPrefix(v.form.Get("do"), verb) {
		return v.form
	}
	return v.form.anew()
}

// failed is the form whose reason stands above everything: one that is not
// about a field below.
func (v consoleView) failed() form {
	running := v.Line.State == queue.LineOpen || v.Line.State == queue.LineSoldOut
	for _, f := range []form{v.pauseForm(), v.stockForm()} {
		if f.Failed() && f.General() == "" && running {
			return f.anew()
		}
	}
	return v.form.aloud()
}
