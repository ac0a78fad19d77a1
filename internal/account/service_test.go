package account

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alexedwards/argon2id"

	"yiji/internal/db"
	"yiji/internal/db/dbtest"
	"yiji/internal/fault"
)

// rig is one or two processes on one database.
type rig struct {
	*Service
	clock *dbtest.Clock
	all   []*Service // PostgreSQL has a second process
}

var testKey = []byte("0123456789abcdef0123456789abcdef")

func each(t *testing.T, do func(t *testing.T, r rig)) {
	t.Helper()
	eachWith(t, 1, do)
}

// eachRace is each with two processes where the database allows it.
func eachRace(t *testing.T, do func(t *testing.T, r rig)) {
	t.Helper()
	eachWith(t, 2, do)
}

func eachWith(t *testing.T, processes int, do func(t *testing.T, r rig)) {
	t.Helper()
	dbtest.EachURL(t, func(t *testing.T, url string) {
		c := dbtest.NewClock(time.Date(2026, 11, 19, 1, 0, 0, 0, time.UTC))
		r := rig{clock: c}
		n := 1
		if strings.HasPrefix(url, "postgres") {
			n = processes
		}
		for range n {
			s, err := New(dbtest.Open(t, url, c.Now), Options{Key: testKey})
			if err != nil {
				t.Fatal(err)
			}
			s.hasher.cost = &argon2id.Params{Memory: 64, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32} // tests have no time
			r.all = append(r.all, s)
		}
		r.Service = r.all[0]
		do(t, r)
		broken, err := r.db.Check(t.Context(), Invariants())
		if err != nil || len(broken) > 0 {
			t.Errorf("invariants: %v, %v", broken, err)
		}
	})
}

