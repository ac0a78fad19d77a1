package account

import (
	"sync"
	"sync/atomic"
	"testing"

	"yiji/internal/db"
	"yiji/internal/fault"
)

func TestALoginLinkLetsSomebodyInAgain(t *testing.T) {
	each(t, func(t *testing.T, r rig) {
		admin, org := founded(t, r)
		desk := r.invited(t, org, Role{Kind: Desk, CommunityID: "c1"}, Newcomer{Name: "张阿姨"})
		token, err := r.LoginLink(t.Context(), org, "c1", desk.PersonID, "")
		l, err2 := r.Invitation(t.Context(), ok(t, token, err))
		if err2 != nil || !l.Login || l.Name != "张阿姨" {
			t.Errorf("%+v %v", l, err2)
		}
		_, err = r.Join(t.Context(), org, token, Newcomer{})
		refused(t, err, "account.signed_in")
		session, err := r.Accept(t.Context(), token, Newcomer{})
		a, err2 := r.ActorBySession(t.Context(), ok(t, session, err))
		if err2 != nil || a.PersonID != desk.PersonID || len(a.Roles) != 1 {
			t.Errorf("%+v %v", a, err2)
		}
		_, err = r.Accept(t.Context(), token, Newcomer{})
		refused(t, err, "account.link_used")

		_, err = r.LoginLink(t.Context(), org, "c1", admin.PersonID, "")
		refused(t, err, "account.person_unknown")
		_, err = r.LoginLink(t.Context(), org, "c1", "nobody", "")
		refused(t, err, "account.person_unknown")

		// A forgotten password: the link sets a new one and ends the old sessions.
		token, err = r.LoginLink(t.Context(), admin, "c1", org.PersonID, "")
		session, err2 = r.Accept(t.Context(), ok(t, token, err), Newcomer{Password: "stoneriver-43"})
		again, err := r.ActorBySession(t.Context(), ok(t, session, err2))
		list, err2 := r.Sessions(t.Context(), ok(t, again, err))
		if err2 != nil || len(list) != 1 || again.PersonID != org.PersonID {
			t.Errorf("%d sessions of %+v, %v", len(list), again, err2)
		}
		_, err = r.Login(t.Context(), Credentials{Email: "wang@example.org", Password: "stoneriver-43"})
		ok(t, 0, err)
	})
}

// A login link opens everything its person may do: an organizer must not get
// at another community through somebody who works in both.
func TestALoginLinkDoesNotOpenAnotherCommunity(t *testing.T) {
	each(t, func(t *testing.T, r rig) {
		admin, org := founded(t, r)
		desk := r.invited(t, org, Role{Kind: Desk, CommunityID: "c1"}, Newcomer{Name: "张阿姨"})
		before, err := r.LoginLink(t.Context(), org, "c1", desk.PersonID, "")
		ok(t, before, err)
		if err := r.Grant(t.Context(), admin, desk.PersonID, Role{Kind: Organizer, CommunityID: "c2"}); err != nil {
			t.Fatal(err)
		}
		_, err = r.Accept(t.Context(), before, Newcomer{})
		refused(t, err, "account.link_revoked")
		_, err = r.LoginLink(t.Context(), org, "c1", desk.PersonID, "")
		refused(t, err, "account.elsewhere_too")
		byAdmin, err := r.LoginLink(t.Context(), admin, "c1", desk.PersonID, "")
		_, err2 := r.Accept(t.Context(), ok(t, byAdmin, err), Newcomer{})
		ok(t, 0, err2)
	})
}

func TestJoiningWithAnAccount(t *testing.T) {
	each(t, func(t *testing.T, r rig) {
		admin, org := founded(t, r)
		role := Role{Kind: Organizer, CommunityID: "c2"}
		token, err := r.Invite(t.Context(), admin, Invitation{Role: role})
		_, err2 := r.Accept(t.Context(), ok(t, token, err), Newcomer{Name: "小王", Email: "WANG@example.org"})
		refused(t, err2, "account.email_taken") // and the link is not used up
		session, err := r.Join(t.Context(), org, token, Newcomer{Key: "k"})
		a, err2 := r.ActorBySession(t.Context(), ok(t, session, err))
		if err2 != nil || len(a.Roles) != 2 || !a.Has(role) || a.PersonID != org.PersonID {
			t.Errorf("%+v %v", a, err2)
		}
		again, err := r.Join(t.Context(), org, token, Newcomer{Key: "k"})
		if b, err2 := r.ActorBySession(t.Context(), ok(t, again, err)); err2 != nil || b.PersonID != org.PersonID {
			t.Errorf("the same request again: %+v %v", b, err2)
		}
		_, err = r.Join(t.Context(), admin, token, Newcomer{Key: "k"})
		refused(t, err, "account.link_used")
		list, err := r.People(t.Context(), "c2")
		if err != nil || len(list) != 1 || len(list[0].Roles) != 1 || list[0].Email != "wang@example.org" || !list[0].HasPassword {
			t.Errorf("c2 sees its own role only: %+v %v", list, err)
		}
	})
}

