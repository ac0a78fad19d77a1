package web

import (
	"net/http"
	"net/url"
	"path"
	"strings"
	"sync"
	"testing"

	"yiji/internal/account"
	"yiji/internal/db"
	"yiji/internal/db/dbtest"
)

func TestTheFirstAdminComesInOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		r := start(t, d)
		link, fresh, err := r.Account.SetupLink(t.Context())
		if err != nil || !fresh {
			t.Fatal(fresh, err)
		}
		at := "/setup/" + link
		var browsers [8]*browser
		var forms [8]map[string][]string
		for i := range browsers { // everybody looks; looking uses nothing up
			browsers[i] = r.browser()
			forms[i] = browsers[i].fill(browsers[i].get(at).Body, at, "name", "管理员")
		}
		var wg sync.WaitGroup
		var mu sync.Mutex
		got := map[int]int{}
		for i, b := range browsers {
			b.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
			wg.Go(func() {
				a := b.post(at, forms[i])
				mu.Lock()
				got[a.Status]++
				mu.Unlock()
			})
		}
		wg.Wait()
		if got[http.StatusSeeOther] != 1 || got[http.StatusConflict] != 7 {
			t.Errorf("answers %v, want one 303 and seven 409", got)
		}
		if a := r.browser().get(at); a.Status != http.StatusConflict || !strings.Contains(a.Body, "已经用过") {
			t.Errorf("afterwards: %d %s", a.Status, a.Body)
		}
		if a := r.browser().get("/setup/wrong"); a.Status != http.StatusNotFound {
			t.Errorf("a wrong link: %d", a.Status)
		}
	})
}

func TestAnInvitationByHand(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		r := start(t, d)
		c := r.community("own")
		link, err := r.Account.Invite(t.Context(), account.Operator(), account.Invitation{Role: account.Role{Kind: account.Desk, CommunityID: c.ID}})
		if err != nil {
			t.Fatal(err)
		}
		at := "/invite/" + link
		b := r.browser()
		page := b.get(at)
		if page.Status != 200 || !strings.Contains(page.Body, "服务台志愿者") || !strings.Contains(page.Body, c.Name) {
			t.Errorf("the page does not say what the link gives: %d %s", page.Status, page.Body)
		}
		a := b.post(at, b.fill(page.Body, at, "name", "张<阿姨>", "email", "zhang@example.org", "password", "short"))
		if a.Status != http.StatusUnprocessableEntity || a.Path != at {
			t.Fatalf("%d at %s", a.Status, a.Path)
		}
		again := b.fill(a.Body, at)
		for _, want := range []string{`value="张&lt;阿姨&gt;"`, `value="zhang@example.org"`, "密码至少要10个字符", `aria-describedby="hint-password wrong-password"`} {
			if !strings.Contains(a.Body, want) {
				t.Errorf("the form came back without %s:\n%s", want, a.Body)
			}
		}
		if strings.Contains(a.Body, "short") {
			t.Error("a password was sent back")
		}
		if first := b.fill(page.Body, at); again.Get(keyField) != first.Get(keyField) || again.Get(tokenField) == first.Get(tokenField) {
			t.Error("the key must stay, the token must look different")
		}
		b.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		again.Set("name", "张<阿姨>")
		for range 2 { // twice: an impatient finger
			if a = b.post(at, again); a.Status != http.StatusSeeOther {
				t.Errorf("%d %s", a.Status, a.Body)
			}
		}
		if a = b.get("/me"); a.Status != 200 || !strings.Contains(a.Body, "张&lt;阿姨&gt;") {
			t.Errorf("not in: %d %s", a.Status, a.Body)
		}
	})
}

