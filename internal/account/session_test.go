package account

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"yiji/internal/db"
	"yiji/internal/fault"
)

func TestLogin(t *testing.T) {
	each(t, func(t *testing.T, r rig) {
		_, org := founded(t, r)
		in := Credentials{Email: " Wang@Example.org ", Password: goodPassword, Address: "192.0.2.1", Device: "手机"}
		session, err := r.Login(t.Context(), in)
		a, err2 := r.ActorBySession(t.Context(), ok(t, session, err))
		if err2 != nil || a.PersonID != org.PersonID || a.SessionID == org.SessionID {
			t.Errorf("%+v %v: want the organizer in a session of its own", a, err2)
		}
		var answers []string
		for _, c := range []Credentials{
			{Email: "wang@example.org", Password: "riverstone-43", Address: "192.0.2.2"},
			{Email: "nobody@example.org", Password: goodPassword, Address: "192.0.2.2"},
			{Email: "not an address", Password: goodPassword, Address: "192.0.2.2"},
			{Email: "", Password: "", Address: "192.0.2.2"},
		} {
			_, err := r.Login(t.Context(), c)
			refused(t, err, "account.login_failed")
			answers = append(answers, err.Error())
		}
		for _, s := range answers {
			if s != answers[0] {
				t.Errorf("answers tell who has an account: %q", answers)
			}
		}
		list, err := r.Sessions(t.Context(), a)
		if err != nil || len(list) != 2 || (list[0].Device != "手机" && list[1].Device != "手机") {
			t.Errorf("sessions %+v %v", list, err)
		}
		if err := r.EndOtherSessions(t.Context(), a); err != nil {
			t.Fatal(err)
		}
		if list, err = r.Sessions(t.Context(), a); err != nil || len(list) != 1 || list[0].ID != a.SessionID {
			t.Errorf("after ending the others: %+v %v", list, err)
		}
		for range 2 {
			if err := r.Logout(t.Context(), session); err != nil {
				t.Fatal(err)
			}
		}
		_, err = r.ActorBySession(t.Context(), session)
		refused(t, err, "account.sign_in")
	})
}

