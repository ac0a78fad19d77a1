package web

import (
	"net/url"
	"strings"
	"testing"

	"yiji/internal/db"
	"yiji/internal/event"
	"yiji/scheduler"
)

// A market is made in two steps: nothing is saved before its dates were seen.
func TestAMarketIsPreviewedAndThenSaved(t *testing.T) {
	atOffice(t, func(o *office) {
		t, at := o.t, o.home+"/markets/new"
		says(t, o.mine.get(o.home), 200, "三步办起第一场市集", "建第一个市集")
		v := o.mine.whole(o.mine.get(at).Body, at)
		with(v, "name", "幸福长“9”", "venue", "党群服务中心门口", "rule.monthly.days", "十九", "step", "preview", "wanted", "测血压\n理发", "holiday", "next-workday", "residents_reported", "300")
		says(t, o.mine.post(at, v), 422, "请填一个整数", `value="十九"`, "测血压\n理发", "党群服务中心门口")
		says(t, o.mine.post(at, with(clone(v), "rule.monthly.days", "19", "residents_reported", "-3")), 422, `id="wrong-residents_reported"`, `value="-3"`)
		preview := o.mine.post(at, with(v, "rule.monthly.days", "１９"))
		says(t, preview, 200, "看看日期对不对", "10月19日 周一", "11月19日 周四", "十月十一", "2027 · 2月19日", "尚无 2027 年的节假日安排")
		if list, _ := o.Scheduler.Markets(t.Context(), o.place.ID); len(list) != 0 {
			t.Fatal("the preview has saved something")
		}
		save := with(o.mine.whole(preview.Body, at), "step", "save")
		changed := with(clone(save), "venue", "别处")
		says(t, o.mine.post(at, changed), 200, "看看日期对不对", "别处") // not what was shown: shown again
		back := o.mine.post(at, with(clone(save), "step", "edit"))
		says(t, back, 200, "１９", "党群服务中心门口")
		says(t, o.mine.post(at, save), 200, "市集已保存", "幸福长“9”")
		says(t, o.mine.post(at, save), 200, "市集已保存") // twice is once
		list, err := o.Scheduler.Markets(t.Context(), o.place.ID)
		if err != nil || len(list) != 1 {
			t.Fatalf("%d markets, %v", len(list), err)
		}
		m := list[0]
		if m.Rule.String() != `{"monthly":{"days":[19],"month_end":"clamp"}}` || m.Holiday != scheduler.NextWorkday || m.Leads != scheduler.DefaultLeads() || m.ResidentsReported != 300 {
			t.Errorf("%+v", m)
		}
		if l, err := o.Booths.Layout(t.Context(), o.place.ID, m.ID); err != nil || strings.Join(l.Wanted, ",") != "测血压,理发" {
			t.Errorf("wanted %v, %v", l.Wanted, err)
		}
		says(t, o.mine.get(o.home+"/markets/"+m.ID), 200, "测血压\n理发")
		o.refused(at, at, o.home+"/markets/"+m.ID, o.home+"/markets/"+m.ID+"/exceptions")
		second := o.mine.post(at, with(clone(v), "name", "第二个", "rule.monthly.days", "9"))
		says(t, o.mine.post(at, with(o.mine.whole(second.Body, at), "step", "save")), 200, "第二个", "幸福长“9”")
		if list, _ = o.Scheduler.Markets(t.Context(), o.place.ID); len(list) != 2 {
			t.Errorf("%d markets after the second", len(list))
		}
		says(t, o.mine.post(at, with(clone(v), "rule.monthly.days", "8", "slug", "market")), 409, "名")
		home := o.mine.get(o.home) // claims have opened at once, and still two of three steps are to be done
		says(t, home, 200, "三步办起第一场市集", "画摊位", "请来合伙人", "看认领和排位", "幸福长“9”", "“第二个”还没有摊位布置", "2027 年的节假日安排还没有导入")
		oneGreen(t, home)
	})
}

