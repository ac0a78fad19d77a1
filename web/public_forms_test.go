package web

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"yiji/internal/db"
)

func TestFeedbackIsSimple(t *testing.T) {
	eachFair(t, func(t *testing.T, f *fair) {
		b, to := f.browser(), "/d/"+f.day.ID+"/feedback"
		early := b.send(to, to, "mark", "good")
		reads(t, early, 409, "还没有开市")
		line := f.opened()["血压"].ID
		reads(t, b.get(to+"?line="+line), 200, "满意", "一般", "不满意", "不用写姓名")

		a := b.send(to, to, "words", "大夫很耐心", "line", line) // no mark
		reads(t, a, 422, "请选满意、一般或不满意", "大夫很耐心")
		if !strings.Contains(a.Body, `value="`+line+`" selected`) {
			t.Error("the line was lost")
		}
		long := strings.Repeat("好", 201)
		a = b.send(to, to, "mark", "fair", "words", long)
		reads(t, a, 422, "最多 200 字", long)
		good := b.fill(a.Body, to, "mark", "good", "words", "大夫很耐心", "line", line)
		reads(t, b.post(to, good), 200, "谢谢您的评价")
		reads(t, b.post(to, good), 200) // sent again
		if a := f.browser().post(to, good); a.Status != 403 {
			t.Errorf("another browser's form: %d", a.Status)
		}
		got, err := f.Queue.FeedbackOf(t.Context(), f.place.ID, f.day.ID)
		f.ok(err)
		if got.Apart != 1 || got.Good+got.Fair+got.Poor != 0 || len(got.Words) != 1 || got.Words[0].Service != "血压" {
			t.Errorf("%+v", got)
		}
		if b.cookie(cardCookie) != "" {
			t.Error("saying how it was begins a card")
		}
		reads(t, b.get("/d/aaaaaaaaaaaaaaaaaaaaaaaaaa/feedback"), 404)
	})
}

// subscriptions are read from the table: the service never shows an address.
func (f *fair) subscriptions() (out []struct {
	Token    string `db:"token"`
	DayID    string `db:"day_id"`
	Reminder bool   `db:"reminder"`
	Closing  bool   `db:"closing"`
	Sealed   string `db:"address_sealed"`
}) {
	f.t.Helper()
	f.ok(f.db.View(f.t.Context(), func(tx *db.Tx) error {
		out = nil
		return tx.Select(&out, `SELECT token, day_id, reminder, closing, address_sealed FROM notify_subscriptions ORDER BY created_at`)
	}))
	return out
}

// asked are the tokens of wishes that wait for their confirmation.
func (f *fair) asked() (out []string) {
	f.t.Helper()
	f.ok(f.db.View(f.t.Context(), func(tx *db.Tx) error {
		out = nil
		return tx.Select(&out, `SELECT token FROM notify_wishes ORDER BY asked_at, day_id DESC`)
	}))
	return out
}

