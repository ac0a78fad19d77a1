package notify

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"yiji/internal/db"
	"yiji/internal/db/dbtest"
	"yiji/internal/fault"
	"yiji/notify/channel"
)

var bg = context.Background()

// code is the stable code of an error, with the field it is about.
func code(err error) string {
	var f *fault.Error
	if errors.As(err, &f) {
		return f.Code + " " + f.Field
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

func TestChannelInput(t *testing.T) {
	c := dbtest.NewClock(local(19, 9, 0))
	w := newTown(t, dbtest.Open(t, dbtest.SQLite(t), c.Now), c, func(o *Options) { o.Guard, o.AtHome = channel.Guard{}, nil })
	good := ChannelInput{Kind: channel.WeCom, Name: "志愿者群 🎉", Target: "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=K", Lang: "zh-Hans", Active: true}
	for name, x := range map[string]struct {
		change func(*ChannelInput)
		want   string
	}{
		"good": {func(*ChannelInput) {}, ""}, "kind": {func(i *ChannelInput) { i.Kind = "fax" }, "notify.channel_kind kind"},
		"no name":   {func(i *ChannelInput) { i.Name = " " }, "notify.channel_name name"},
		"long name": {func(i *ChannelInput) { i.Name = strings.Repeat("群", 61) }, "notify.channel_name name"},
		"bytes":     {func(i *ChannelInput) { i.Name = "\xc4\xe3" }, "notify.channel_name name"},
		"break":     {func(i *ChannelInput) { i.Name = "a\nb" }, "notify.channel_name name"},
		"lang":      {func(i *ChannelInput) { i.Lang = "fr" }, "notify.lang lang"},
		"elsewhere": {func(i *ChannelInput) { i.Target = "https://evil.example/?qyapi.weixin.qq.com" }, "notify.robot_host target"},
		"another's": {func(i *ChannelInput) { i.Kind = channel.Feishu }, "notify.robot_host target"},
		"http":      {func(i *ChannelInput) { i.Target = "http://example.org" }, "notify.channel_url target"},
		"private":   {func(i *ChannelInput) { i.Target = "https://192.168.0.1/" }, "notify.channel_url target"},
		"no target": {func(i *ChannelInput) { i.Target = "" }, "notify.channel_url target"},
		"mail":      {func(i *ChannelInput) { i.Kind, i.Target = channel.Mail, "a@b.example\r\nBcc: x@y.example" }, "notify.email_form target"},
		"folder":    {func(i *ChannelInput) { i.Kind, i.Target = channel.Folder, "/etc" }, "notify.channel_target target"},
		"secret":    {func(i *ChannelInput) { i.Kind, i.Secret = channel.Webhook, "whsec_short" }, "notify.channel_secret secret"},
		"no secret": {func(i *ChannelInput) { i.Secret = "x" }, "notify.channel_secret secret"},
		"foreign":   {func(i *ChannelInput) { i.ID = "nobody" }, "notify.channel_unknown channel"},
	} {
		in := good
		x.change(&in)
		if _, err := w.ChannelSave(bg, comm, in); code(err) != x.want {
			t.Errorf("%s: %q, want %q", name, code(err), x.want)
		}
	}
}

func TestChannels(t *testing.T) {
	c := dbtest.NewClock(local(19, 9, 0))
	dbtest.EachAt(t, c.Now, func(t *testing.T, d *db.DB) {
		w := newTown(t, d, c)
		in := ChannelInput{Kind: channel.DingTalk, Name: "群", Target: "https://oapi.dingtalk.com/robot/send?access_token=TOPSECRET", Secret: "SECabc", Lang: "zh-Hans", Active: true, Key: "k1"}
		first, err := w.ChannelSave(bg, comm, in)
		again, err2 := w.ChannelSave(bg, comm, in)
		if err != nil || err2 != nil || first.ID != again.ID || first.Hint != "oapi.dingtalk.com" || !first.HasSecret {
			t.Fatalf("%+v %+v %v %v", first, again, err, err2)
		}
		in.Name = "other"
		if _, err := w.ChannelSave(bg, comm, in); code(err) != "idempotency.body_differs idempotency_key" {
			t.Error(err)
		}
		in.ID, in.Target, in.Secret, in.Key = first.ID, "", "", ""
		if _, err := w.ChannelSave(bg, "other", in); code(err) != "notify.channel_unknown channel" {
			t.Error(err)
		}
		changed, err := w.ChannelSave(bg, comm, in)
		if secret, _ := w.ChannelSecret(bg, comm, first.ID); err != nil || changed.Name != "other" || changed.Hint != first.Hint || secret != "SECabc" {
			t.Errorf("%+v %q %v", changed, secret, err)
		}
		w.nowhereInClear("TOPSECRET", "SECabc", "lin@hospital.example")
		if _, err := w.ChannelSecret(bg, "other", first.ID); err == nil {
			t.Error("another community read the secret")
		}
		w.ChannelDelete(bg, "other", first.ID)
		if all, _ := w.ChannelList(bg, comm); len(all) != 1 {
			t.Error("another community deleted it")
		}
		w.queue(first, 1, "waiting")
		for range 2 {
			if err := w.ChannelDelete(bg, comm, first.ID); err != nil {
				t.Error(err)
			}
		}
		w.drain()
		if got := state(w.list(Filter{})["test channel"]); got != "skipped gone" {
			t.Error(got)
		}
	})
}

// nowhereInClear looks for words in every text column of ours.
func (w *town) nowhereInClear(words ...string) {
	w.Helper()
	for _, q := range []string{`SELECT target_sealed || secret_sealed || old_secret_sealed || name FROM notify_channels`,
		`SELECT address_sealed || address_digest || token FROM notify_subscriptions`, `SELECT params || recipient || reason || why FROM notify_deliveries`,
		`SELECT code || detail FROM notify_attempts`, `SELECT body_hash || answer || scope FROM commands`} {
		var all []string
		w.tell(func(tx *db.Tx) error { return tx.Select(&all, q) })
		for _, word := range words {
			if strings.Contains(strings.Join(all, " "), word) {
				w.Errorf("%q is readable in: %s", word, q)
			}
		}
	}
}

// A webhook: the test message and every event of the day arrive signed; after a rotation both secrets verify for a day.
func TestWebhookEndToEnd(t *testing.T) {
	c := dbtest.NewClock(local(1, 10, 0))
	dbtest.EachAt(t, c.Now, func(t *testing.T, d *db.DB) {
		c.Set(local(1, 10, 0))
		w := newTown(t, d, c)
		r := newReceiver(t, c)
		type got struct {
			header http.Header
			body   []byte
		}
		var all []got
		r.Config.Handler = http.HandlerFunc(func(_ http.ResponseWriter, q *http.Request) {
			b, _ := io.ReadAll(q.Body)
			all = append(all, got{q.Header, b})
		})
		hook := w.channel(channel.Webhook, r.URL, "")
		old, _ := w.ChannelSecret(bg, comm, hook.ID)
		verified := func(g got, secret string) bool {
			key, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
			h := hmac.New(sha256.New, key)
			io.WriteString(h, g.header.Get("webhook-id")+"."+g.header.Get("webhook-timestamp")+"."+string(g.body))
			return strings.Contains(" "+g.header.Get("webhook-signature")+" ", " v1,"+base64.StdEncoding.EncodeToString(h.Sum(nil))+" ")
		}
		id, err := w.ChannelTest(bg, comm, hook.ID, "key")
		same, _ := w.ChannelTest(bg, comm, hook.ID, "key")
		w.drain()
		if err != nil || id == "" || id != same || len(all) != 1 || all[0].header.Get("webhook-id") != id || !verified(all[0], old) {
			t.Fatalf("%q %q %v %v", id, same, err, all)
		}
		w.tell(hear(w.MarketDayPlanned, planned("d1")), hear(w.BoothsPublished, published("d1")), hear(w.MarketDayOpened, opened("d1")),
			hear(w.MarketDayClosed, closed("d1")), hear(w.DayCounted, counted("d1")))
		if _, err := w.ChannelRotate(bg, comm, hook.ID); err != nil {
			t.Fatal(err)
		}
		fresh, _ := w.ChannelSecret(bg, comm, hook.ID)
		w.drain()
		types := map[string]bool{}
		for _, g := range all[1:] {
			var e struct {
				Type, Community string
				Data            struct{ Day string }
			}
			if err := json.Unmarshal(g.body, &e); err != nil || e.Data.Day != "d1" || e.Community != comm || !verified(g, old) || !verified(g, fresh) {
				t.Errorf("%v %s", err, g.body)
			}
			types[e.Type] = true
		}
		for _, name := range []string{"market_day.planned.v1", "booths.published.v1", "market_day.opened.v1", "market_day.closed.v1", "day.counted.v1"} {
			if !types[name] {
				t.Errorf("%s did not arrive", name)
			}
		}
		c.Push(oldSecretFor + time.Minute)
		w.ChannelTest(bg, comm, hook.ID, "")
		w.drain()
		if last := all[len(all)-1]; verified(last, old) || !verified(last, fresh) {
			t.Error("the old secret still signs after a day")
		}
	})
}

func TestSubscriptionInput(t *testing.T) {
	c := dbtest.NewClock(local(10, 9, 0))
	w := newTown(t, dbtest.Open(t, dbtest.SQLite(t), c.Now), c)
	w.tell(hear(w.MarketDayPlanned, planned("d1")))
	good := SubscriptionInput{MarketID: "m1", DayID: "d1", Email: "用户@home.example", Lang: "en", Reminder: true}
	for name, x := range map[string]struct {
		change func(*SubscriptionInput)
		want   string
	}{
		"good": {func(i *SubscriptionInput) { i.Email = "a@b.example" }, ""}, "empty": {func(i *SubscriptionInput) { i.Email = "" }, "notify.email_form email"},
		"break":       {func(i *SubscriptionInput) { i.Email = "a@b.example\r\nBcc: c@d.example" }, "notify.email_form email"},
		"lang":        {func(i *SubscriptionInput) { i.Lang = "" }, "notify.lang lang"},
		"no purpose":  {func(i *SubscriptionInput) { i.Reminder = false }, "notify.purpose reminder"},
		"no market":   {func(i *SubscriptionInput) { i.MarketID = "m9" }, "notify.day_unknown day"},
		"no market 2": {func(i *SubscriptionInput) { i.MarketID, i.DayID = "m9", "" }, "notify.market_unknown market"},
		"no day":      {func(i *SubscriptionInput) { i.DayID = "d9" }, "notify.day_unknown day"},
	} {
		in := good
		x.change(&in)
		if err := w.SubscriptionAdd(bg, comm, in); code(err) != x.want {
			t.Errorf("%s: %q, want %q", name, code(err), x.want)
		}
	}
	if err := w.SubscriptionAdd(bg, "other", good); code(err) != "notify.day_unknown day" {
		t.Errorf("another community's day: %v", err)
	}
	c.Set(local(19, 11, 30))
	if err := w.SubscriptionAdd(bg, comm, good); code(err) != "notify.day_over day" {
		t.Errorf("after closing: %v", err)
	}
}

// Residents: sealed, told once, gone by one click, forgotten 24 hours after closing.
func TestSubscriptions(t *testing.T) {
	c := dbtest.NewClock(local(10, 9, 0))
	dbtest.EachAt(t, c.Now, func(t *testing.T, d *db.DB) {
		c.Set(local(10, 9, 0))
		w := newTown(t, d, c)
		w.tell(hear(w.MarketDayPlanned, planned("d1")))
		in := SubscriptionInput{MarketID: "m1", DayID: "d1", Email: "Day@home.example", Lang: "zh-Hans", Reminder: true, Key: "k"}
		for range 2 {
			if err := w.SubscriptionAdd(bg, comm, in); err != nil {
				t.Fatal(err)
			}
		}
		w.confirm()
		in.Email = "x@home.example"
		if err := w.SubscriptionAdd(bg, comm, in); code(err) != "idempotency.body_differs idempotency_key" {
			t.Error(err)
		}
		w.subscribe("market@home.example", "", "en")
		w.nowhereInClear("home.example", "day@", "market@")
		if n, err := w.SubscriptionCount(bg, comm, "m1"); n != 2 || err != nil {
			t.Errorf("%d %v", n, err)
		}
		c.Set(local(18, 18, 0))
		w.Tick(bg)
		w.drain()
		var tokens []string
		w.tell(func(tx *db.Tx) error {
			return tx.Select(&tokens, `SELECT token FROM notify_subscriptions ORDER BY day_id`)
		})
		for range 2 { // looking changes nothing
			if s, err := w.SubscriptionShow(bg, tokens[1]); err != nil || s.Market != "益路向阳" || s.HeldOn != "2026-11-19" || !s.Reminder || s.Closing {
				t.Errorf("%+v %v", s, err)
			}
		}
		w.tell(hear(w.MarketDayOpened, opened("d1")))
		c.Set(local(19, 11, 46))
		w.tell(hear(w.MarketDayClosed, closed("d1")), hear(w.DayCounted, counted("d1")))
		for range 2 {
			if err := w.SubscriptionRemove(bg, tokens[0]); err != nil {
				t.Error(err)
			}
		}
		w.drain()
		if got := w.states(ClosingResident); len(got) != 1 || got["closing_resident resident"] != "skipped unsubscribed" {
			t.Errorf("%v", got)
		}
		c.Set(local(20, 11, 29))
		w.Tick(bg)
		left := func() (n int) {
			w.tell(func(tx *db.Tx) error { return tx.Get(&n, `SELECT COUNT(*) FROM notify_subscriptions`) })
			return n
		}
		if left() != 1 {
			t.Error("forgotten before 24 hours")
		}
		c.Set(local(20, 11, 30))
		w.Tick(bg)
		if left() != 0 {
			t.Error("an address outlived its day by 24 hours")
		}
		if _, err := w.SubscriptionShow(bg, tokens[1]); fault.KindOf(err) != fault.KindNotFound {
			t.Error(err)
		}
	})
}

// Nobody is written to because somebody else typed the address in: one question,
// within limits, and nothing before the answer.
func TestSubscriptionsAreConfirmed(t *testing.T) {
	c := dbtest.NewClock(local(10, 22, 0))
	dbtest.EachAt(t, c.Now, func(t *testing.T, d *db.DB) {
		c.Set(local(10, 22, 0))
		w := newTown(t, d, c)
		w.tell(hear(w.MarketDayPlanned, planned("d1")), hear(w.MarketDayPlanned, planned("d2")), hear(w.MarketDayPlanned, planned("d3")))
		ask := func(day string, closing bool) {
			t.Helper()
			in := SubscriptionInput{MarketID: "m1", DayID: day, Email: "li@home.example", Lang: "zh-Hans", Reminder: true, Closing: closing}
			if err := w.SubscriptionAdd(bg, comm, in); err != nil {
				t.Fatal(err)
			}
			w.drain()
		}
		mails := func() (n int) {
			for k, got := range w.states(SubscriptionConfirm) {
				if n++; got != "delivered" {
					t.Errorf("%s is %s", k, got)
				}
			}
			return n
		}
		ask("d1", false)
		if mails() != 1 { // at ten in the evening: somebody waits for it
			t.Fatalf("%v", w.states())
		}
		ask("d1", true) // at once again: no second mail
		if n, err := w.SubscriptionCount(bg, comm, "m1"); mails() != 1 || n != 0 || err != nil {
			t.Errorf("%d mails, %d subscribed, %v", mails(), n, err)
		}
		c.Push(wishPause)
		ask("d1", false)
		ask("d2", false)
		ask("d3", false) // the fourth to one address
		ask("", false)
		if mails() != wishMails {
			t.Errorf("%d mails to one address", mails())
		}
		w.nowhereInClear("home.example", "li@")
		all := w.asked()
		if len(all) != 4 {
			t.Fatalf("%d wishes", len(all))
		}
		letter := w.list(Filter{Kind: SubscriptionConfirm, DayID: "d2"})["subscription_confirm resident"]
		raw, err := os.ReadFile(filepath.Join(w.dir, letter.ID+".eml"))
		said := mailText(t, raw)
		if err != nil || !strings.Contains(said, "https://yiji.example/confirm/") || strings.Contains(said, "/unsubscribe/") || letter.Resendable() {
			t.Errorf("%v\n%s", err, said)
		}
		if _, text, _, err := w.Letter(bg, comm, letter.ID); err != nil || strings.Contains(text.Body, all[1]) {
			t.Errorf("the organizer can confirm: %v %+v", err, text)
		}
		for range 2 { // looking changes nothing
			if s, err := w.SubscriptionAsked(bg, all[0]); err != nil || s.Market != "益路向阳" || s.HeldOn != "2026-11-19" || !s.Reminder || !s.Closing {
				t.Errorf("%+v %v", s, err)
			}
		}
		if err := w.SubscriptionConfirm(bg, all[0]); err != nil {
			t.Fatal(err)
		}
		var first, second []string
		subscribed := func(into *[]string) {
			if err := w.db.View(bg, func(tx *db.Tx) error { return tx.Select(into, `SELECT id FROM notify_subscriptions ORDER BY id`) }); err != nil {
				t.Fatal(err)
			}
		}
		subscribed(&first)
		err = w.SubscriptionConfirm(bg, all[0]) // says the same and changes nothing
		subscribed(&second)
		if s, missing := w.SubscriptionAsked(bg, all[0]); err != nil || missing != nil || !s.Agreed || s.Market != "益路向阳" || !slices.Equal(first, second) {
			t.Errorf("the link again: %+v %v %v, %v then %v", s, err, missing, first, second)
		}
		w.sound()

		c.Set(db.Time(db.Micros(local(10, 22, 0))).Add(wishFor - 1))
		if _, err := w.Tick(bg); err != nil || len(w.asked()) != 3 {
			t.Errorf("%v, %d wishes", err, len(w.asked()))
		}
		c.Set(local(12, 22, 10))
		if err := w.SubscriptionConfirm(bg, all[1]); code(err) != "notify.wish_unknown token" {
			t.Errorf("after two days: %v", err)
		}
		w.Tick(bg)
		if left := w.asked(); len(left) != 0 {
			t.Errorf("%d addresses are kept that nobody confirmed", len(left))
		}
		ask("d1", true) // knows everything already: quiet
		if len(w.asked()) != 0 || len(w.states(SubscriptionConfirm)) != wishMails {
			t.Errorf("%v", w.states())
		}

		c.Set(local(18, 18, 0)) // the reminder goes to the one who confirmed
		w.Tick(bg)
		w.drain()
		if got := w.list(Filter{Kind: ReminderResident}); len(got) != 1 || got["reminder_resident resident"].DayID != "d1" {
			t.Errorf("%+v", got)
		}
		w.sound()
	})
}

// letterBox is the far side of SMTP, plain, on this host.
type letterBox struct{ got chan string }

func (b letterBox) NewSession(*smtp.Conn) (smtp.Session, error) { return &letterSession{b: b}, nil }

type letterSession struct {
	b  letterBox
	to string
}

func (s *letterSession) Reset()                                    {}
func (s *letterSession) Logout() error                             { return nil }
func (s *letterSession) Mail(string, *smtp.MailOptions) error      { return nil }
func (s *letterSession) Rcpt(to string, _ *smtp.RcptOptions) error { s.to = to; return nil }
func (s *letterSession) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	s.b.got <- s.to + "\n" + string(raw)
	return err
}

// With SMTP: mails go to the server, residents can unsubscribe, who has no address is skipped and counted.
func TestMailEndToEnd(t *testing.T) {
	box := letterBox{got: make(chan string, 10)}
	srv := smtp.NewServer(box)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { srv.Serve(l); close(ended) }()
	defer func() { srv.Close(); <-ended }()
	c := dbtest.NewClock(local(18, 17, 0))
	w := newTown(t, dbtest.Open(t, dbtest.SQLite(t), c.Now), c, func(o *Options) {
		o.Mail = &channel.MailSender{Host: "127.0.0.1", Port: l.Addr().(*net.TCPAddr).Port, Security: channel.Plain, From: "向阳社区 <market@x.example>"}
	})
	w.partners["bank"] = Recipient{Name: "Jining Bank", Lang: "en"}
	w.organizers = nil
	w.tell(hear(w.MarketDayPlanned, planned("d1")), hear(w.BoothsPublished, published("d1")))
	w.drain()
	w.subscribe("r@home.example", "", "zh-Hant")
	c.Set(local(18, 18, 0))
	w.Tick(bg)
	w.drain()
	mails := map[string]string{}
	for range 4 {
		to, raw, _ := strings.Cut(<-box.got, "\n")
		mails[to] = raw
	}
	resident, partner := mails["r@home.example"], mails["lin@hospital.example"]
	if !strings.Contains(resident, "<https://yiji.example/unsubscribe/") || strings.Contains(partner, "List-Unsubscribe") ||
		!strings.Contains(mailText(t, []byte(resident)), "不想再收到提醒") {
		t.Errorf("%s\n%s", resident, partner)
	}
	if got := w.stateOf("d1", BoothsPublished, "partner:bank"); got != "skipped no_address" {
		t.Error(got)
	}
	if names, _ := filepath.Glob(filepath.Join(w.dir, "*")); len(names) != 0 {
		t.Errorf("files beside SMTP: %v", names)
	}
}

func TestDeliveriesPaged(t *testing.T) {
	c := dbtest.NewClock(local(18, 17, 0))
	dbtest.EachAt(t, c.Now, func(t *testing.T, d *db.DB) {
		w := newTown(t, d, c)
		w.queue(w.channel(channel.Folder, "", ""), 25, "x")
		seen, before := map[string]bool{}, ""
		for {
			page, err := w.Deliveries(bg, comm, Filter{Limit: 10, Before: before})
			if err != nil {
				t.Fatal(err)
			}
			if len(page) == 0 {
				break
			}
			for _, d := range page {
				seen[d.ID] = true
			}
			before = page[len(page)-1].ID
		}
		if other, _ := w.Deliveries(bg, "other", Filter{}); len(seen) != 25 || len(other) != 0 {
			t.Errorf("%d seen, %d foreign", len(seen), len(other))
		}
	})
}
