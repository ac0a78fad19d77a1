//go:build !race

package look

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"yiji/booths/queue"
	"yiji/internal/browser"
	"yiji/internal/demo/stage"
	"yiji/scheduler"
)

// quick lets what is held for seconds pass quickly, and notes what the wall
// announces together with the number that stands there large.
const quick = `
	const wait = window.setTimeout;
	window.setTimeout = (f, ms, ...a) => wait(f, ms > 1500 && ms < 13000 ? ms / 20 : ms, ...a);
	window.said = [];
	new MutationObserver(() => {
		const text = document.getElementById("say")?.textContent;
		if (text && said.at(-1)?.text !== text) said.push({text, number: +document.querySelector("#newest .n").textContent});
	}).observe(document, {subtree: true, childList: true, characterData: true});`

type announced struct {
	Text   string `json:"text"`
	Number int    `json:"number"`
}

func said(p *browser.Page, n int) []announced {
	p.WaitFor(fmt.Sprint(n, " calls are announced"), fmt.Sprintf(`window.said.length >= %d`, n))
	return browser.Eval[[]announced](p, `said`)
}

// caller calls numbers at the lines of a world, one a second.
type caller struct {
	t *testing.T
	w *stage.World
	n int
}

// next calls somebody at the i-th line with people, and answers the sentence for it.
func (c *caller) next(i int) (string, queue.Ticket) {
	c.t.Helper()
	c.w.Push(time.Second)
	l := c.busy()[i]
	c.n++
	tk, err := c.w.App.Queue.Next(c.t.Context(), queue.LineCommand{CommunityID: c.w.CommunityID, DayID: c.w.Day, LineID: l.ID, By: "test", Key: fmt.Sprint("call ", c.n)})
	if err != nil {
		c.t.Fatal(err)
	}
	return sentence("请", tk.Number, l), tk
}

func sentence(please string, number int, l queue.Line) string {
	return fmt.Sprintf("%s %d 号到 %s 号摊位，%s", please, number, l.BoothCode, l.Service)
}

// busy are the lines where many wait, in a fixed order.
func (c *caller) busy() (out []queue.Line) {
	c.t.Helper()
	all, err := c.w.App.Queue.Lines(c.t.Context(), c.w.CommunityID, c.w.Day)
	if err != nil {
		c.t.Fatal(err)
	}
	for _, l := range all {
		if l.Kind == queue.Person && l.State == queue.LineOpen && l.Waiting > 2 {
			out = append(out, l)
		}
	}
	slices.SortFunc(out, func(a, b queue.Line) int { return strings.Compare(a.ID, b.ID) })
	if len(out) < 2 {
		c.t.Fatalf("only %d lines with people", len(out))
	}
	return out
}

