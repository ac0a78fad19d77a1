package web

import (
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"

	"yiji/internal/account"
)

var inviteAddress = regexp.MustCompile(`/invite/[A-Za-z0-9_-]+`)

func TestPeopleAreInvitedAndTakenOut(t *testing.T) {
	atOffice(t, func(o *office) {
		t, at := o.t, o.home+"/people"
		says(t, o.mine.get(at), 200, "某人", "没有等待接受的链接")
		made := o.mine.send(at, at+"/invite", "kind", "desk", "label", "李阿姨")
		says(t, made, 200, "链接做好了", "您好！邀请您做社区 xiangyang的服务台志愿者", "李阿姨", "<svg")
		link := inviteAddress.FindString(made.Body)
		if list := o.mine.get(at); strings.Contains(list.Body, link) {
			t.Error("the link is shown a second time")
		}
		says(t, o.mine.send(at, at+"/invite", "kind", "admin"), 422, "请选择身份")

		// An impatient finger: whatever makes a link makes one.
		before := o.links()
		for _, c := range []struct{ to, press string }{{at + "/invite", ""}, {at + "/person", "login"}, {at + "/link", "again"}} {
			page := o.mine.get(at).Body
			form := o.mine.whole(page, c.to)
			form.Set("kind", "desk")
			form.Set("step", c.press)
			got := map[string]bool{}
			for _, a := range o.mine.twice(c.to, form) {
				got[inviteAddress.FindString(a.Body)] = true
			}
			if len(got) != 1 || got[""] {
				t.Errorf("%s twice: %v, want one link", c.to, got)
			}
			for path := range got {
				says(t, o.browser().get(path), 200)
			}
		}
		if n := o.links() - before; n != 2 { // one for the desk, one to log in; the third was made again
			t.Errorf("%d links were made", n)
		}
	})
}

// links counts the community's links.
func (o *office) links() int {
	o.t.Helper()
	list, err := o.Account.Links(o.t.Context(), o.place.ID)
	if err != nil {
		o.t.Fatal(err)
	}
	return len(list)
}

// twice sends one form two times at once.
func (b *browser) twice(to string, form url.Values) (got [2]answer) {
	b.t.Helper()
	var both sync.WaitGroup
	for i := range got {
		both.Go(func() { got[i] = b.post(to, form) })
	}
	both.Wait()
	return got
}

func TestLinksAreWithdrawnAndIssuedAgain(t *testing.T) {
	atOffice(t, func(o *office) {
		t, at := o.t, o.home+"/people"
		made := o.mine.send(at, at+"/invite", "kind", "desk", "label", "李阿姨")
		first := inviteAddress.FindString(made.Body)
		form := o.mine.fill(made.Body, at+"/link", "step", "revoke")
		says(t, o.mine.post(at+"/link", form), 200, "链接已撤回", "已撤回")
		visitor := o.browser()
		if a := visitor.get(first); a.Status != 409 {
			t.Errorf("a withdrawn link: %d", a.Status)
		}
		again := o.mine.post(at+"/link", with(form, "step", "again"))
		says(t, again, 200, "链接做好了")
		second := inviteAddress.FindString(again.Body)
		if first == second {
			t.Fatal("the old link was issued again")
		}
		says(t, visitor.get(first), 404)
		visitor.send(second, second, "name", "李阿姨")
		people := o.mine.get(at)
		says(t, people, 200, "李阿姨")

		var her account.Person
		list, err := o.Account.People(t.Context(), o.place.ID)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range list {
			if p.Name == "李阿姨" {
				her = p
			}
		}
		act := o.mine.fill(people.Body, at+"/person", "person", her.ID, "kind", "desk", "partner", "", "step", "sessions")
		o.refused(at, at+"/person", at+"/invite", at+"/link", at+"/join")
		says(t, o.mine.post(at+"/person", act), 200, "已让他在所有设备退出")
		if a := visitor.get("/me"); a.Path != "/login" {
			t.Errorf("her session goes on: %s", a.Path)
		}
		says(t, o.mine.post(at+"/person", with(act, "step", "login")), 200, "点开这个链接就能登录")
		says(t, o.mine.post(at+"/person", with(act, "step", "revoke")), 422, "请先勾选")
		says(t, o.mine.post(at+"/person", with(act, "step", "revoke", "sure", "yes")), 200, "身份已取消")
		if list, err = o.Account.People(t.Context(), o.place.ID); err != nil || len(list) != 1 {
			t.Errorf("%d people left, %v", len(list), err)
		}
	})
}

func TestAnAdminMayBecomeAnOrganizer(t *testing.T) {
	atOffice(t, func(o *office) {
		t, at := o.t, o.home+"/people"
		b := o.browser(o.token(account.Role{Kind: account.Admin}))
		door := b.get(o.home)
		says(t, door, 200, "您是管理员，还不是这个社区的工作者", "我也做这个社区的工作者")
		if strings.Contains(door.Body, "还没有安排下一场市集") {
			t.Fatal("an admin sees the community's work")
		}
		says(t, b.get("/o"), 200, "您是管理员，还不是这个社区的工作者", "我也做这个社区的工作者")
		for _, from := range []string{"/o", o.home, at, "/admin/communities", "/admin/communities/" + o.place.Slug} {
			for _, n := range nodes(t, b.get(from).Body, "a") {
				if to := attr(n, "href"); strings.HasPrefix(to, "/") && !strings.Contains(to, "?") && b.get(to).Status == 403 {
					t.Errorf("%s leads to %s, which is not an admin's", from, to)
				}
			}
		}
		says(t, b.send("/o", at+"/join"), 200, "您现在是这里的社区工作者", "三步办起第一场市集")
		if strings.Contains(b.get(at).Body, at+"/join") {
			t.Error("the button is still there")
		}
	})
}
