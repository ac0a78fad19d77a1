package web

import (
	"testing"

	"yiji/internal/account"
	"yiji/internal/db"
	"yiji/internal/db/dbtest"
)

func TestAdminsMakeCommunities(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		r := start(t, d)
		b := r.browser(r.token(account.Role{Kind: account.Admin}))
		const at = "/admin/communities"
		says(t, b.get(at), 200, "还没有社区")
		says(t, b.send(at, at, "slug", "Xiang Yang", "name", "向阳社区", "timezone", "Asia/Shanghai", "locale", "zh-Hans"), 422,
			"只能用小写字母、数字", `value="向阳社区"`, `value="Xiang Yang"`)
		form := b.fill(b.get(at).Body, at, "slug", "xiangyang", "name", "向阳社区", "city", "泰安市", "address", "泰前街道", "timezone", "Asia/Shanghai", "locale", "zh-Hans")
		made := b.post(at, form)
		says(t, made, 200, "社区建好了")
		if made.Path != "/o/xiangyang/people" {
			t.Errorf("led to %s", made.Path)
		}
		says(t, b.post(at, form), 200) // sent twice is once
		says(t, b.post(at, with(form, "name", "别的社区")), 409, "这个短名已有别的社区在用")
		if k, err := r.Scheduler.CommunityBySlug(t.Context(), "xiangyang"); err != nil || k.Name != "向阳社区" || k.City != "泰安市" {
			t.Errorf("%+v %v", k, err)
		}
		const edit = at + "/xiangyang"
		says(t, b.get(edit), 200, "泰前街道")
		says(t, b.send(edit, edit, "name", "", "timezone", "Asia/Shanghai", "locale", "zh-Hans", "phone", "0538"), 422, "不能为空", `value="0538"`)
		says(t, b.send(edit, edit, "name", "向阳社区", "timezone", "Asia/Urumqi", "locale", "zh-Hans", "slug", "hijack"), 200, "已保存")
		if k, err := r.Scheduler.CommunityBySlug(t.Context(), "xiangyang"); err != nil || k.TimeZone != "Asia/Urumqi" {
			t.Errorf("%+v %v", k, err)
		}
		if _, err := r.Scheduler.CommunityBySlug(t.Context(), "hijack"); err == nil {
			t.Error("the slug in the form of an edit was believed")
		}
		r.community("own")
		own, _ := r.Scheduler.CommunityBySlug(t.Context(), "own")
		f := r.browser(r.token(account.Role{Kind: account.Organizer, CommunityID: own.ID}))
		if a := f.get(at); a.Status != 403 {
			t.Errorf("an organizer lists communities: %d", a.Status)
		}
		if a := f.get(edit); a.Status != 403 {
			t.Errorf("an organizer edits a foreign community: %d", a.Status)
		}
		says(t, f.get(at+"/own"), 200)
		if a := f.get("/o"); a.Path != "/o/own" {
			t.Errorf("one community: led to %s", a.Path)
		}
		says(t, b.get("/o"), 200, "向阳社区", "社区 own")
	})
}