// Every kind of rule can be said, and comes back as it was said.
func TestEveryKindOfRuleHasItsForm(t *testing.T) {
	atOffice(t, func(o *office) {
		t, at := o.t, o.home+"/markets/new"
		blank := o.mine.whole(o.mine.get(at).Body, at)
		with(blank, "name", "市集", "venue", "门口")
		for _, k := range []struct {
			kind   string
			fields url.Values
			rule   string
			date   string
		}{
			{ruleDays, url.Values{"rule.monthly.days": {"9、19 29"}, "rule.monthly.months": {"3", "12"}}, `{"monthly":{"days":[9,19,29],"months":[3,12],"month_end":"clamp"}}`, "12月9日"},
			{ruleNth, url.Values{"rule.monthly.nth": {"-1"}, "rule.monthly.weekday": {"saturday"}}, `{"monthly":{"nth":-1,"weekday":"saturday"}}`, "10月31日"},
			{ruleWeekly, url.Values{"rule.weekly.every": {"2"}, "rule.weekly.weekdays": {"friday"}, "rule.weekly.from": {"2026-10-16"}}, `{"weekly":{"every":2,"weekdays":["friday"],"from":"2026-10-16"}}`, "10月30日"},
			{ruleLunarDays, url.Values{"rule.lunar.days": {"3 8 13 18 23 28"}}, `{"lunar":{"days":[3,8,13,18,23,28],"month_end":"clamp"}}`, "九月初八"},
			{ruleLunarDates, url.Values{"rule.lunar.dates": {"12-23, 09-09"}, "rule.lunar.leap": {"regular"}}, `{"lunar":{"dates":["12-23","09-09"],"leap":"regular","month_end":"clamp"}}`, "九月初九"},
			{ruleDates, url.Values{"rule.dates": {"2026-11-01\n2026-12-16"}}, `{"dates":["2026-11-01","2026-12-16"]}`, "12月16日"},
			{ruleCron, url.Values{"rule.cron": {"0 9 8 * *"}}, `{"cron":"0 9 8 * *"}`, "11月8日"},
		} {
			v := with(clone(blank), "kind", k.kind, "slug", strings.ReplaceAll(k.kind, "_", "-"))
			switched := o.mine.post(at, with(v, "step", "preview"))
			if k.kind != ruleDays { // another kind was chosen: its fields first
				says(t, switched, 200, "哪些天办")
			}
			v = o.mine.whole(switched.Body, at)
			for n, vs := range k.fields {
				v[n] = vs
			}
			preview := o.mine.post(at, with(v, "step", "preview"))
			says(t, preview, 200, "看看日期对不对", k.date)
			saved := o.mine.post(at, with(o.mine.whole(preview.Body, at), "step", "save"))
			says(t, saved, 200, "市集已保存")
			list, err := o.Scheduler.Markets(t.Context(), o.place.ID)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range list {
				if m.Slug != strings.ReplaceAll(k.kind, "_", "-") {
					continue
				}
				if m.Rule.String() != k.rule {
					t.Errorf("%s: saved %s, want %s", k.kind, m.Rule, k.rule)
				}
				edit := o.home + "/markets/" + m.ID
				again := o.mine.post(edit, with(o.mine.whole(o.mine.get(edit).Body, edit), "step", "preview"))
				says(t, again, 200, "看看日期对不对", k.date)
			}
			o.wrongRule(at, with(o.mine.whole(switched.Body, at), "step", "preview"), k.kind)
		}
	})
}

// wrongRule: what is missing or impossible is named beside its field.
func (o *office) wrongRule(at string, v url.Values, kind string) {
	o.t.Helper()
	for _, n := range ruleFields[kind] {
		if !strings.HasSuffix(n, "month_end") && !strings.HasSuffix(n, "leap") && !strings.HasSuffix(n, "weekday") {
			v.Del(n)
		}
	}
	v.Del("slug")
	if kind == ruleCron {
		v.Set("rule.cron", "TZ=0")
	}
	says(o.t, o.mine.post(at, v), 422, `class="wrong"`)
}