func TestAskingToBeTold(t *testing.T) {
	eachFair(t, func(t *testing.T, f *fair) {
		b, to := f.browser(), "/d/"+f.day.ID+"/subscribe"
		a := b.get(to)
		reads(t, a, 200, "不填也能取号", "邮箱只用来发上面勾选的邮件", "收市 24 小时后删除", "只要 11月19日 周四 这一场")
		silent(t, a, "checked")
		a = b.send(to, to, "email", "li@example.org")
		reads(t, a, 422, "请至少勾选一项")
		if !strings.Contains(a.Body, `value="li@example.org"`) {
			t.Error("the address was lost")
		}
		a = b.send(to, to, "email", "li@", "reminder", "1")
		reads(t, a, 422, "邮箱写得不对")
		if !strings.Contains(a.Body, `name="reminder" value="1" checked`) || !strings.Contains(a.Body, "wrong-email") {
			t.Error("the choice was lost or the reason does not stand beside the field")
		}
		if n := len(f.subscriptions()); n != 0 {
			t.Errorf("%d subscriptions after refusals", n)
		}
		reads(t, b.send(to, to, "email", "li@example.org", "reminder", "1", "dayid", "one"), 200, "请到邮箱里确认")
		reads(t, b.send(to, to, "email", "wang@example.org", "closing", "1", "dayid", ""), 200, "请到邮箱里确认")
		asked := f.asked()
		if len(asked) != 2 || len(f.subscriptions()) != 0 {
			t.Fatalf("%d wishes, %d subscriptions before anybody confirmed", len(asked), len(f.subscriptions()))
		}
		for _, token := range asked {
			link := "/confirm/" + token
			reads(t, b.get(link), 200, "幸福长九", "确认以后才会发邮件给您")
			if a := b.post(link, url.Values{"x": {"y"}}); a.Status != 403 {
				t.Errorf("a form that is not ours: %d", a.Status)
			}
			if len(f.asked()) == 0 {
				t.Fatal("looking at the link confirmed")
			}
			form := b.fill(b.get(link).Body, link)
			reads(t, b.post(link, form), 200, "确认好了")
			reads(t, b.post(link, form), 200, "确认好了") // pressed twice
			again := b.get(link)
			reads(t, again, 200, "已经订好了", "幸福长九")
			silent(t, again, "确认以后才会发邮件给您")
		}
		got := f.subscriptions()
		if len(got) != 2 || got[0].DayID != f.day.ID || !got[0].Reminder || got[0].Closing || got[1].DayID != "" || strings.Contains(got[0].Sealed, "example") {
			t.Fatalf("%+v", got)
		}
		if strings.Contains(f.log.String(), "example.org") {
			t.Error("the log holds an address")
		}

		leave := "/unsubscribe/" + got[0].Token
		reads(t, b.get(leave), 200, "幸福长九", "开市前一天晚上提醒我", "退订以后，邮箱马上删除")
		if len(f.subscriptions()) != 2 {
			t.Fatal("looking at the link unsubscribed")
		}
		reads(t, b.post(leave, b.fill(b.get(leave).Body, leave)), 200, "已退订")
		reads(t, b.get(leave), 404, "这个退订链接已失效")
		reads(t, b.get("/confirm/"+got[0].Token), 404, "这个确认链接已用过")
		if left := f.subscriptions(); len(left) != 1 || left[0].Token == got[0].Token {
			t.Errorf("%+v", left)
		}
		if a := b.post("/unsubscribe/"+got[1].Token, url.Values{"x": {"y"}}); a.Status != 403 || len(f.subscriptions()) != 1 {
			t.Errorf("a form that is not ours: %d", a.Status)
		}
		// A mail program posts without our form (RFC 8058), a page of another site may not.
		oneClick := func(origin string) int {
			req, err := http.NewRequest(http.MethodPost, b.base+"/unsubscribe/"+got[1].Token, strings.NewReader("List-Unsubscribe=One-Click"))
			f.ok(err)
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			if origin != "" {
				req.Header.Set("Origin", origin)
			}
			return f.browser().do(req).Status
		}
		if s := oneClick("https://evil.example"); s != 403 || len(f.subscriptions()) != 1 {
			t.Errorf("another site: %d", s)
		}
		if s := oneClick(""); s != 200 || len(f.subscriptions()) != 0 {
			t.Errorf("a mail program: %d, %d left", s, len(f.subscriptions()))
		}
	})
}

// After the day only the market as a whole can be asked for.
func TestAskingToBeToldAfterwards(t *testing.T) {
	aFair(t, func(t *testing.T, f *fair) {
		f.opened()
		f.until(at(11, 19, 12, 0))
		b, to := f.browser(), "/d/"+f.day.ID+"/subscribe"
		silent(t, b.get(to), "dayid")
		reads(t, b.send(to, to, "email", "li@example.org", "reminder", "1", "dayid", "one"), 409, "这一场已经结束，可以选以后每一场")
		reads(t, b.send(to, to, "email", "li@example.org", "reminder", "1"), 200, "请到邮箱里确认")
		f.Server.door.now = f.clock.Now  // it stands: the next mail would be let in after ten seconds
		f.Server.door.limits.Off = false // a machine types in two hundred addresses of others
		page := b.get(to).Body
		for i := range letterBurst + 1 {
			v := b.fill(page, to, "email", "x"+strconv.Itoa(i)+"@example.org", "reminder", "1", keyField, db.NewID())
			want := map[bool]int{true: 200, false: 429}[i < letterBurst]
			if a := b.post(to, v); a.Status != want {
				t.Fatalf("mail %d: %d, want %d", i, a.Status, want)
			}
		}
	})
}
