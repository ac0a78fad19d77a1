package web

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"yiji/internal/account"
	"yiji/internal/text"
)

// Everything that is wrong about a form is said at once, each beside its field,
// and nothing that was typed is lost.
func TestAFormNamesEveryWrongFieldAtOnce(t *testing.T) {
	atOffice(t, func(o *office) {
		t := o.t
		wrong := func(a answer, fields []string, kept ...string) {
			t.Helper()
			says(t, a, 422, kept...)
			for _, f := range fields {
				if !strings.Contains(a.Body, `id="wrong-`+f+`"`) {
					t.Errorf("nothing stands beside %s", f)
				}
			}
		}
		at := o.home + "/markets/new"
		blank := o.mine.whole(o.mine.get(at).Body, at)
		v := with(blank, "name", "", "venue", "", "closes", "08:00", "rule.monthly.days", "十九", "residents_reported", "许多",
			"leads.plan_days", "两月", "leads.claim_at", "晚上", "step", "preview")
		wrong(o.mine.post(at, v), []string{"name", "venue", "closes", "rule.monthly.days", "residents_reported", "leads.plan_days", "leads.claim_at"},
			`value="十九"`, `value="许多"`, `value="两月"`)
		a := o.mine.post(at, with(clone(v), "leads.plan_days", "-3", "leads.claim_days", "400", "leads.standing_days", "30"))
		wrong(a, []string{"leads.plan_days", "leads.claim_days"}, `value="-3"`, "“提前几天列入计划”要在 1 到 366 之间。", "“提前几天开始认领”要在 0 到 366 之间。")
		if strings.Contains(a.Body, `id="wrong-leads.standing_days"`) {
			t.Error("a field is judged by one that is wrong itself")
		}
		a = o.mine.post(at, with(clone(v), "leads.plan_days", "60", "leads.claim_days", "1e9", "leads.standing_days", "30", "leads.confirm_days", "29"))
		wrong(a, []string{"leads.claim_days"}, `value="1e9"`)
		if strings.Contains(a.Body, `id="wrong-leads.standing_days"`) || strings.Contains(a.Body, "到 0 之间") {
			t.Error("a field is judged by one that could not be read")
		}
		weekly := with(clone(v), "kind", "weekly", "shown", "weekly", "rule.weekly.every", "两", "rule.weekly.from", "昨天", "name", "市集")
		wrong(o.mine.post(at, weekly), []string{"venue", "rule.weekly.every", "rule.weekly.from"}, `value="昨天"`)

		at = o.home + "/partners/new"
		v = with(o.mine.whole(o.mine.get(at).Body, at), "name", "", "w", "宽", "contact.email", "哪里", "step", "save",
			"services[0].name", "理发", "services[0].minutes", "五", "services[0].price", "免费", "services[1].name", "豆浆", "services[1].kind", "stock", "services[1].minutes", "0")
		wrong(o.mine.post(at, v), []string{"name", "w", "contact.email", "services[0].minutes", "services[0].price", "services[1].stock", "services[1].minutes"},
			`value="宽"`, `value="免费"`)

		at = o.home + "/markets/" + o.market("m").ID + "/layout"
		v = with(o.mine.whole(o.mine.get(at).Body, at), "zones[0].name", "健康", "zones[1].name", "健康", "booths[0].code", "A1", "booths[0].x", "左",
			"booths[1].code", "A1", "booths[1].w", "宽", "step", "save")
		wrong(o.mine.post(at, v), []string{"zones[1].name", "booths[0].x", "booths[1].code", "booths[1].w"}, `value="左"`)
		o.whoeverComesIn(wrong)
	})
}

// whoeverComesIn fills in wrongly what makes accounts and communities.
func (o *office) whoeverComesIn(wrong func(a answer, fields []string, kept ...string)) {
	o.t.Helper()
	link, fresh, err := o.Account.SetupLink(o.t.Context())
	if err != nil || !fresh {
		o.t.Fatal(fresh, err)
	}
	first, at := o.browser(), "/setup/"+link
	wrong(first.send(at, at, "name", "", "email", "何处", "password", "123"), []string{"name", "email", "password"}, `value="何处"`)
	if a := first.send(at, at, "name", "管理员", "email", "wang@example.org", "password", "riverstone-42"); a.Status != 200 {
		o.t.Fatalf("%d", a.Status)
	}
	wrong(first.send("/me", "/me", "name", "甲\u202e乙", "email", "li@example.org", "present", "x"), []string{"name", "present"}, `value="li@example.org"`)
	wrong(first.send("/me", "/me", "name", "", "email", "@"), []string{"name", "email"}, `value="@"`)
	wrong(first.send("/me", "/me/password", "present", "x", "password", "123"), []string{"present", "password"})

	at = "/admin/communities"
	bad := []string{"name", "", "city", strings.Repeat("长", 101), "address", "甲\u2066乙", "phone", strings.Repeat("1", 41), "timezone", "Mars/Base", "locale", "tlh"}
	fields := []string{"name", "city", "address", "phone", "timezone", "locale"}
	wrong(first.send(at, at, append(bad, "slug", "不对")...), append(fields, "slug"), `value="不对"`, "最多100个字")
	edit := at + "/" + o.place.Slug
	wrong(first.send(edit, edit, bad...), fields, strings.Repeat("1", 41))
	first.get("/me?lang=en")
	wrong(first.send(edit, edit, bad...), fields, "at most 40 characters", "There is no such time zone")

	at = o.home + "/people"
	wrong(o.mine.send(at, at+"/invite", "label", strings.Repeat("长", 121)), []string{"kind", "label"}, "请选择身份", strings.Repeat("长", 121))
	for _, n := range nodes(o.t, o.mine.get(at).Body, "option") {
		if attr(n, "value") == "organizer" && attr(n, "selected") != "" {
			o.t.Error("who is invited is an organizer unless somebody looks")
		}
	}
}