func TestAnEditAsksAboutClaimedDays(t *testing.T) {
	atOffice(t, func(o *office) {
		t, m := o.t, o.market("m")
		day := o.claimed(m)
		at := o.home + "/markets/" + m.ID
		v := o.mine.whole(o.mine.get(at).Body, at)
		preview := o.mine.post(at, with(v, "rule.monthly.days", "21", "step", "preview"))
		says(t, preview, 200, "这些日子已经有人认领", "11月19日 周四", "1 个认领", "这些日子会跟着变")
		save := with(o.mine.whole(preview.Body, at), "step", "save")
		says(t, o.mine.post(at, clone(save)), 409, "请逐天选择")
		says(t, o.mine.post(at, with(clone(save), "choices."+day.ID, "move")), 422, "这些日子已经有人认领")
		says(t, o.mine.post(at, with(clone(save), "choices."+day.ID, "move", "choices."+day.ID+".to", "11月20日")), 422, "11月20日")
		says(t, o.mine.post(at, with(clone(save), "choices."+day.ID, "keep", "choices."+day.ID+".why", "已经约好")), 200, "市集已保存")
		got, err := o.Scheduler.Day(t.Context(), o.place.ID, day.ID)
		if err != nil || got.HeldOn.String() != "2026-11-19" || got.State == scheduler.Cancelled {
			t.Errorf("%+v %v", got, err)
		}
		days, err := o.Scheduler.Days(t.Context(), o.place.ID, scheduler.DayFilter{MarketID: m.ID})
		if err != nil {
			t.Fatal(err)
		}
		held := map[string]bool{}
		for _, d := range days {
			held[d.HeldOn.String()] = d.State != scheduler.Cancelled
		}
		if !held["2026-10-21"] || !held["2026-11-21"] || held["2026-10-19"] {
			t.Errorf("after the edit: %v", held)
		}
	})
}

// claimed is the market's day in November with one claim the scheduler heard of.
func (o *office) claimed(m scheduler.Market) scheduler.Day {
	o.t.Helper()
	days, err := o.Scheduler.Days(o.t.Context(), o.place.ID, scheduler.DayFilter{MarketID: m.ID, FromDate: scheduler.NewDate(2026, 11, 1)})
	if err != nil || len(days) == 0 {
		o.t.Fatal(err, len(days))
	}
	d := days[0]
	err = o.db.Update(o.t.Context(), func(tx *db.Tx) error {
		return o.Scheduler.ClaimMade(tx, event.ClaimMade{Day: d.Ref()})
	})
	if err != nil {
		o.t.Fatal(err)
	}
	return d
}

func TestSingleDatesAreSkippedMovedAddedAndTakenBack(t *testing.T) {
	atOffice(t, func(o *office) {
		t, m := o.t, o.market("m")
		at := o.home + "/markets/" + m.ID
		add := at + "/exceptions"
		send := func(values ...string) answer {
			v := hidden(t, o.mine.get(at).Body, add)
			v.Del("exception.why") // the list's own buttons bring a reason
			return o.mine.post(add, with(v, values...))
		}
		says(t, send("exception.kind", "skip", "exception.date", "2026-12-19"), 422, "不能为空", `value="2026-12-19"`)
		says(t, send("exception.kind", "skip", "exception.date", "2026-12-20", "exception.why", "下雪"), 422, "规则里没有这一天", "下雪")
		says(t, send("exception.kind", "skip", "exception.date", "2026-12-19", "exception.why", "下雪"), 200, "例外已加上", "下雪", "停办")
		says(t, send("exception.kind", "skip", "exception.date", "2026-12-19", "exception.why", "下雪"), 200, "例外已加上")
		says(t, send("exception.kind", "extra", "exception.date", "2026-12-26", "exception.why", "年货", "exception.opens", "14:00", "exception.closes", "16:00"), 200, "加办", "14:00")
		says(t, send("exception.kind", "extra", "exception.date", "2026-12-26", "exception.why", "又一场"), 409, "这一天已经有一场市集了", "又一场")
		says(t, send("exception.kind", "move", "exception.date", "2027-01-19", "exception.to", "2027-02-19", "exception.why", "并场"), 409, "这一天已经有一场市集了", "并场")
		o.claimed(m)
		move := []string{"exception.kind", "move", "exception.date", "2026-11-19", "exception.to", "2026-11-20", "exception.why", "修路"}
		says(t, send(move...), 409, "这会影响已经认领的合伙人", "1 个认领", "修路")
		says(t, send(append(move, "sure", "yes")...), 200, "11月20日 周五")
		back := at + "/exceptions/remove"
		tapped := o.mine.get(at)
		if n := strings.Count(tapped.Body, `name="exception.kind" value="skip"`); n < 8 {
			t.Errorf("%d dates can be left out in one tap", n)
		}
		says(t, o.mine.send(at, back, "date", "2026-12-19"), 200, "例外已撤销")
		says(t, o.mine.send(at, back, "date", "昨天"), 422)
		got, err := o.Scheduler.Market(t.Context(), o.place.ID, m.ID)
		if err != nil || len(got.Exceptions) != 2 {
			t.Errorf("%+v %v", got.Exceptions, err)
		}
		o.refused(at, add, back)
		if a := o.mine.get(o.home + "/markets/aaaaaaaaaaaaaaaaaaaaaaaaaa"); a.Status != 404 {
			t.Errorf("no such market: %d", a.Status)
		}
	})
}

