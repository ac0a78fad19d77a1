package web

import (
	"net/http"
	"testing"
)

// A partner telephones: an organizer joins for it by its own rules, and the
// plan says who did it. After the places are given one can wait for one, and
// the page says nothing else; after the opening neither.
func TestAnOrganizerJoinsForAPartner(t *testing.T) {
	eachFair(t, func(t *testing.T, f *fair) {
		o, day := f.organizer(), f.dutyPath()
		wants(t, o.get(day), 200, "代合伙人报名", `href="`+day+`/claims"`)
		wants(t, o.get(day+"/plan"), 200, `href="`+day+`/claims"`)
		wants(t, o.get(day+"/claims"), 200, "哪一家", "磨刀师傅", "豆浆铺", "下一步")
		to := day + "/claims?partner=" + f.grinder.ID
		wants(t, o.get("/o/xiangyang/partners/"+f.grinder.ID), 200, "代他报名：11月19日", `href="`+to+`"`)
		page := o.get(to)
		wants(t, page, 200, "代 磨刀师傅 报名", "带来：", "磨刀", "报名到 11月16日")
		wants(t, o.post(to, o.fill(page.Body, to, "services", "nothing")), 422, "没有这项服务")
		a := o.post(to, o.fill(page.Body, to, "services", f.grinder.Services[0].ID, "wish1", "B1", "minutes."+f.grinder.Services[0].ID, "8"))
		f.hear()
		wants(t, a, 200, "已代他报名", "某人 代 磨刀师傅 报名")
		if c := f.claim(f.grinder); !c.Live() || len(c.Wishes.Booths) != 1 {
			t.Errorf("%+v", c)
		}
		wants(t, o.get(to), 200, "他的服务都报过名了", "已报名")
		lacks(t, o.get(day+"/claims"), "磨刀师傅")
		wants(t, f.as(f.grinder).get("/p/xiangyang"), 200, "已报名")
		if a := o.get(day + "/claims?partner=nobody"); a.Status != http.StatusNotFound {
			t.Errorf("for nobody: %d", a.Status)
		}
		f.stranger(t, []string{day + "/claims", to}, []string{to})

		f.claims(f.doctors)
		f.until(at(11, 17, 8, 0)) // both booths are given
		o = f.organizer()         // too long ago
		wants(t, o.get(day+"/claims?partner="+f.soy.ID), 200, "报名已经截止", "替他排候补")
		b, own := f.as(f.soy), "/p/xiangyang/days/"+f.day.ID
		page = b.get(own)
		wants(t, page, 200, "报名已经截止", "我要候补")
		lacks(t, page, "报名到", "报名这一场", "还缺", "最想要的摊位", "想要的位置", "11月16日")
		wants(t, b.get("/p/xiangyang"), 200, "报名已经截止")
		f.until(at(11, 19, 9, 0))
		late := b.get(own)
		wants(t, late, 200, "市集已经开始")
		lacks(t, late, own+"/claims", "报名到")
		wants(t, b.post(own+"/claims", b.fill(page.Body, own+"/claims", "services", f.soy.Services[0].ID)), 409, "截止")
	})
}