// Calls are announced in their order, also those that come together or while the
// network is cut; none twice, and none again after a reload. Without sound none
// waits until another has been read.
func TestScreenAnnounces(t *testing.T) {
	t.Parallel()
	if !browser.Have(t) {
		return
	}
	w := stage.Open(t, stage.Busy)
	c := &caller{t: t, w: w}
	browser.With(t, browser.Options{Width: 1920, Height: 1080}, func(p *browser.Page) {
		p.Before(quick + `{
			const on = window.setTimeout;
			window.setTimeout = (f, ms, ...a) => ms === 6000 ? 0 : on(f, ms, ...a);
		}`)
		p.Open(w.Base + "/d/" + w.Day + "/screen")
		var want []string
		for _, i := range []int{0, 1, 0} {
			text, _ := c.next(i)
			want = append(want, text)
		}
		check := func(got []announced) {
			t.Helper()
			for i, g := range got {
				if i >= len(want) || g.Text != want[i] {
					t.Fatalf("announced %v, want %q", got, want)
				}
				if !strings.Contains(g.Text, fmt.Sprintf(" %d 号", g.Number)) {
					t.Errorf("%q while %d stands there", g.Text, g.Number)
				}
			}
		}
		check(said(p, 3))

		all, err := w.App.Queue.Lines(t.Context(), w.CommunityID, w.Day)
		if err != nil {
			t.Fatal(err)
		}
		var board []string
		for _, l := range all {
			if len(l.Calls) > 0 {
				board = append(board, fmt.Sprint(l.BoothCode, l.Service, l.Calls[0].Number))
			}
		}
		slices.Sort(board)
		p.WaitFor("the last call of every line", `[...document.querySelectorAll("#last li")].map(e => e.querySelector(".booth").textContent + e.querySelector(".service").textContent + e.querySelector(".n").textContent).sort().join() === "`+strings.Join(board, ",")+`"`)

		p.Offline(true)
		p.WaitFor("the wall says how old it is", `document.getElementById("stale").checkVisibility()`)
		text, called := c.next(1)
		want = append(want, text)
		p.Offline(false)
		check(said(p, 4))
		p.WaitFor("the wall is current again", `document.getElementById("stale").hidden`)

		w.Push(61 * time.Second)
		_, err = w.App.Queue.Recall(t.Context(), queue.LineCommand{CommunityID: w.CommunityID, DayID: w.Day, LineID: called.LineID, TicketID: called.ID, By: "test", Key: "again"})
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, "再次"+want[3])
		check(said(p, 5))
		if !p.Has("#newest .again") {
			t.Error("a second call does not say so")
		}

		p.Reload()
		text, _ = c.next(0)
		want = []string{text}
		check(said(p, 1))

		_, err = w.App.Scheduler.Close(t.Context(), scheduler.DayRef{CommunityID: w.CommunityID, DayID: w.Day, By: "test"}, "下雨")
		if err != nil {
			t.Fatal(err)
		}
		p.WaitFor("the end, without a call", `document.querySelector("main").innerText.includes("已收市") && !document.getElementById("newest")`)
	})
}

// A voice of the machine says a call twice, with what it is for; where there is none
// for the language, or it fails, the recording does, with number and booth.
func TestScreenSpeaks(t *testing.T) {
	t.Parallel()
	if !browser.Have(t) {
		return
	}
	w := stage.Open(t, stage.Busy)
	c := &caller{t: t, w: w}
	browser.With(t, browser.Options{Width: 1024, Height: 768}, func(p *browser.Page) {
		other := p.Another(browser.Options{Width: 1080, Height: 1920})
		for _, one := range []*browser.Page{p, other} {
			one.Before(quick + `
				window.heard = []; window.aloud = []; window.hoarse = false;
				const start = AudioBufferSourceNode.prototype.start;
				AudioBufferSourceNode.prototype.start = function (...a) { heard.push(a[1]); return start.apply(this, a); };
				window.SpeechSynthesisUtterance = class { constructor(text) { this.text = text } };
				speechSynthesis.speak = u => { if (!hoarse) aloud.push(u.text + " " + u.voice.name); wait(() => hoarse ? u.onerror() : u.onend(), 0); };`)
		}
		p.Before(`speechSynthesis.getVoices = () => [{lang: "zh-CN", name: "far away", localService: false}, {lang: "en-US", name: "foreign", localService: true}];`)
		other.Before(`speechSynthesis.getVoices = () => [{lang: "zh-HK", name: "another tongue", localService: true}, {lang: "zh_CN", name: "ours", localService: true}];`)
		for _, one := range []*browser.Page{p, other} {
			one.Open(w.Base + "/d/" + w.Day + "/screen")
			one.Press("开声音")
			one.WaitFor("the sound is on", `document.querySelector(".wall").dataset.sound === "on"`)
		}
		text, tk := c.next(0)
		said(p, 1)
		words := recorded(t, p, tk.Number, c.busy()[0].BoothCode)
		twice := slices.Concat(words, words)
		p.WaitFor("the call is said twice", fmt.Sprintf(`heard.length === %d`, len(twice)))
		near := func(a, b float64) bool { return math.Abs(a-b) < 0.001 }
		if got := browser.Eval[[]float64](p, `heard`); !slices.EqualFunc(got, twice, near) {
			t.Errorf("said %v, want %v twice", got, words)
		}
		other.WaitFor("the machine's voice says it twice", `aloud.length === 2`)
		if got := browser.Eval[[]string](other, `aloud`); got[0] != text+" ours" || got[1] != got[0] {
			t.Errorf("the voice said %q, want %q", got, text)
		}
		if n := browser.Eval[int](other, `hoarse = true, heard.length`); n > 0 {
			t.Errorf("the recording spoke, too: %d words", n)
		}
		c.next(1)
		other.WaitFor("the recording speaks for the voice that failed", `heard.length >= 12`)
		p.Reload()
		p.WaitFor("the sound is remembered", `localStorage.getItem("yiji.screen.sound") === "on"`)
	})
}

