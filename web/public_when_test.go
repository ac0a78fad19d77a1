package web

import (
	"strings"
	"testing"

	"yiji/booths/queue"
	"yiji/internal/text"
	"yiji/scheduler"
)

// Nobody reads "about 190 minutes" or "1.5 hours": a wait is said in what people count it in.
func TestWaitsAreSaidAsPeopleSayThem(t *testing.T) {
	for _, c := range []struct {
		wait             queue.Band
		hans, hant, says string
	}{
		{queue.Band{Lo: 0, Hi: 2}, "约 0–2 分钟", "約 0–2 分鐘", "about 0–2 minutes"},
		{queue.Band{Lo: 45, Hi: 60}, "约 45–60 分钟", "約 45–60 分鐘", "about 45–60 minutes"},
		{queue.Band{Lo: 45, Hi: 61}, "约 40–70 分钟", "約 40–70 分鐘", "about 40–70 minutes"},
		{queue.Band{Lo: 30, Hi: 90}, "约 30–90 分钟", "約 30–90 分鐘", "about 30–90 minutes"},
		{queue.Band{Lo: 61, Hi: 102, Left: 61}, "约 60–110 分钟", "約 60–110 分鐘", "about 60–110 minutes"},
		{queue.Band{Lo: 120, Hi: 120}, "约 120–130 分钟", "約 120–130 分鐘", "about 120–130 minutes"},
		{queue.Band{Lo: 73, Hi: 121}, "约 1–3 小时", "約 1–3 小時", "about 1–3 hours"},
		{queue.Band{Lo: 180, Hi: 180}, "约 3–4 小时", "約 3–4 小時", "about 3–4 hours"},
		{queue.Band{Lo: 600, Hi: 1440}, "约 10–24 小时", "約 10–24 小時", "about 10–24 hours"},
		{queue.Band{Lo: 62, Hi: 102, Left: 61}, "今天可能轮不到。没轮到的，下一场排在前面。", "今天可能輪不到。沒輪到的，下一場排在前面。", "Today may not be long enough. Who is not reached comes first next time."},
	} {
		c.wait.Known = true
		if c.wait.Left == 0 {
			c.wait.Left = 10000
		}
		for lang, want := range map[string]string{"zh-Hans": c.hans, "zh-Hant": c.hant, "en": c.says} {
			if got := (page{looks: looks{Lang: lang}}).bandText("queue.band", "queue.band_late", c.wait); strings.ReplaceAll(got, glue, "") != want {
				t.Errorf("%+v: %q, want %q", c.wait, got, want)
			}
		}
	}
	for minutes, want := range map[int]string{0: "0 minutes left", 1: "1 minute left", 61: "1 hour 1 minute left", 1439: "23 hours 59 minutes left", 1440: "1 day 0 hours left", 3000: "2 days 2 hours left"} {
		if got := (page{looks: looks{Lang: "en"}}).lengthText("stall.left", minutes); got != want {
			t.Errorf("%d: %q, want %q", minutes, got, want)
		}
	}
}

// A span of time or of minutes is never torn at its dash, in any language and
// whatever wrote it: a text, a text for scripts, a day's hours.
func TestASpanStaysWhole(t *testing.T) {
	for _, lang := range text.Langs {
		p := page{looks: looks{Lang: lang}}
		for _, got := range []string{
			p.T("queue.band", "lo", "12", "hi", "20"), p.T("queue.band"), p.T("duty.wait", "lo", "12", "hi", "20"), span("09:00", "11:30"),
			ruleWords(lang, scheduler.Market{Rule: scheduler.Rule{Monthly: &scheduler.Monthly{Days: []int{19}}}}),
		} {
			if at := strings.Index(got, "–"); at < 0 || !strings.HasSuffix(got[:at], glue) || !strings.HasPrefix(got[at+len("–"):], glue) {
				t.Errorf("%s: %q can be torn", lang, got)
			}
		}
	}
	if got := whole("Next market – soon, 3 –4"); strings.Contains(got, glue) {
		t.Errorf("%q: a dash between words is not a span's", got)
	}
}

// A browser says of itself what nobody can read; people read what it is.
func TestADeviceIsNamed(t *testing.T) {
	for agent, want := range map[string]string{
		"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 MicroMessenger/8.0.49": "苹果手机 微信",
		"Mozilla/5.0 (Linux; Android 14; V2301A) AppleWebKit/537.36 Chrome/116 Mobile Safari/537.36":                      "安卓手机 浏览器",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/130 Safari/537.36":                           "Windows 电脑 浏览器",
		"": "其他设备 浏览器",
	} {
		if got := strings.Join((page{looks: looks{Lang: "zh-Hans"}}).deviceWords(agent), " "); got != want {
			t.Errorf("%q: %q, want %q", agent, got, want)
		}
	}
}