func ok[T any](t *testing.T, v T, err error) T {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func refused(t *testing.T, err error, code string) {
	t.Helper()
	if !fault.Is(err, code) {
		t.Errorf("got %v, want %s", err, code)
	}
}

const goodPassword = "riverstone-42"

// founded makes the first admin and an organizer of community c1.
func founded(t *testing.T, r rig) (admin, organizer Actor) {
	t.Helper()
	token, fresh, err := r.SetupLink(t.Context())
	if err != nil || !fresh {
		t.Fatalf("set-up link: %v, %v", fresh, err)
	}
	session, err := r.AcceptSetup(t.Context(), token, Newcomer{Name: "管理员"})
	ok(t, session, err)
	admin, err = r.ActorBySession(t.Context(), session)
	ok(t, admin, err)
	return admin, r.invited(t, admin, Role{Kind: Organizer, CommunityID: "c1"}, Newcomer{Name: "小王", Email: "wang@example.org", Password: goodPassword})
}

func (r rig) invited(t *testing.T, by Actor, role Role, n Newcomer) Actor {
	t.Helper()
	token, err := r.Invite(t.Context(), by, Invitation{Role: role})
	ok(t, token, err)
	session, err := r.Accept(t.Context(), token, n)
	ok(t, session, err)
	a, err := r.ActorBySession(t.Context(), session)
	return ok(t, a, err)
}

func TestTheFirstStartMakesOneAdmin(t *testing.T) {
	eachRace(t, func(t *testing.T, r rig) {
		first, fresh, err := r.SetupLink(t.Context())
		if err != nil || !fresh {
			t.Fatalf("first start: %v %v", fresh, err)
		}
		second, fresh, err := r.SetupLink(t.Context())
		if err != nil || !fresh || second == first {
			t.Fatalf("second start without an admin must print a new link: %v %v", fresh, err)
		}
		refused(t, r.Setup(t.Context(), first), "account.link_unknown")
		refused(t, r.Setup(t.Context(), "nonsense"), "account.link_unknown")
		for range 3 { // looking does not use it
			if err := r.Setup(t.Context(), second); err != nil {
				t.Fatal(err)
			}
		}
		_, err = r.AcceptSetup(t.Context(), second, Newcomer{Name: ""})
		refused(t, err, "account.name_empty")

		var wins, losses int
		var mu sync.Mutex
		var wg sync.WaitGroup
		for i := range 16 {
			wg.Go(func() {
				_, err := r.all[i%len(r.all)].AcceptSetup(context.Background(), second, Newcomer{Name: "管理员"})
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err == nil:
					wins++
				case fault.Is(err, "account.link_used"):
					losses++
				default:
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if wins != 1 || losses != 15 {
			t.Errorf("%d got in and %d were told it was used, want 1 and 15", wins, losses)
		}
		if token, fresh, err := r.SetupLink(t.Context()); token != "" || fresh || err != nil {
			t.Errorf("with an admin: %q %v %v", token, fresh, err)
		}
		people, err := r.People(t.Context(), "")
		if err != nil || len(people) != 1 || people[0].Roles[0].Kind != Admin {
			t.Errorf("admins: %+v, %v", people, err)
		}
	})
}

func TestASetupLinkDiesWithAnAdminMadeElsewhere(t *testing.T) {
	each(t, func(t *testing.T, r rig) {
		setup, _, err := r.SetupLink(t.Context())
		ok(t, setup, err)
		r.invited(t, Operator(), Role{Kind: Admin}, Newcomer{Name: "运维"})
		_, err = r.AcceptSetup(t.Context(), setup, Newcomer{Name: "晚到"})
		refused(t, err, "account.link_used")
	})
}

func TestAnInvitationWorksOnce(t *testing.T) {
	eachRace(t, func(t *testing.T, r rig) {
		_, org := founded(t, r)
		role := Role{Kind: Partner, CommunityID: "c1", PartnerID: "p1"}
		token, err := r.Invite(t.Context(), org, Invitation{Role: role, Label: "牙博士口腔"})
		ok(t, token, err)
		for range 3 {
			l, err := r.Invitation(t.Context(), token)
			if err != nil || l.Role != role || l.State != LinkOpen || l.InvitedBy != "小王" || l.Label != "牙博士口腔" {
				t.Fatalf("looking: %+v %v", l, err)
			}
		}
		var mu sync.Mutex
		var wg sync.WaitGroup
		var sessions []string
		for i := range 16 {
			wg.Go(func() {
				s, err := r.all[i%len(r.all)].Accept(context.Background(), token, Newcomer{Name: "李医生"})
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					sessions = append(sessions, s)
				} else if !fault.Is(err, "account.link_used") {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if len(sessions) != 1 {
			t.Fatalf("%d got in with one link", len(sessions))
		}
		a, err := r.ActorBySession(t.Context(), sessions[0])
		if err != nil || a.Name != "李医生" || len(a.Roles) != 1 || a.Roles[0] != role {
			t.Errorf("%+v %v", a, err)
		}
		_, err = r.Invitation(t.Context(), token)
		refused(t, err, "account.link_used")
		refused(t, r.RevokeLink(t.Context(), org, r.onlyLink(t, LinkUsed, Partner)), "account.link_used")
	})
}

// onlyLink finds the id of the one link of community c1 in a state, for a kind of role.
func (r rig) onlyLink(t *testing.T, st LinkState, k Kind) string {
	t.Helper()
	links, err := r.Links(t.Context(), "c1")
	ok(t, links, err)
	var id string
	for _, l := range links {
		if l.State == st && l.Role.Kind == k {
			if id != "" {
				t.Fatalf("two links are %s", st)
			}
			id = l.ID
		}
	}
	if id == "" {
		t.Fatalf("no link is %s", st)
	}
	return id
}

func TestTheSameRequestAgainGetsInAgain(t *testing.T) {
	eachRace(t, func(t *testing.T, r rig) {
		_, org := founded(t, r)
		token, err := r.Invite(t.Context(), org, Invitation{Role: Role{Kind: Desk, CommunityID: "c1"}})
		ok(t, token, err)
		n := Newcomer{Name: "张阿姨", Key: "k1"}
		var mu sync.Mutex
		var wg sync.WaitGroup
		people := map[string]bool{}
		for i := range 8 { // an impatient finger
			wg.Go(func() {
				s := r.all[i%len(r.all)]
				session, err := s.Accept(context.Background(), token, n)
				if err != nil {
					t.Error(err)
					return
				}
				a, err := s.ActorBySession(context.Background(), session)
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				people[a.PersonID] = true
				mu.Unlock()
			})
		}
		wg.Wait()
		if len(people) != 1 {
			t.Errorf("%d people from one request", len(people))
		}
		_, err = r.Accept(t.Context(), token, Newcomer{Name: "别人", Key: "k1"})
		refused(t, err, "idempotency.body_differs")
		_, err = r.Accept(t.Context(), token, Newcomer{Name: "张阿姨", Key: "k2"})
		refused(t, err, "account.link_used")
		_, err = r.Accept(t.Context(), token, Newcomer{Name: "张阿姨"})
		refused(t, err, "account.link_used")
		r.clock.Push(2 * time.Hour) // a retry is soon, or it is not one
		_, err = r.Accept(t.Context(), token, n)
		refused(t, err, "account.link_used")
	})
}

func TestLinksAreWithdrawnReissuedAndExpire(t *testing.T) {
	each(t, func(t *testing.T, r rig) {
		_, org := founded(t, r)
		invite := func() string {
			token, err := r.Invite(t.Context(), org, Invitation{Role: Role{Kind: Desk, CommunityID: "c1"}})
			return ok(t, token, err)
		}
		first := invite()
		id := r.onlyLink(t, LinkOpen, Desk)
		second, err := r.Reissue(t.Context(), org, id, "")
		ok(t, second, err)
		_, err = r.Accept(t.Context(), first, Newcomer{Name: "x"})
		refused(t, err, "account.link_unknown")
		for range 2 {
			if err := r.RevokeLink(t.Context(), org, id); err != nil {
				t.Fatal(err)
			}
		}
		_, err = r.Accept(t.Context(), second, Newcomer{Name: "x"})
		refused(t, err, "account.link_revoked")
		third, err := r.Reissue(t.Context(), org, id, "")
		ok(t, third, err)
		r.clock.Push(14*24*time.Hour - time.Second)
		if _, err := r.Invitation(t.Context(), third); err != nil {
			t.Fatalf("a second before the end: %v", err)
		}
		r.clock.Push(time.Second)
		_, err = r.Accept(t.Context(), third, Newcomer{Name: "x"})
		refused(t, err, "account.link_expired")
		other := Actor{PersonID: "o2", Roles: []Role{{Kind: Organizer, CommunityID: "c2"}}}
		_, err = r.Reissue(t.Context(), other, id, "")
		refused(t, err, "account.link_unknown")
		refused(t, r.RevokeLink(t.Context(), other, id), "account.link_unknown")
	})
}

func TestWhoMayInviteWhom(t *testing.T) {
	each(t, func(t *testing.T, r rig) {
		admin, org := founded(t, r)
		desk := r.invited(t, org, Role{Kind: Desk, CommunityID: "c1"}, Newcomer{Name: "张阿姨"})
		for _, c := range []struct {
			who  string
			by   Actor
			role Role
			code string
		}{
			{"admin", admin, Role{Kind: Admin}, ""},
			{"admin", admin, Role{Kind: Organizer, CommunityID: "c9"}, ""},
			{"organizer", org, Role{Kind: Organizer, CommunityID: "c1"}, ""},
			{"organizer", org, Role{Kind: Admin}, "account.not_allowed"},
			{"organizer", org, Role{Kind: Desk, CommunityID: "c2"}, "account.not_allowed"},
			{"desk", desk, Role{Kind: Desk, CommunityID: "c1"}, "account.not_allowed"},
			{"nobody", Actor{}, Role{Kind: Desk, CommunityID: "c1"}, "account.sign_in"},
			{"organizer", org, Role{Kind: Partner, CommunityID: "c1"}, "account.role_scope"},
		} {
			_, err := r.Invite(t.Context(), c.by, Invitation{Role: c.role})
			if (c.code == "") != (err == nil) || (err != nil && !fault.Is(err, c.code)) {
				t.Errorf("%s invites %+v: %v, want %q", c.who, c.role, err, c.code)
			}
		}
		_, err := r.Invite(t.Context(), org, Invitation{Role: Role{Kind: Desk, CommunityID: "c1"}, Label: "a\u202eb"})
		refused(t, err, "account.label")
	})
}

func TestNothingSecretIsStored(t *testing.T) {
	each(t, func(t *testing.T, r rig) {
		_, org := founded(t, r)
		token, err := r.Invite(t.Context(), org, Invitation{Role: Role{Kind: Desk, CommunityID: "c1"}})
		ok(t, token, err)
		session, err := r.Login(t.Context(), Credentials{Email: "wang@example.org", Password: goodPassword, Address: "192.0.2.7"})
		ok(t, session, err)
		err = r.db.View(t.Context(), func(tx *db.Tx) error {
			var all []string
			for _, q := range []string{
				`SELECT id || name || email_sealed || email_digest || password_hash FROM account_people`,
				`SELECT id || token_digest || used_proof FROM account_links`,
				`SELECT token_digest || used_proof FROM account_setup`,
				`SELECT id || token_digest FROM account_sessions`,
				`SELECT subject FROM account_attempts`,
			} {
				var some []string
				if err := tx.Select(&some, q); err != nil {
					return err
				}
				if len(some) == 0 {
					t.Errorf("%s: nothing to look at", q)
				}
				all = append(all, some...)
			}
			for _, secret := range []string{token, session, "wang@example.org", goodPassword, "192.0.2.7"} {
				if strings.Contains(strings.Join(all, "\n"), secret) {
					t.Errorf("%q lies open in the database", secret)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}
