package web

import (
	"strings"
	"testing"

	"yiji/booths"
	"yiji/scheduler"
)

func TestALayoutIsDrawnAndSaved(t *testing.T) {
	atOffice(t, func(o *office) {
		t, m := o.t, o.market("m")
		at := o.home + "/markets/" + m.ID + "/layout"
		first := o.mine.get(at)
		says(t, first, 200, "还没有摊位", "还没有办过的日子")
		v := with(o.mine.whole(first.Body, at), "zones[0].name", "健康义诊区", "zones[0].accepts", "义诊、茶艺",
			"booths[0].code", "A1", "booths[0].zone", "健康义诊区", "booths[1].code", "A1", "booths[1].x", "4.5", "step", "save")
		v["booths[0].features"] = []string{"power", "quiet"}
		says(t, o.mine.post(at, v), 422, "编号重复", `value="健康义诊区"`, `id="wrong-booths[1].code"`)
		says(t, o.mine.post(at, with(clone(v), "booths[1].x", "四")), 422, "请填一个数字", `id="wrong-booths[1].x"`)
		says(t, o.mine.post(at, with(clone(v), "booths[1].code", "B1", "booths[1].zone", "月亮区")), 422, "没有这个区域", "月亮区")
		more := o.mine.post(at, with(clone(v), "booths[1].code", "B1", "step", "add:booths:5"))
		says(t, more, 200, `name="booths[8].code"`, "<svg")
		less := o.mine.post(at, with(o.mine.whole(more.Body, at), "step", "drop:booths:0"))
		if strings.Contains(less.Body, `name="booths[8].code"`) || !strings.Contains(less.Body, `name="booths[0].code" type="text" value="B1"`) {
			t.Errorf("after dropping the first row:\n%s", less.Body)
		}
		if l, err := o.Booths.Layout(t.Context(), o.place.ID, m.ID); err != nil || len(l.Booths) != 0 {
			t.Fatalf("something was saved before saving: %+v %v", l, err)
		}
		drawn := o.mine.post(at, with(clone(v), "booths[1].code", "B1", "step", "draw"))
		says(t, drawn, 200, "<svg", ">A1<", ">B1<")
		says(t, o.mine.post(at, with(o.mine.whole(drawn.Body, at), "step", "save")), 200, "布置已保存", ">B1<")
		l, err := o.Booths.Layout(t.Context(), o.place.ID, m.ID)
		if err != nil || len(l.Zones) != 1 || len(l.Booths) != 2 || l.Booths[1].X != 450 || strings.Join(l.Booths[0].Features, ",") != "power,quiet" {
			t.Fatalf("%+v %v", l, err)
		}
		if strings.Join(l.Zones[0].Accepts, ",") != "clinic,茶艺" {
			t.Errorf("a zone accepts %v", l.Zones[0].Accepts)
		}
		o.refused(at, at, at+"/apply")
		says(t, o.mine.get(o.home+"/markets/aaaaaaaaaaaaaaaaaaaaaaaaaa/layout"), 404)
		if a := o.mine.get(at + "?from=aaaaaaaaaaaaaaaaaaaaaaaaaa"); a.Status != 404 {
			t.Errorf("the ground of no day: %d", a.Status)
		}
	})
}

// What is wished for is written once, with the market, and the plan reads it.
func TestWantedServicesReachThePlan(t *testing.T) {
	atOffice(t, func(o *office) {
		t, m := o.t, o.market("m")
		at := o.home + "/markets/" + m.ID
		layout := booths.Layout{Zones: []booths.Zone{}, Booths: []booths.Booth{{Code: "A1"}}}
		if err := o.Booths.SaveLayout(t.Context(), o.place.ID, m.ID, layout); err != nil {
			t.Fatal(err)
		}
		twice := o.mine.post(at, with(o.mine.whole(o.mine.get(at).Body, at), "wanted", "理发、理发", "step", "preview"))
		says(t, twice, 422, "写了两次", "理发、理发")
		preview := o.mine.post(at, with(o.mine.whole(twice.Body, at), "wanted", "理发", "step", "preview"))
		says(t, o.mine.post(at, with(o.mine.whole(preview.Body, at), "step", "save")), 200, "市集已保存")
		l, err := o.Booths.Layout(t.Context(), o.place.ID, m.ID)
		if err != nil || strings.Join(l.Wanted, ",") != "理发" || len(l.Booths) != 1 {
			t.Errorf("%+v %v", l, err)
		}
	})
}