func TestGuessingIsLimitedAlsoInParallel(t *testing.T) {
	eachRace(t, func(t *testing.T, r rig) {
		founded(t, r)
		guess := Credentials{Email: "wang@example.org", Password: "riverstone-43", Address: "192.0.2.66"}
		var wrong, limited atomic.Int32
		var wg sync.WaitGroup
		for i := range 24 {
			wg.Go(func() {
				switch _, err := r.all[i%len(r.all)].Login(context.Background(), guess); {
				case fault.Is(err, "account.login_failed"):
					wrong.Add(1)
				case fault.Is(err, "account.too_many_attempts"):
					limited.Add(1)
				default:
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if wrong.Load() != attemptsPair || limited.Load() != 24-attemptsPair {
			t.Errorf("%d guesses were checked, %d refused; want %d checked", wrong.Load(), limited.Load(), attemptsPair)
		}
		right := Credentials{Email: "wang@example.org", Password: goodPassword, Address: "192.0.2.66"}
		_, err := r.Login(t.Context(), right)
		refused(t, err, "account.too_many_attempts")
		right.Address = "192.0.2.1" // the owner elsewhere is not locked out by the guesser
		if _, err := r.Login(t.Context(), right); err != nil {
			t.Errorf("the owner: %v", err)
		}
		r.clock.Push(attemptWindow)
		right.Address = guess.Address
		if _, err := r.Login(t.Context(), right); err != nil {
			t.Errorf("after the window: %v", err)
		}
	})
}

// 200 honest people behind one address log in one after the other.
func TestOneAddressHasRoomForAStreetOffice(t *testing.T) {
	each(t, func(t *testing.T, r rig) {
		limits := func(i int) []limited { return r.limits(string(rune('a'+i)), "192.0.2.1") }
		for i := range attemptsAddress + 10 {
			if err := r.count(t.Context(), limits(i)); err != nil {
				t.Fatalf("honest login %d: %v", i, err)
			}
			if err := r.db.Update(t.Context(), func(tx *db.Tx) error { return forgive(tx, limits(i)) }); err != nil {
				t.Fatal(err)
			}
		}
		for i := range attemptsAddress {
			if err := r.count(t.Context(), limits(i)); err != nil {
				t.Fatalf("wrong login %d: %v", i, err)
			}
		}
		refused(t, r.count(t.Context(), limits(attemptsAddress)), "account.too_many_attempts")
	})
}

func TestSessionsEnd(t *testing.T) {
	each(t, func(t *testing.T, r rig) {
		admin, org := founded(t, r)
		login := func() string {
			s, err := r.Login(t.Context(), Credentials{Email: "wang@example.org", Password: goodPassword})
			return ok(t, s, err)
		}
		alive := func(token string) bool {
			_, err := r.ActorBySession(t.Context(), token)
			if err != nil && !fault.Is(err, "account.sign_in") {
				t.Fatal(err)
			}
			return err == nil
		}
		idle := login()
		r.clock.Push(7*day - time.Second)
		if !alive(idle) {
			t.Error("ended before it was idle for 7 days")
		}
		r.clock.Push(7 * day)
		if alive(idle) {
			t.Error("alive after 7 idle days")
		}
		long := login()
		for range 29 {
			r.clock.Push(day)
			if !alive(long) {
				t.Fatal("ended though it was used every day")
			}
		}
		r.clock.Push(day)
		if alive(long) {
			t.Error("alive after 30 days")
		}
		deskLink, err := r.Invite(t.Context(), org, Invitation{Role: Role{Kind: Desk, CommunityID: "c1"}})
		desk, err2 := r.Accept(t.Context(), ok(t, deskLink, err), Newcomer{Name: "张阿姨"})
		ok(t, desk, err2)
		r.clock.Push(29 * day)
		a, err := r.ActorBySession(t.Context(), desk)
		if err != nil {
			t.Errorf("the desk comes back next month: %v", err)
		}
		if err := r.EndSessionsOf(t.Context(), org, "c1", a.PersonID); err != nil {
			t.Error(err)
		}
		if alive(desk) {
			t.Error("alive after the organizer ended it")
		}
		refused(t, r.EndSessionsOf(t.Context(), admin, "c2", a.PersonID), "account.person_unknown")
		if n, err := r.Purge(t.Context()); err != nil || n == 0 {
			t.Errorf("purge removed %d, %v", n, err)
		}
		if n, err := r.Purge(t.Context()); err != nil || n != 0 {
			t.Errorf("second purge removed %d, %v", n, err)
		}
	})
}

func TestTheDatabaseIsNotWrittenOnEveryRequest(t *testing.T) {
	each(t, func(t *testing.T, r rig) {
		founded(t, r)
		token, err := r.Login(t.Context(), Credentials{Email: "wang@example.org", Password: goodPassword})
		a, err2 := r.ActorBySession(t.Context(), ok(t, token, err))
		ok(t, a, err2)
		seen := func() int64 {
			var at int64
			if err := r.db.View(t.Context(), func(tx *db.Tx) error {
				return tx.Get(&at, `SELECT seen_at FROM account_sessions WHERE id = $1`, a.SessionID)
			}); err != nil {
				t.Fatal(err)
			}
			return at
		}
		begin := seen()
		r.clock.Push(touchAfter - time.Second)
		_, err = r.ActorBySession(t.Context(), token)
		if ok(t, seen(), err) != begin {
			t.Error("written though it was seen a moment ago")
		}
		r.clock.Push(time.Second)
		_, err = r.ActorBySession(t.Context(), token)
		if ok(t, seen(), err) == begin {
			t.Error("not written after ten minutes")
		}
		r.clock.Push(-time.Hour) // a clock that goes back changes nothing
		_, err = r.ActorBySession(t.Context(), token)
		ok(t, 0, err)
	})
}

func TestPasswordChangesEndEverySession(t *testing.T) {
	each(t, func(t *testing.T, r rig) {
		_, org := founded(t, r)
		_, err := r.SetPassword(t.Context(), org, "wrong-wrong-1", "stoneriver-43")
		refused(t, err, "account.password_wrong")
		_, err = r.SetPassword(t.Context(), org, goodPassword, "short")
		refused(t, err, "account.password_short")
		session, err := r.SetPassword(t.Context(), org, goodPassword, "stoneriver-43")
		a, err2 := r.ActorBySession(t.Context(), ok(t, session, err))
		list, err3 := r.Sessions(t.Context(), ok(t, a, err2))
		if err3 != nil || len(list) != 1 {
			t.Errorf("%d sessions, %v", len(list), err3)
		}
		_, err = r.Login(t.Context(), Credentials{Email: "wang@example.org", Password: goodPassword})
		refused(t, err, "account.login_failed")
		_, err = r.Login(t.Context(), Credentials{Email: "wang@example.org", Password: "stoneriver-43"})
		ok(t, 0, err)

		nobody := r.invited(t, org, Role{Kind: Desk, CommunityID: "c1"}, Newcomer{Name: "张阿姨"})
		_, err = r.SetPassword(t.Context(), nobody, "", "stoneriver-43")
		refused(t, err, "account.email_needed")
		if err := r.Edit(t.Context(), nobody, Profile{Name: "张阿姨", Email: "wang@example.org"}); !fault.Is(err, "account.email_taken") {
			t.Errorf("somebody else's address: %v", err)
		}
		if err := r.Edit(t.Context(), nobody, Profile{Name: "张阿姨", Email: "zhang@example.org", Lang: "zh-Hant"}); err != nil {
			t.Fatal(err)
		}
		_, err = r.SetPassword(t.Context(), nobody, "", "stoneriver-43")
		ok(t, 0, err)
		refused(t, r.Edit(t.Context(), nobody, Profile{Name: "张阿姨", Email: "other@example.org"}), "account.password_wrong")
	})
}