func TestLoggingInAndOut(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		r := start(t, d)
		link, err := r.Account.Invite(t.Context(), account.Operator(), account.Invitation{Role: account.Role{Kind: account.Admin}})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := r.Account.Accept(t.Context(), link, account.Newcomer{Name: "小王", Email: "wang@example.org", Password: "riverstone-42"}); err != nil {
			t.Fatal(err)
		}
		b := r.browser()
		if a := b.get("/me"); a.Path != "/login" {
			t.Errorf("asked for /me, ended at %s", a.Path)
		}
		a := b.send("/login?next=%2Fme", "/login", "email", "wang@example.org", "password", "riverstone-43")
		if a.Status != http.StatusUnauthorized || !strings.Contains(a.Body, "邮箱或密码不对") || !strings.Contains(a.Body, `value="wang@example.org"`) {
			t.Errorf("wrong password: %d %s", a.Status, a.Body)
		}
		a = b.post("/login", b.fill(a.Body, "/login", "email", "wang@example.org", "password", "riverstone-42"))
		if a.Path != "/me" || a.Status != 200 || !strings.Contains(a.Body, "小王") || a.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("right password: %d at %s, %s", a.Status, a.Path, a.Header.Get("Cache-Control"))
		}
		a = b.send("/me", "/me/password", "present", "wrong-wrong-1", "password", "stoneriver-43")
		if a.Status != http.StatusUnprocessableEntity || !strings.Contains(a.Body, "现在的密码不对") {
			t.Errorf("wrong present password: %d", a.Status)
		}
		a = b.send("/me", "/me", "name", "王 主任", "email", "wang@example.org")
		if a.Status != 200 || !strings.Contains(a.Body, "王 主任") || !strings.Contains(a.Body, "已保存") {
			t.Errorf("profile: %d %s", a.Status, a.Body)
		}
		if a = b.get("/me"); strings.Contains(a.Body, "已保存") {
			t.Error("the note is shown twice")
		}
		// The session ends while somebody writes: nothing typed is lost.
		form := b.fill(b.get("/me").Body, "/me", "name", "王 书记", "email", "wang@example.org")
		me := r.browserWith(b)
		if a = me.post("/me", form); a.Status != http.StatusUnauthorized || !strings.Contains(a.Body, "没有丢") {
			t.Errorf("a form without a session: %d %s", a.Status, a.Body)
		}
		me.send("/login", "/login", "email", "wang@example.org", "password", "riverstone-42")
		if a = me.post("/me", form); a.Status != 200 || !strings.Contains(a.Body, "王 书记") {
			t.Errorf("loading the page again after logging in: %d %s", a.Status, a.Body)
		}
		b.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		if a = b.send("/me", "/logout"); a.Status != http.StatusSeeOther {
			t.Errorf("logout: %d", a.Status)
		}
		if a = b.get("/me"); a.Status != http.StatusSeeOther || a.Header.Get("Location") != "/login?next=%2Fme" {
			t.Errorf("after logout: %d %s", a.Status, a.Header.Get("Location"))
		}
	})
}

func TestNobodyIsSentElsewhereAfterLogin(t *testing.T) {
	for next, want := range map[string]string{
		"/me": "/me", "/c/x?a=b": "/c/x?a=b", "": "/", "me": "/", "//evil.example": "/", "https://evil.example/": "/",
		"/\\evil.example": "/", "\\\\evil.example": "/", "javascript:alert(1)": "/", "/a\r\nSet-Cookie: x=y": "/", "/\t/evil.example": "/", "http:evil": "/",
		"//evil/%2e%2e": "/", "/%2fevil.example": "/", "/%5cevil.example": "/", "/%252fevil.example": "/", "/%25252525252fevil": "/", "/a/..//evil.example": "/",
		"/%2e%2e/%2e%2e//evil": "/", "/o/x/%252e%252e/me": "/", "/a%0d%0ab": "/", "/a%e2%80%ae": "/", "/%zz": "/", "/c/%E5%90%91": "/c/%E5%90%91", "/a?next=//evil": "/a?next=//evil",
		"/a%3f": "/a%3f", "/#//evil": "/#//evil",
	} {
		if got := ourPath(next); got != want {
			t.Errorf("ourPath(%q) = %q, want %q", next, got, want)
		}
	}
}

func FuzzOurPath(f *testing.F) {
	for _, s := range []string{"/me", "//x", "/\\x", "/%2f/x", "/./\\x", "/x?next=//y", "//evil/%2e%2e", "/%252f%252fevil", "/%25252e%25252e/%5c", "/%e2%80%ae"} {
		f.Add(s)
	}
	here, _ := url.Parse("https://ours.example/o/x/days/y")
	f.Fuzz(func(t *testing.T, next string) {
		got := ourPath(next)
		if got != next && got != "/" || ourPath(got) != got {
			t.Fatalf("ourPath(%q) = %q", next, got)
		}
		to, err := here.Parse(got) // as a browser follows it, and as servers on the way may read it
		for range 4 {
			if err != nil || to.Host != here.Host || to.Scheme != here.Scheme || path.Clean(to.Path) != to.Path || strings.ContainsAny(to.Path, "\\\r\n\t\x00") {
				t.Fatalf("ourPath(%q) = %q, which leads to %v, %v", next, got, to, err)
			}
			again, bad := url.PathUnescape(to.Path)
			if bad != nil {
				break
			}
			to, err = here.Parse((&url.URL{Path: again}).String())
		}
	})
}
