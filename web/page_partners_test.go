package web

import (
	"strings"
	"testing"

	"yiji/booths"
	"yiji/internal/db"
	"yiji/internal/event"
	"yiji/scheduler"
)

// heard tells booths of a day, as the bus does.
func (o *office) heard(d scheduler.Day) {
	o.t.Helper()
	err := o.db.Update(o.t.Context(), func(tx *db.Tx) error {
		err := o.Booths.MarketDayPlanned(tx, event.MarketDayPlanned{Day: d.Ref(), HeldOn: d.HeldOn.String(), OpensAt: d.OpensAt, ClosesAt: d.ClosesAt})
		if err != nil || d.State == scheduler.Planned {
			return err
		}
		return o.Booths.MarketDayClaimingOpened(tx, event.MarketDayClaimingOpened{Day: d.Ref(), EffectiveAt: d.ClaimsAt, StandingUntil: d.StandingUntil, ConfirmAt: d.ConfirmAt})
	})
	if err != nil {
		o.t.Fatal(err)
	}
}

func TestAPartnerIsWrittenDown(t *testing.T) {
	atOffice(t, func(o *office) {
		t, list := o.t, o.home+"/partners"
		at := list + "/new"
		says(t, o.mine.get(list), 200, "还没有合伙人")
		v := with(o.mine.whole(o.mine.get(at).Body, at), "name", "山东省第二康复医院", "category", "义诊", "contact.person", "王医生",
			"contact.telephone", "+86 538 1234567", "contact.email", "wang", "services[0].name", "测血压", "services[0].minutes", "3", "services[0].price", "2.50", "step", "save")
		v["services[0].needs"] = []string{"quiet"}
		says(t, o.mine.post(at, v), 422, "邮箱地址不对", `value="测血压"`, `value="2.50"`, `value="+86 538 1234567"`)
		with(v, "contact.email", "wang@example.org")
		says(t, o.mine.post(at, with(clone(v), "services[0].name", "")), 422, `id="wrong-services[0].name"`)
		says(t, o.mine.post(at, with(clone(v), "services[0].name", "", "services[0].price", "", "services[0].needs", "")), 422, "至少")
		says(t, o.mine.post(at, with(clone(v), "services[0].kind", "stock")), 422, `id="wrong-services[0].stock"`)
		more := o.mine.post(at, with(clone(v), "step", "add:qualifications"))
		paper := with(o.mine.whole(more.Body, at), "qualifications[0].name", "义诊备案", "qualifications[0].expires_on", "2026-10-01", "step", "save")
		says(t, o.mine.post(at, with(clone(paper), "qualifications[0].expires_on", "明年")), 422, "明年", `id="wrong-qualifications[0].expires_on"`)
		saved := o.mine.post(at, paper)
		says(t, saved, 200, "已保存", "2026-10-01", "tel:+865381234567", "王医生")
		if again := o.mine.post(at, paper); again.Path != saved.Path {
			t.Errorf("sent twice it led to %s and %s", saved.Path, again.Path)
		}
		all, err := o.Booths.Partners(t.Context(), o.place.ID)
		if err != nil || len(all) != 1 || all[0].Category != "clinic" || all[0].Services[0].Price != 250 || all[0].Services[0].Needs[0] != "quiet" || len(all[0].Services) != 1 {
			t.Fatalf("%+v %v", all, err)
		}
		edit := list + "/" + all[0].ID
		o.refused(edit, edit, edit+"/archive", edit+"/invite", edit+"/standing", at)
		if a := o.foreign.get("/o/other/partners/" + all[0].ID); a.Status != 404 {
			t.Errorf("the partner through another community: %d", a.Status)
		}
		says(t, o.mine.get(o.home), 200, "义诊备案", "到 10月1日 周四 就过期")
		dropped := o.mine.post(edit, with(o.mine.whole(o.mine.get(edit).Body, edit), "step", "drop:qualifications:0"))
		says(t, o.mine.post(edit, with(o.mine.whole(dropped.Body, edit), "name", "康复医院", "step", "save")), 200, "已保存", "康复医院")
		says(t, o.mine.get(list+"?q=血压"), 200, "康复医院", "1 家中的 1 家")
		says(t, o.mine.get(list+"?q=%E4%B9%89%E8%AF%8A"), 200, "康复医院")
		says(t, o.mine.get(list+"?q=zzz"), 200, "没有找到")
	})
}