func TestRolesAreTakenAwayAtOnce(t *testing.T) {
	each(t, func(t *testing.T, r rig) {
		admin, org := founded(t, r)
		role := Role{Kind: Partner, CommunityID: "c1", PartnerID: "p1"}
		token, err := r.Invite(t.Context(), org, Invitation{Role: role})
		session, err2 := r.Accept(t.Context(), ok(t, token, err), Newcomer{Name: "李医生", Email: "li@example.org", Password: "stoneriver-43"})
		a, err := r.ActorBySession(t.Context(), ok(t, session, err2))
		ok(t, a, err)
		second := Role{Kind: Desk, CommunityID: "c1"}
		if err := r.Grant(t.Context(), org, a.PersonID, second); err != nil {
			t.Fatal(err)
		}
		other := Actor{PersonID: "o2", Roles: []Role{{Kind: Organizer, CommunityID: "c2"}}}
		refused(t, r.RevokeRole(t.Context(), other, a.PersonID, role), "account.not_allowed")
		refused(t, r.Grant(t.Context(), other, a.PersonID, Role{Kind: Desk, CommunityID: "c2"}), "account.person_unknown")
		if err := r.RevokePartner(t.Context(), org, "c1", "p1"); err != nil {
			t.Fatal(err)
		}
		a, err = r.ActorBySession(t.Context(), session)
		if err != nil || len(a.Roles) != 1 || a.Roles[0] != second {
			t.Errorf("after one role went: %+v %v", a, err)
		}
		if err := r.RevokeRole(t.Context(), org, a.PersonID, second); err != nil {
			t.Fatal(err)
		}
		_, err = r.ActorBySession(t.Context(), session)
		refused(t, err, "account.sign_in")
		_, err = r.Login(t.Context(), Credentials{Email: "li@example.org", Password: "stoneriver-43"})
		refused(t, err, "account.login_failed")
		refused(t, r.RevokeRole(t.Context(), admin, admin.PersonID, Role{Kind: Admin}), "account.last_admin")
		refused(t, r.Forget(t.Context(), admin), "account.last_admin")
	})
}