// module finds a module of the page to import.
const module = `const at = n => performance.getEntriesByType("resource").map(e => e.name).find(u => u.includes("/static/" + n + "."));
	const [{words, begins}, {clips}] = await Promise.all([import(at("voice")), import(at("voice_clips"))]);
	const address = document.querySelector(".wall").dataset.voice;
	const sound = await fetch(address).then(r => r.arrayBuffer()).then(b => new OfflineAudioContext(1, 16000, 16000).decodeAudioData(b));
	const late = begins(sound) - clips[0][0];`

// recorded is where the recording has the words of a call.
func recorded(t *testing.T, p *browser.Page, number int, booth string) []float64 {
	t.Helper()
	words := browser.Eval[[]float64](p, `async (number, booth) => {`+module+`
		return words({number, booth, again: false}).map(w => clips[w][0] + late);
	}`, number, booth)
	if len(words) < 6 {
		t.Fatalf("a call of %d words", len(words))
	}
	return words
}

// Every word of the recording is where it should be, whole, with silence around it,
// and as loud as the others.
func TestTheRecordingIsWhole(t *testing.T) {
	t.Parallel()
	if !browser.Have(t) {
		return
	}
	w := stage.Open(t, stage.Busy)
	browser.With(t, browser.Options{Width: 1024, Height: 768}, func(p *browser.Page) {
		p.Open(w.Base + "/d/" + w.Day + "/screen")
		type clip struct {
			Name                          string
			Length, Loud, Head, Tail, Gap float64 // dB of all of it, its first and last 60 ms, the 60 ms after it
		}
		all := browser.Eval[[]clip](p, `async none => {`+module+`
			const pcm = sound.getChannelData(0), rate = sound.sampleRate;
			const db = (from, to) => {
				const part = pcm.subarray(Math.round((from + late) * rate), Math.round((to + late) * rate));
				return 20 * Math.log10(Math.sqrt(part.reduce((s, v) => s + v * v, 0) / part.length) + 1e-6);
			};
			return Object.entries(clips).map(([Name, [from, Length]]) => ({Name, Length, Loud: db(from, from + Length), Head: db(from, from + .06), Tail: db(from + Length - .06, from + Length), Gap: db(from + Length + .03, from + Length + .09)}));
		}`, nil)
		if len(all) < 40 {
			t.Fatalf("%d words", len(all))
		}
		for _, c := range all {
			if c.Length < 0.15 || c.Length > 1.3 || c.Loud < -22 || c.Loud > -8 || c.Head < -45 || c.Tail < -50 || c.Gap > -50 {
				t.Errorf("%+v", c)
			}
		}
	})
}

// Without scripts the wall shows the newest call and loads itself again.
func TestScreenWithoutScripts(t *testing.T) {
	t.Parallel()
	if !browser.Have(t) {
		return
	}
	w := stage.Open(t, stage.Busy)
	c := &caller{t: t, w: w}
	browser.With(t, browser.Options{Width: 1920, Height: 1080, NoScript: true}, func(p *browser.Page) {
		p.Open(w.Base + "/d/" + w.Day + "/screen")
		_, tk := c.next(0)
		p.WaitFor("the newest call", fmt.Sprintf(`document.querySelector("#newest .n")?.textContent === "%d"`, tk.Number))
	})
}