func clone(v url.Values) url.Values {
	out := url.Values{}
	for k, vs := range v {
		out[k] = append([]string(nil), vs...)
	}
	return out
}

// What is typed is shown as dates and as a sentence before anything is saved or
// called wrong; another kind of rule brings its own fields.
func TestDatesAreShownWhileOneTypes(t *testing.T) {
	atOffice(t, func(o *office) {
		t, at := o.t, o.home+"/markets/new"
		first := o.mine.get(at)
		says(t, first, 200, "写好日期规则", "data-series")
		v := with(o.mine.whole(first.Body, at), "step", "dates", "holiday", "next-workday")
		says(t, o.mine.post(at, clone(v)), 200, "写好日期规则")
		says(t, o.mine.post(at, with(clone(v), "rule.monthly.days", "十九")), 200, "请填一个整数")
		shown := o.mine.post(at, with(clone(v), "rule.monthly.days", "19"))
		says(t, shown, 200, "每月19日 09:00–11:30，遇节假日推到下一个工作日", "下一场：10月19日 周一", "2027 · 2月19日", "还没保存")
		says(t, o.mine.post(at, with(clone(v), "kind", ruleNth, "rule.monthly.nth", "-1", "rule.monthly.weekday", "saturday")), 200, "每月最后一个周六", `name="rule.monthly.nth"`, `name="shown" value="nth"`)
		if list, _ := o.Scheduler.Markets(t.Context(), o.place.ID); len(list) != 0 {
			t.Error("looking at dates has saved something")
		}
	})
}

func TestRulesAreSaidInWords(t *testing.T) {
	for rule, want := range map[string][3]string{
		`{"monthly":{"days":[9,19],"months":[3,12]}}`:                      {"每年3月、12月的9、19日", "每年3月、12月的9、19日", "Every year in Month 3, Month 12 on day 9, 19"},
		`{"monthly":{"nth":2,"weekday":"saturday"}}`:                       {"每月第二个周六", "每月第二個週六", "Every month on the second Saturday"},
		`{"weekly":{"every":2,"weekdays":["friday"],"from":"2026-10-16"}}`: {"每2周的周五", "每2週的週五", "Every 2 weeks on Friday"},
		`{"weekly":{"every":1,"weekdays":["monday","friday"]}}`:            {"每周一、周五", "每週一、週五", "Every Monday, Friday"},
		`{"lunar":{"days":[3,8,20]}}`:                                      {"农历每月初三、初八、二十", "農曆每月初三、初八、二十", "Every lunar month on day 3, 8, 20"},
		`{"lunar":{"dates":["12-23"]}}`:                                    {"每年农历腊月廿三", "每年農曆臘月廿三", "Every year on lunar 12-23"},
		`{"dates":["2026-11-01","2026-12-16"]}`:                            {"2 个日期，2026-11-01 到 2026-12-16", "2 個日期，2026-11-01 到 2026-12-16", "2 dates from 2026-11-01 to 2026-12-16"},
		`{"cron":"0 9 8 * *"}`:                                             {"按表达式 0 9 8 * *", "按表達式 0 9 8 * *", "By the expression 0 9 8 * *"},
	} {
		r, err := scheduler.ParseRule([]byte(rule))
		if err != nil {
			t.Fatal(err)
		}
		for i, lang := range []string{"zh-Hans", "zh-Hant", "en"} {
			if got := ruleAlone(lang, r); got != want[i] {
				t.Errorf("%s in %s: %q, want %q", rule, lang, got, want[i])
			}
		}
	}
}