func TestTwoAdminsDoNotBothLeave(t *testing.T) {
	eachRace(t, func(t *testing.T, r rig) {
		admins := make([]Actor, 0, 4)
		first, org := founded(t, r)
		admins = append(admins, first)
		for range 3 {
			admins = append(admins, r.invited(t, first, Role{Kind: Admin}, Newcomer{Name: "又一位"}))
		}
		var left, kept atomic.Int32
		var wg sync.WaitGroup
		for i, a := range admins {
			wg.Go(func() {
				switch err := r.all[i%len(r.all)].Forget(t.Context(), a); {
				case err == nil:
					left.Add(1)
				case fault.Is(err, "account.last_admin"):
					kept.Add(1)
				default:
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if left.Load() != 3 || kept.Load() != 1 {
			t.Errorf("%d left, %d kept; want 3 and 1", left.Load(), kept.Load())
		}
		if err := r.Forget(t.Context(), org); err != nil {
			t.Fatal(err)
		}
		if _, err := r.Me(t.Context(), org); !fault.Is(err, "account.person_unknown") {
			t.Errorf("still known: %v", err)
		}
	})
}

func TestOrganizersToTell(t *testing.T) {
	each(t, func(t *testing.T, r rig) {
		admin, org := founded(t, r)
		r.invited(t, org, Role{Kind: Desk, CommunityID: "c1"}, Newcomer{Name: "张阿姨"})
		r.invited(t, admin, Role{Kind: Organizer, CommunityID: "c2"}, Newcomer{Name: "别处"})
		err := r.db.View(t.Context(), func(tx *db.Tx) error {
			list, err := r.Organizers(tx, "c1")
			if err != nil || len(list) != 1 || list[0].Email != "wang@example.org" || list[0].Name != "小王" {
				t.Errorf("%+v %v", list, err)
			}
			return nil
		})
		ok(t, 0, err)
	})
}

// Controls: the invariants must see what they are there for.
func TestInvariantsSeeWhatIsBroken(t *testing.T) {
	eachBroken := func(t *testing.T, r rig, want, sql string) {
		t.Helper()
		undo := fault.Conflict("undo", "", "undo")
		err := r.db.Update(t.Context(), func(tx *db.Tx) error {
			if _, err := tx.Exec(sql); err != nil {
				return err
			}
			for _, i := range Invariants() {
				var n int
				if err := tx.Get(&n, `SELECT COUNT(*) FROM (`+i.SQL+`) AS broken`); err != nil {
					return err
				}
				if n > 0 && i.Name == want {
					return undo
				}
			}
			t.Errorf("%s: nothing noticed after %s", want, sql)
			return undo
		})
		refused(t, err, "undo")
	}
	each(t, func(t *testing.T, r rig) {
		_, org := founded(t, r)
		r.invited(t, org, Role{Kind: Desk, CommunityID: "c1"}, Newcomer{Name: "张阿姨"})
		eachBroken(t, r, "account: an installation that was set up has an admin", `DELETE FROM account_roles WHERE kind = 'admin'`)
		eachBroken(t, r, "account: everybody has a role", `DELETE FROM account_roles WHERE kind = 'desk'`)
		eachBroken(t, r, "account: a role from a link has used it up", `UPDATE account_links SET used_at = 0, used_by = '' WHERE kind = 'desk'`)
		eachBroken(t, r, "account: the set-up link made one admin", `UPDATE account_roles SET granted_by = 'setup'`)
	})
}

// A tablet in public is a kiosk and nothing else, whoever asks for more; it has
// no password, is nobody's account, and is gone with its role.
func TestAKioskIsNothingElse(t *testing.T) {
	each(t, func(t *testing.T, r rig) {
		admin, org := founded(t, r)
		kiosk := Role{Kind: Kiosk, CommunityID: "c1"}
		token, err := r.Invite(t.Context(), org, Invitation{Role: kiosk, Label: "门口"})
		session, err2 := r.Accept(t.Context(), ok(t, token, err), Newcomer{Name: "门口平板", Email: "k@example.org", Password: "stoneriver-43"})
		a, err := r.ActorBySession(t.Context(), ok(t, session, err2))
		if err != nil || !a.Device() || !a.Has(kiosk) {
			t.Fatalf("%+v %v", a, err)
		}
		_, err = r.Login(t.Context(), Credentials{Email: "k@example.org", Password: "stoneriver-43"})
		refused(t, err, "account.login_failed")

		desk := Role{Kind: Desk, CommunityID: "c1"}
		refused(t, r.Grant(t.Context(), org, a.PersonID, desk), "account.kiosk_alone")
		refused(t, r.Grant(t.Context(), admin, a.PersonID, Role{Kind: Kiosk, CommunityID: "c2"}), "account.kiosk_alone")
		refused(t, r.Grant(t.Context(), admin, org.PersonID, kiosk), "account.kiosk_alone")
		more, err := r.Invite(t.Context(), org, Invitation{Role: desk})
		_, err = r.Join(t.Context(), a, ok(t, more, err), Newcomer{})
		refused(t, err, "account.kiosk_alone")
		one, err := r.Invite(t.Context(), org, Invitation{Role: kiosk})
		_, err = r.Join(t.Context(), org, ok(t, one, err), Newcomer{})
		refused(t, err, "account.kiosk_alone")
		if l, err := r.Invitation(t.Context(), one); err != nil || l.State != LinkOpen {
			t.Errorf("a refused link is used up: %+v %v", l, err)
		}

		if err := r.RevokeRole(t.Context(), org, a.PersonID, kiosk); err != nil {
			t.Fatal(err)
		}
		_, err = r.ActorBySession(t.Context(), session)
		refused(t, err, "account.sign_in")
	})
}