// A day's own copy can be looked at for the market, and be replaced while claims are open.
func TestAGroundIsTakenFromADayAndGivenToADay(t *testing.T) {
	atOffice(t, func(o *office) {
		t, m := o.t, o.market("m")
		at := o.home + "/markets/" + m.ID + "/layout"
		now := booths.Layout{Zones: []booths.Zone{{Name: "北区"}}, Booths: []booths.Booth{{Code: "N1", Zone: "北区"}}}
		if err := o.Booths.SaveLayout(t.Context(), o.place.ID, m.ID, now); err != nil {
			t.Fatal(err)
		}
		days, err := o.Scheduler.Days(t.Context(), o.place.ID, scheduler.DayFilter{MarketID: m.ID})
		if err != nil || days[0].StateAt(october()) != scheduler.Claiming {
			t.Fatal(err, days)
		}
		o.heard(days[0])
		page := o.mine.get(at)
		if strings.Contains(page.Body, at+"/apply") {
			t.Error("a day that knows the ground is offered it")
		}
		now.Booths = append(now.Booths, booths.Booth{Code: "N2", X: 300, Zone: "北区"})
		if err := o.Booths.SaveLayout(t.Context(), o.place.ID, m.ID, now); err != nil {
			t.Fatal(err)
		}
		says(t, o.mine.get(at), 200, "10月19日 周一", "还不知道新的布置", "用到这一天")
		for _, w := range []string{o.home, o.home + "/partners"} { // the late roster is spoken of where one comes back to
			o.partnerStands(m, w[len(w)-3:])
			says(t, o.mine.get(w), 200, "10月19日 周一", "还少常驻合伙人："+w[len(w)-3:])
			if a := o.mine.send(w, at+"/apply"); a.Path != w {
				t.Errorf("the button on %s leads to %s", w, a.Path)
			} else {
				says(t, a, 200, "新布置和名单已用上")
			}
			if a := o.mine.get(w); strings.Contains(a.Body, at+"/apply") {
				t.Errorf("%s still says it", w)
			}
		}
		claims := func(want int) {
			t.Helper()
			if got, err := o.Booths.ClaimsOf(t.Context(), o.place.ID, days[0].ID); err != nil || len(got) != want {
				t.Errorf("%d claims, want %d: %+v %v", len(got), want, got, err)
			}
		}
		claims(2)
		back := o.home + "/partners" // the last roster is taken back where it was told
		says(t, o.mine.get(back), 200, "10月19日 周一", "十分钟内可以换回")
		if a := o.mine.send(back, at+"/undo"); a.Path != back {
			t.Errorf("the way back leads to %s", a.Path)
		} else {
			says(t, a, 200, "已换回原来的布置和名单", "用到这一天")
		}
		claims(1)
		says(t, o.mine.post(at+"/undo", with(hidden(t, o.mine.get(at).Body, "/logout"), "day", days[0].ID)), 409, "十分钟内才能换回")
		says(t, o.mine.post(at+"/apply", with(hidden(t, o.mine.get(at).Body, "/logout"), "day", "aaaaaaaaaaaaaaaaaaaaaaaaaa")), 404)
		says(t, o.mine.get(at+"?from="+days[0].ID), 200, "还没有保存", ">N1<")
	})
}

// partnerStands writes down a new partner that stands on every day of a market.
func (o *office) partnerStands(m scheduler.Market, name string) {
	o.t.Helper()
	p := o.partner(name)
	if err := o.Booths.SaveStanding(o.t.Context(), booths.Scope{CommunityID: o.place.ID}, p.ID, m.ID, []booths.Standing{{}}); err != nil {
		o.t.Fatal(err)
	}
}
