package notify

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"yiji/notify/channel"
)

// coming is what will go out, a line each: when, what, to how many.
func (w *town) coming(dayID string, days ...Ahead) string {
	w.Helper()
	all, err := w.Coming(bg, comm, dayID, days)
	if err != nil {
		w.Fatal(err)
	}
	var out []string
	for _, k := range all {
		var to []string
		for a, n := range k.To {
			to = append(to, fmt.Sprintf("%d %s", n, a))
		}
		slices.Sort(to)
		line := k.At.In(shanghai).Format("2 15:04 ") + string(k.Kind) + ": " + strings.Join(to, ", ")
		if k.Written {
			line += " (written)"
		}
		out = append(out, line)
	}
	return strings.Join(out, "\n")
}

// What is said to be coming is what goes out when its time has come.
func TestWhatComesNext(t *testing.T) {
	eachTown(t, local(1, 10, 0), func(w *town) {
		w.channel(channel.Folder, "", "")
		w.tell(hear(w.MarketDayPlanned, planned("d")))
		w.subscribe("r@home.example", "d", "zh-Hans")
		w.drain()
		a := Ahead{DayID: "d", Claims: local(2, 10, 0), Confirm: local(16, 18, 0)}
		ahead := "2 10:00 claiming_opened: 1 channel, 3 partner\n16 18:00 plan_published: 1 channel, 1 organizer\n18 18:00 reminder_resident: 1 resident\n" +
			"19 09:00 day_opened: 1 channel, 1 organizer\n19 11:30 closing_resident: 1 resident\n19 11:30 closing_organizer: 1 channel, 1 organizer"
		if got := w.coming("d", a); got != ahead {
			t.Errorf("planned:\n%s", got)
		}
		w.tell(hear(w.BoothsPublished, published("d")))
		got := w.coming("", Ahead{DayID: "d"}, Ahead{DayID: "unheard"})
		for _, line := range []string{"1 10:00 plan_published: 1 channel, 1 organizer (written)", "18 18:00 reminder_partner: 2 partner", "19 11:30 closing_partner: 2 partner"} {
			if !strings.Contains(got, line) {
				t.Errorf("%q is not in:\n%s", line, got)
			}
		}
		if other, err := w.Coming(bg, "other", "", []Ahead{a}); err != nil || len(other) != 0 {
			t.Errorf("another community sees %v, %v", other, err)
		}
		w.drain()
		w.clock.Set(local(18, 18, 0))
		if _, err := w.Tick(bg); err != nil {
			t.Fatal(err)
		}
		if got := w.coming("d"); got != "18 18:00 reminder_partner: 2 partner (written)\n18 18:00 reminder_resident: 1 resident (written)" {
			t.Errorf("the reminders:\n%s", got)
		}
		w.drain()
		if got := w.coming("d"); got != "" {
			t.Errorf("left over:\n%s", got)
		}
	})
}

// Nobody's address is shown whole.
func TestRecipientsAreMasked(t *testing.T) {
	eachTown(t, local(1, 10, 0), func(w *town) {
		w.tell(hear(w.MarketDayPlanned, planned("d")))
		w.subscribe("resident@home.example", "d", "zh-Hans")
		w.clock.Set(local(18, 18, 0))
		if _, err := w.Tick(bg); err != nil {
			t.Fatal(err)
		}
		list, err := w.Deliveries(bg, comm, Filter{DayID: "d", Channel: channel.Mail, Kind: ReminderResident})
		if err != nil || len(list) != 1 {
			t.Fatal(list, err)
		}
		to := list[0].Recipient
		got, err := w.Masks(bg, comm, []string{to, to, "organizer:wang", "organizer:gone", "resident:gone"})
		if err != nil || got[to] != (Masked{Address: "r***@home.example"}) || got["organizer:wang"] != (Masked{"王**", "w***@xiangyang.example"}) ||
			got["organizer:gone"] != (Masked{}) || got["resident:gone"] != (Masked{}) {
			t.Errorf("%+v, %v", got, err)
		}
		if list, err = w.Deliveries(bg, comm, Filter{Recipient: "resident:nobody"}); err != nil || len(list) != 0 {
			t.Error(list, err)
		}
	})
}

// Every code has plain words; "other" is left for what nobody has seen yet.
func TestEveryCodeHasWords(t *testing.T) {
	for code, want := range map[string]string{
		"too_late": "too_late", "not_useful": "not_useful", "no_address": "no_address", "gone": "gone", "unsubscribed": "unsubscribed", "stopped": "stopped",
		"timeout": "connect", "connect": "connect", "smtp_connect": "connect", "smtp_connection": "connect", "url_invalid": "address", "address_refused": "address",
		"address_invalid": "mailbox", "smtp_message": "mailbox", "attempts": "attempts", "smtp_settings": "settings", "folder": "settings", "key_invalid": "settings",
		"address_sealed": "settings", "params_unreadable": "settings", "smtp_421": "mail_later", "smtp_550": "mail_refused", "http_429": "server", "http_503": "server",
		"http_404": "http", "http_301": "http", "wecom_93000": "robot", "wecom_unreadable": "robot", "dingtalk_310000": "robot", "feishu_19021": "robot", "brand_new": "other",
	} {
		if got := WhyKey(code); got != want {
			t.Errorf("%s is said as %s, want %s", code, got, want)
		}
	}
}