// partner is one with two services.
func (o *office) partner(name string) booths.Partner {
	o.t.Helper()
	p, err := o.Booths.SavePartner(o.t.Context(), booths.Scope{CommunityID: o.place.ID}, booths.Partner{
		Name: name, Kind: booths.KindOrganisation, Contact: booths.Contact{Person: "王", Telephone: "0538-1"},
		Services: []booths.Offering{{Name: "套圈", Kind: booths.KindPerson, Minutes: 1}, {Name: "豆浆", Kind: booths.KindStock, Minutes: 1, Stock: 200}},
	})
	if err != nil {
		o.t.Fatal(err)
	}
	return p
}

func TestStandingPlacesAndTheEndOfAPartner(t *testing.T) {
	atOffice(t, func(o *office) {
		t, m, p := o.t, o.market("m"), o.partner("济宁银行")
		at := o.home + "/partners/" + p.ID
		standing := at + "/standing"
		one := o.mine.send(at, standing, "step", "add:standing")
		two := o.mine.post(standing, with(o.mine.whole(one.Body, standing), "standing[0].services", p.Services[0].ID, "standing[0].booths", "B4、B1", "step", "add:standing"))
		says(t, two, 200, `value="B4、B1"`, `name="standing[1].booths"`)
		v := with(o.mine.whole(two.Body, standing), "step", "save")
		says(t, o.mine.post(standing, clone(v)), 422, "已经有位置")
		says(t, o.mine.post(standing, with(v, "standing[1].services", p.Services[1].ID)), 200, "常驻位置已保存")
		got, err := o.Booths.Partner(t.Context(), booths.Scope{CommunityID: o.place.ID}, p.ID)
		if err != nil || len(got.Standing) != 2 || got.Standing[0].MarketID != m.ID || strings.Join(got.Standing[0].Wishes.Booths, ",") != "B4,B1" {
			t.Fatalf("%+v %v", got.Standing, err)
		}
		// A wish for a booth that is not on the ground is a typing mistake, told at its line.
		ground := booths.Layout{Booths: []booths.Booth{{Code: "B1"}, {Code: "B4", X: 300}}}
		if err := o.Booths.SaveLayout(t.Context(), o.place.ID, m.ID, ground); err != nil {
			t.Fatal(err)
		}
		says(t, o.mine.post(standing, with(clone(v), "standing[1].services", p.Services[1].ID, "standing[1].booths", "B1、B5")), 422, `想要的摊位没有这个编号`)
		archive := at + "/archive"
		says(t, o.mine.send(at, archive), 422, "请先勾选")
		gone := o.mine.send(at, archive, "sure", "yes")
		says(t, gone, 200, "已停用", "恢复使用")
		says(t, o.mine.send(at, archive), 200, "已恢复使用")
	})
}

func TestAPartnerIsInvitedByATextForWeChat(t *testing.T) {
	atOffice(t, func(o *office) {
		t, p := o.t, o.partner("济宁银行")
		at := o.home + "/partners/" + p.ID
		made := o.mine.send(at, at+"/invite", "label", "")
		says(t, made, 200, "济宁银行，您好！社区 xiangyang邀请您参加公益市集", "<svg", "/invite/")
		link := inviteAddress.FindString(made.Body)
		if strings.Contains(o.mine.get(at).Body, link) {
			t.Error("the link is shown a second time")
		}
		says(t, o.browser().get(link), 200, "幸福合伙人")
		says(t, o.mine.send(at, at+"/invite", "label", strings.Repeat("长", 200)), 422, "备注最多120个字符")
		days, err := o.Scheduler.Days(t.Context(), o.place.ID, scheduler.DayFilter{MarketID: o.market("m").ID})
		if err != nil {
			t.Fatal(err)
		}
		o.heard(days[0])
		says(t, o.mine.get(o.home), 200, "还没有认领的合伙人", "济宁银行", "tel:05381", "看认领和排位", `aria-current="step"`, "还有 5 天")
	})
}
