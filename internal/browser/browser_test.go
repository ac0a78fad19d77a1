//go:build !race

package browser

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

// serve answers every path with a page whose body is given, "/" with the first;
// the policy is that of our own server.
func serve(t *testing.T, pages map[string]string) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, ok := pages[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		kind := "text/html; charset=utf-8"
		if strings.HasSuffix(r.URL.Path, ".js") {
			kind = "text/javascript"
		}
		if strings.HasSuffix(r.URL.Path, ".css") {
			kind = "text/css"
		}
		w.Header().Set("Content-Type", kind)
		w.Header().Set("Content-Security-Policy", "default-src 'self'; img-src 'self' data:")
		if r.Method == http.MethodPost {
			body = strings.ReplaceAll(body, "{posted}", r.FormValue("name")+" "+r.FormValue("day"))
		}
		body = strings.ReplaceAll(body, "{lang}", r.Header.Get("Accept-Language"))
		fmt.Fprint(w, body)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// good is a page with nothing to say against; each bad page is it with one thing wrong.
const (
	head = `<!DOCTYPE html><html lang="zh-Hans"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>页</title><link rel="stylesheet" href="/a.css"><link rel="icon" href="data:,"></head><body><main>`
	tail = `</main></body></html>`
	css  = `body { font-size: 20px; color: #1A1E1B; background: #FAF8F3; margin: 16px } button { font-size: 22px; min-width: 60px; min-height: 60px; background: #0A5A3C; color: #fff; border: 0 }
		input { font-size: 20px; width: 200px; height: 48px; border: 2px solid #7A7F78; box-sizing: border-box; background: #fff } .gap > * { margin: 8px }
		h1 { font-size: 30px } .paleField { border-color: #e8e8e8; background: #FAF8F3 }
		.small { font-size: 12px } button.small { font-size: 16px } .pale { color: #666 } .tight { margin: 0 } .tiny { min-width: 40px; min-height: 40px } .mini { display: inline-block; width: 30px; height: 30px; overflow: visible }
		.wide { width: 900px } .cut { width: 60px; overflow: hidden; white-space: nowrap } .up { margin-top: -50px } .narrow { width: 60px; overflow-wrap: anywhere }`
)

func whole(body string) string { return head + body + tail }

// Every check reports on a page that has exactly its fault, and none on a page
// that has none.
func TestEveryCheckReports(t *testing.T) {
	heavy := strings.Repeat("/* "+fmt.Sprint(t.Name())+" */", 2000)
	pages := map[string]string{"/a.css": css, "/heavy.css": heavy, "/throw.js": `throw new Error("on purpose")`,
		"/good": whole(`<h1>好</h1><p>文字</p><div class="gap"><button>取号</button> <button>领取</button></div>`)}
	bad := map[string]string{
		"text-size":       whole(`<h1>好</h1><p class="small">小字</p>`),
		"button-size":     whole(`<h1>好</h1><button class="small">取号</button>`),
		"contrast":        whole(`<h1>好</h1><p class="pale">淡</p>`),
		"border-contrast": whole(`<h1>好</h1><label>名 <input class="paleField"></label>`),
		"primary-size":    whole(`<h1>好</h1><button class="tiny">取</button>`),
		"target-size":     whole(`<h1>好</h1><div><a class="mini" href="/">去</a></div>`),
		"target-gap":      whole(`<h1>好</h1><div><button class="tight">一个</button><button class="tight">两个</button></div>`),
		"sideways":        whole(`<h1>好</h1><p class="wide">宽</p>`),
		"cut-off":         whole(`<h1>好</h1><p class="cut">这一行写得太长了</p>`),
		"overlap":         whole(`<h1>好</h1><p>上面一行</p><p class="up">下面一行</p>`),
		"broken-word":     whole(`<h1>好</h1><button class="narrow">Unbreakable</button>`),
		"torn-span":       whole(`<h1>好</h1><p class="narrow">09:00–11:30</p>`),
		"headings":        whole(`<h1>好</h1><h3>跳了一级</h3>`),
		"lang":            strings.Replace(whole(`<h1>好</h1>`), ` lang="zh-Hans"`, "", 1),
		"inline-style":    whole(`<h1>好</h1><p style="color:red">红</p>`),
		"policy":          whole(`<h1>好</h1><p style="color:red">红</p>`),
		"weight":          whole(`<h1>好</h1><link rel="stylesheet" href="/heavy.css">`),
		"console":         whole(`<h1>好</h1><script src="/throw.js"></script>`),
		"foreign":         whole(`<h1>好</h1><img alt="图" src="http://other.invalid/x.png">`),
	}
	for check, body := range bad {
		pages["/"+check] = body
	}
	base := serve(t, pages)
	With(t, Options{Width: 320}, func(p *Page) {
		p.Open(base + "/good")
		if got := append(p.Audit(Residents), p.Axe(true)...); len(got) != 0 {
			t.Errorf("the good page: %v", got)
		}
		for check := range bad {
			p.Open(base + "/" + check)
			got := p.Audit(Residents)
			if !slices.ContainsFunc(got, func(f Finding) bool { return f.Check == check }) {
				t.Errorf("%s does not report on its page: %v", check, got)
			}
		}
	})
}

// axe-core really runs, with the rules that are ours, also where a page's own
// scripts may not.
func TestAxeReports(t *testing.T) {
	base := serve(t, map[string]string{"/a.css": css, "/": whole(`<h1>好</h1><img src="data:,"><p class="pale">淡淡的字</p><form><input name="x"></form>`)})
	for _, off := range []bool{false, true} {
		With(t, Options{NoScript: off}, func(p *Page) {
			p.Open(base + "/")
			got := fmt.Sprint(p.Axe(true))
			for _, rule := range []string{"axe:image-alt", "axe:color-contrast-enhanced", "axe:label"} {
				if !strings.Contains(got, rule) {
					t.Errorf("script off %v: no %s in %s", off, rule, got)
				}
			}
		})
	}
}

// What a person does arrives: typing, choosing, pressing by mouse and finger,
// waiting, with and without JavaScript.
func TestPressTypeChooseWait(t *testing.T) {
	form := `<h1>表</h1><form method="post" action="/done"><label>名 <input name="name"></label>
		<select name="day" aria-label="日"><option value="1">周一</option><option value="2">周二</option></select><button>送出</button></form>
		<p id="late"></p><script src="/late.js"></script>`
	base := serve(t, map[string]string{"/a.css": css, "/": whole(form), "/done": whole(`<h1>{posted}</h1><p>{lang}</p>`),
		"/late.js": `fetch("/a.css").then(() => { document.getElementById("late").textContent = "到了" })`})
	for _, o := range []Options{{}, {Touch: true, Lang: "en"}, {NoScript: true}} {
		With(t, o, func(p *Page) {
			if status := p.Open(base + "/"); status != 200 {
				t.Fatalf("status %d", status)
			}
			if o.NoScript {
				if p.Text("#late") != "" {
					t.Error("a script ran although scripts are off")
				}
			} else {
				p.WaitFor("the late text", `document.getElementById("late").textContent === "到了"`)
			}
			p.Type("[name=name]", "old")
			p.Type("[name=name]", "王阿姨")
			p.Choose("[name=day]", "周二")
			p.Press("送出")
			if got := p.Text("h1"); got != "王阿姨 2" {
				t.Errorf("%+v: the form said %q", o, got)
			}
			if want := "zh-CN"; o.Lang == "" && !p.Has(want) || o.Lang != "" && !p.Has(o.Lang) {
				t.Errorf("%+v: language %q", o, p.Text("p"))
			}
			p.Back()
			if !p.Has("送出") || p.Has("不存在的字") {
				t.Error("back at the form, or Has is blind")
			}
		})
	}
}

// Cookies are one person's; the network can be cut and given back, an address
// refused; the media are what the options say.
func TestPeopleNetworkAndMedia(t *testing.T) {
	base := serve(t, map[string]string{"/a.css": css, "/": whole(`<h1>好</h1>`), "/x": "x", "/y": "y"})
	With(t, Options{Dark: true, Contrast: true, Width: 320, Scale: 2}, func(p *Page) {
		p.Cookie(base, "who", "one")
		p.Open(base + "/")
		two := p.Another(Options{})
		two.Open(base + "/")
		if a, b := Eval[string](p, `document.cookie`), Eval[string](two, `document.cookie`); a != "who=one" || b != "" {
			t.Errorf("cookies %q and %q", a, b)
		}
		media := `["(prefers-color-scheme: dark)", "(prefers-contrast: more)", "(width: 320px)", "(min-resolution: 2dppx)"].map(q => matchMedia(q).matches).join()`
		if got := Eval[string](p, media); got != "true,true,true,true" {
			t.Errorf("media %s", got)
		}
		if got := Eval[string](two, media); got != "false,false,false,false" {
			t.Errorf("media of the other %s", got)
		}
		ask := `u => fetch(u).then(() => "yes", () => "no")`
		answers := []string{Eval[string](p, ask, "/x")}
		p.Offline(true)
		answers = append(answers, Eval[string](p, ask, "/x"), fmt.Sprint(Eval[bool](p, `navigator.onLine`)))
		p.Offline(false)
		p.Block("*://*:*/y")
		answers = append(answers, Eval[string](p, ask, "/x"), Eval[string](p, ask, "/y"))
		p.Block()
		answers = append(answers, Eval[string](p, ask, "/y"))
		if got := strings.Join(answers, " "); got != "yes no false yes no yes" {
			t.Errorf("network: %s", got)
		}
		p.Grant("clipboard-read")
		p.Open(base + "/")
		if got := Eval[string](p, `navigator.permissions.query({name: "clipboard-read"}).then(p => p.state)`); got != "granted" {
			t.Errorf("the clipboard is %s", got)
		}
		if n := len(p.Screenshot()); n < 100 || n > 20000 {
			t.Errorf("a picture of %d bytes", n)
		}
		if r := p.Requests(); len(r) < 2 || r[0].Kind != "Document" || r[0].Status != 200 || r[0].Bytes == 0 {
			t.Errorf("requests %+v", r)
		}
	})
}

// keeper is a testing.TB that keeps what it is told instead of failing.
type keeper struct {
	testing.TB
	said []string
}

func (k *keeper) Helper()                   {}
func (k *keeper) Errorf(f string, a ...any) { k.said = append(k.said, fmt.Sprintf(f, a...)) }

// An error in the console fails a test that does not take it.
func TestConsoleErrorsFailTheTest(t *testing.T) {
	base := serve(t, map[string]string{"/a.css": css, "/": whole(`<h1>好</h1><script src="/e.js"></script><script>1</script>`), "/e.js": `console.error("a", 1); nothing()`})
	k := &keeper{TB: t}
	With(k, Options{}, func(p *Page) { p.Open(base + "/") })
	all := strings.Join(k.said, "\n")
	if Have(t) && (!strings.Contains(all, "nothing is not defined") || !strings.Contains(all, "Content Security Policy") || !strings.Contains(all, "console: a 1")) {
		t.Errorf("the test was told: %s", all)
	}
	k.said = nil
	With(k, Options{}, func(p *Page) { p.Open(base + "/"); p.Problems() })
	if len(k.said) > 0 {
		t.Errorf("what was taken was told again: %v", k.said)
	}
}
