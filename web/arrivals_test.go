package web

import (
	"slices"
	"strings"
	"testing"

	"yiji/booths"
	"yiji/internal/account"
)

// On the day partners are ticked as they come: who is missing stands first with
// a call, a mis-tick is undone, and only who was seen "came".
func TestPartnersAreTickedAsTheyCome(t *testing.T) {
	eachFair(t, func(t *testing.T, f *fair) {
		f.grinder.Contact = booths.Contact{Person: "王师傅", Telephone: "138 0013 8000"}
		_, err := f.Booths.SavePartner(t.Context(), booths.Scope{CommunityID: f.place.ID}, f.grinder)
		f.ok(err)
		f.claims(f.doctors)
		f.claims(f.grinder)
		f.until(at(11, 18, 20, 0))
		b, day := f.organizer(), f.dutyPath()
		to := day + "/arrivals"
		lacks(t, b.get(day), to) // the evening before
		f.until(at(11, 19, 8, 20))
		page := b.get(day)
		wants(t, page, 200, "合伙人到场：0 / 2 家", `href="tel:13800138000"`, "王师傅", "打电话")

		page = pressIt(b, page, to, "到了") // A1 stands first
		wants(t, page, 200, "已记下", "合伙人到场：1 / 2 家", "08:20 到", "撤销（08:30 前）")
		if strings.Index(page.Body, "磨刀师傅") > strings.Index(page.Body, "&lt;市&gt;医院") {
			t.Error("who is missing does not stand first")
		}
		page = pressIt(b, page, to, "到了")
		wants(t, page, 200, "2 / 2 家")
		lacks(t, page, "tel:13800138000")
		f.until(at(11, 19, 9, 0))
		page = b.get(day)
		wants(t, page, 200, "正在开市", "2 / 2 家")
		lacks(t, page, "撤销（08:30 前）")

		f.clock.Set(at(11, 19, 11, 0))
		desk := f.browser(f.token(account.Role{Kind: account.Desk, CommunityID: f.place.ID}))
		wants(t, desk.get(day), 200, "2 / 2 家")
		wants(t, desk.post(to, f.formFor(desk, "partner", f.soy.ID)), 409, "没有摊位")
		wants(t, desk.post(to, f.formFor(desk, "partner", f.grinder.ID, "back", "yes")), 409, "过了十分钟")
		f.stranger(t, nil, []string{to})
	})
}

// formFor is a form of no page, with its token.
func (f *fair) formFor(b *browser, values ...string) map[string][]string {
	v := b.fill(b.get(f.dutyPath()).Body, "/logout")
	for i := 0; i+1 < len(values); i += 2 {
		v.Set(values[i], values[i+1])
	}
	return v
}

// A day on which nobody was served and nobody was seen says of nobody that he
// came; who is ticked afterwards did, and stands in the ledger.
func TestOnlyWhoWasSeenCame(t *testing.T) {
	aFair(t, func(t *testing.T, f *fair) {
		f.opened()
		f.until(at(11, 19, 11, 30))
		f.until(at(11, 19, 12, 0))
		b, o := f.as(f.doctors), f.organizer()
		home := b.get("/p/xiangyang")
		wants(t, home, 200, "有摊位，没有到场记录")
		lacks(t, home, "如约到场", "/letter")
		wants(t, o.get("/o/xiangyang/partners/"+f.doctors.ID), 200, "有摊位，没有到场记录")
		wants(t, pressIt(o, o.get(f.dutyPath()), f.dutyPath()+"/arrivals", "到了"), 200, "已记下") // A1: the doctors
		wants(t, b.get("/p/xiangyang"), 200, "如约到场", "/letter", "2.5")
		wants(t, o.get("/o/xiangyang/partners/"+f.doctors.ID), 200, "如约到场")
		book := workbookOf(t, o.get(f.dutyPath()+"/ledger.xlsx"))
		if got := columnOf(t, book, "合伙人", "签到"); !slices.ContainsFunc(got, func(s string) bool { return s != "" }) || !slices.Contains(got, "") {
			t.Errorf("arrivals %q", got)
		}
	})
}