// A page says what happened and what to do, with a number to ask about; codes
// are for programs.
func TestAnErrorPageIsForPeople(t *testing.T) {
	r := start(t, sqlite(t))
	b := r.browser()
	a := b.get("/d/aaaaaaaaaaaaaaaaaaaaaaaaaa")
	if a.Status != 404 || !strings.Contains(a.Body, text.T("zh-Hans", "error.market_day.unknown", nil)) || strings.Contains(a.Body, "编号") {
		t.Errorf("%d %s", a.Status, a.Body) // nobody needs to ask why
	}
	forged := b.post("/login", url.Values{"csrf": {"x"}})
	if id := forged.Header.Get("X-Request-Id"); forged.Status != 403 || id == "" || !strings.Contains(forged.Body, "编号 "+id) {
		t.Errorf("%d %s", forged.Status, forged.Body)
	}
	if strings.Contains(a.Body, "market_day.unknown") {
		t.Error("a resident reads a code")
	}
	req, err := http.NewRequest(http.MethodGet, b.base+apiRoot+"/days/aaaaaaaaaaaaaaaaaaaaaaaaaa", nil)
	if err != nil {
		t.Fatal(err)
	}
	if a := b.do(req); !strings.Contains(a.Body, `"code":"market_day.unknown"`) {
		t.Errorf("a program reads no code: %s", a.Body)
	}
}

// An invitation says for whom one would act.
func TestAnInvitationNamesThePartner(t *testing.T) {
	atOffice(t, func(o *office) {
		p := o.partner("济宁银行")
		link, err := o.Account.Invite(o.t.Context(), account.Operator(), account.Invitation{
			Role: account.Role{Kind: account.Partner, CommunityID: o.place.ID, PartnerID: p.ID}})
		if err != nil {
			o.t.Fatal(err)
		}
		says(o.t, o.browser().get("/invite/"+link), 200, "济宁银行", o.place.Name, "幸福合伙人")
	})
}

// A number of days that is no number is refused like any other.
func TestAParameterIsNotNull(t *testing.T) {
	r := start(t, sqlite(t))
	k := r.community("xiangyang")
	for _, bad := range []string{"null", "many", ""} {
		req, err := http.NewRequest(http.MethodGet, r.http.URL+apiRoot+"/communities/"+k.Slug+"/days?limit="+bad, nil)
		if err != nil {
			t.Fatal(err)
		}
		if a := r.browser().do(req); a.Status != 400 && a.Status != 422 || !strings.Contains(a.Body, `"field":"limit"`) {
			t.Errorf("limit=%s: %d %s", bad, a.Status, a.Body)
		}
	}
}

// Another community's channel is not there to be deleted.
func TestAForeignChannelCannotBeDeleted(t *testing.T) {
	atOffice(t, func(o *office) {
		at := o.home + "/channels"
		made := o.mine.send(at, at, "kind", "folder", "name", "群", "lang", "zh-Hans")
		says(o.t, made, 200, "群")
		there := "/o/other/channels/" + strings.TrimPrefix(made.Path, at+"/")
		a := o.foreign.post(there+"/delete", o.foreign.fill(o.foreign.get("/me").Body, "/me"))
		if a.Status != 404 {
			o.t.Errorf("deleting it answers %d", a.Status)
		}
		says(o.t, o.mine.get(made.Path), 200, "群")
	})
}

// An administrator loads a year of holidays: looked at first, named by line when
// it is wrong, and from then on nothing is missing on the organizers' first page.
func TestAYearOfHolidaysIsLoaded(t *testing.T) {
	atOffice(t, func(o *office) {
		t, at := o.t, "/admin/holidays"
		o.market("m")
		says(t, o.mine.get(o.home), 200, "2027 年的节假日安排还没有导入")
		o.refused(at, at)
		b := o.browser(o.token(account.Role{Kind: account.Admin}))
		const notice = "year: 2027\nholidays:\n  - {name: 元旦, off: [2027-01-01, 2027-01-03], work: [2027-01-09]}"
		bad := b.send(at, at, "notice", strings.Replace(notice, "2027-01-09", "2029-01-09", 1), "step", "look")
		says(t, bad, 422, "第 3 行", "work", "2029-01-09")
		looked := b.send(at, at, "notice", notice, "step", "look")
		says(t, looked, 200, "看看对不对", "1月9日 周六", "没有场次变动")
		says(t, o.mine.get(o.home), 200, "2027 年的节假日安排还没有导入") // looking loads nothing
		says(t, b.post(at, b.fill(looked.Body, at, "notice", notice, "step", "save")), 200, "节假日安排已导入", "2027 年已有")
		if strings.Contains(o.mine.get(o.home).Body, "2027 年的节假日安排还没有导入") {
			t.Error("the year is still missing")
		}
	})
}

// A rule is said in words, and a list of one date is not called twelve.
func TestAPreviewSpeaks(t *testing.T) {
	atOffice(t, func(o *office) {
		t, at := o.t, o.home+"/markets/new"
		v := with(o.mine.whole(o.mine.get(at).Body, at), "name", "市集", "venue", "门口", "kind", "dates", "shown", "dates", "rule.dates", "2026-11-19", "step", "preview")
		a := o.mine.post(at, v)
		says(t, a, 200, "1 个日期，", "接下来 1 场")
		if strings.Contains(a.Body, "<code>") {
			t.Error("the rule is shown as programs write it")
		}
	})
}
