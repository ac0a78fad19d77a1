package account

import (
	"context"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"yiji/internal/fault"
)

func TestWhatANewcomerFillsIn(t *testing.T) {
	good := Newcomer{Name: "王小梅", Email: "mei@example.org", Password: "riverstone-42"}
	for _, c := range []struct {
		what  string
		edit  func(*Newcomer)
		code  string
		field string
	}{
		{"good", func(n *Newcomer) {}, "", ""},
		{"emoji and 4-byte name", func(n *Newcomer) { n.Name = "👵𠮷野" }, "", ""},
		{"right to left name", func(n *Newcomer) { n.Name = "مريم" }, "", ""},
		{"no address, no password", func(n *Newcomer) { n.Email, n.Password = "", "" }, "", ""},
		{"no name", func(n *Newcomer) { n.Name = " \t " }, "account.name_empty", "name"},
		{"not UTF-8", func(n *Newcomer) { n.Name = "\xcd\xf5" }, "account.name_text", "name"},
		{"direction override", func(n *Newcomer) { n.Name = "a\u202eb" }, "account.name_text", "name"},
		{"control", func(n *Newcomer) { n.Name = "a\x00b" }, "account.name_text", "name"},
		{"long name", func(n *Newcomer) { n.Name = strings.Repeat("长", 81) }, "account.name_long", "name"},
		{"longest name", func(n *Newcomer) { n.Name = strings.Repeat("长", 80) }, "", ""},
		{"address with a name", func(n *Newcomer) { n.Email = "Mei <mei@example.org>" }, "account.email_form", "email"},
		{"two addresses", func(n *Newcomer) { n.Email = "a@b.c,d@e.f" }, "account.email_form", "email"},
		{"header in the address", func(n *Newcomer) { n.Email = "a@b.c\r\nBcc: x@y.z" }, "account.email_form", "email"},
		{"long address", func(n *Newcomer) { n.Email = strings.Repeat("a", 250) + "@b.cd" }, "account.email_form", "email"},
		{"password without address", func(n *Newcomer) { n.Email = "" }, "account.email_needed", "email"},
		{"short", func(n *Newcomer) { n.Password = "abcdefg-1" }, "account.password_short", "password"},
		{"ten characters", func(n *Newcomer) { n.Password = "山高水长路远春暖花开" }, "", ""},
		{"long", func(n *Newcomer) { n.Password = strings.Repeat("xyz-", 33) }, "account.password_long", "password"},
		{"digits only", func(n *Newcomer) { n.Password = "13800138000" }, "account.password_easy", "password"},
		{"a word with digits", func(n *Newcomer) { n.Password = "Password1234!" }, "account.password_easy", "password"},
		{"three signs", func(n *Newcomer) { n.Password = "abcabcabcabc" }, "account.password_easy", "password"},
		{"the address", func(n *Newcomer) { n.Password = "mei@example.org" }, "account.password_easy", "password"},
		{"language", func(n *Newcomer) { n.Lang = "fr" }, "account.lang", "lang"},
	} {
		n := good
		c.edit(&n)
		_, err := n.tidy()
		if c.code == "" {
			if err != nil {
				t.Errorf("%s: %v", c.what, err)
			}
			continue
		}
		if f := fault.From(err); err == nil || f.Code != c.code || f.Field != c.field || f.Kind != fault.KindInvalid {
			t.Errorf("%s: got %v, want %s at %s", c.what, err, c.code, c.field)
		}
	}
	n, err := Newcomer{Name: "  李  四 ", Email: " Li@Example.ORG "}.tidy()
	if err != nil || n.Name != "李 四" || n.Email != "li@example.org" || n.Lang != "zh-Hans" {
		t.Errorf("tidy: %+v, %v", n, err)
	}
}

func FuzzNewcomer(f *testing.F) {
	f.Add("王小梅", "mei@example.org", "riverstone-42")
	f.Add("\xff", "a@b", "")
	f.Add("a\u2066b", "\"a b\"@c", "0000000000")
	f.Fuzz(func(t *testing.T, name, email, password string) {
		n, err := Newcomer{Name: name, Email: email, Password: password}.tidy()
		if err != nil {
			if f := fault.From(err); f.Kind != fault.KindInvalid || f.Field == "" {
				t.Errorf("%v names no field", err)
			}
			return
		}
		if n.Name == "" || !utf8.ValidString(n.Name+n.Email) || strings.ContainsAny(n.Name+n.Email, "\x00\r\n") {
			t.Errorf("let through %q %q", n.Name, n.Email)
		}
		if again, err := n.tidy(); err != nil || again != n {
			t.Errorf("not stable: %+v %v", again, err)
		}
	})
}

func TestRolesThatFit(t *testing.T) {
	for _, c := range []struct {
		role Role
		ok   bool
	}{
		{Role{Kind: Admin}, true},
		{Role{Kind: Admin, CommunityID: "c"}, false},
		{Role{Kind: Organizer, CommunityID: "c"}, true},
		{Role{Kind: Organizer}, false},
		{Role{Kind: Desk, CommunityID: "c", PartnerID: "p"}, false},
		{Role{Kind: Partner, CommunityID: "c", PartnerID: "p"}, true},
		{Role{Kind: Partner, CommunityID: "c"}, false},
		{Role{Kind: Partner, PartnerID: "p"}, false},
		{Role{Kind: "login", CommunityID: "c"}, false},
		{Role{}, false},
	} {
		if err := c.role.check(); (err == nil) != c.ok {
			t.Errorf("%+v: %v", c.role, err)
		}
	}
}

func TestPasswordsAreHashedAFewAtATime(t *testing.T) {
	h := newHasher(1)
	h.turns <- struct{}{} // somebody has the only turn
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	if _, err := h.hash(ctx, "riverstone-42"); err == nil {
		t.Error("hashed without a turn")
	}
	<-h.turns
	hash, err := h.hash(context.Background(), "riverstone-42")
	if err != nil || !strings.HasPrefix(hash, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Fatalf("hash %q, %v", hash, err)
	}
	for password, want := range map[string]bool{"riverstone-42": true, "riverstone-43": false, "": false} {
		if ok, err := h.matches(context.Background(), password, hash); err != nil || ok != want {
			t.Errorf("matches(%q) = %v, %v", password, ok, err)
		}
	}
	if ok, err := h.matches(context.Background(), "", ""); ok || err != nil {
		t.Errorf("no hash: %v, %v", ok, err)
	}
}
