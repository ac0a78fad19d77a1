package booths

import (
	"context"
	"strings"
	"testing"
	"time"
)

// last is the decision that can be undone.
func (w *world) last() string {
	w.t.Helper()
	changes, err := w.s.Changes(context.Background(), "c1", "d1")
	w.no(err)
	for _, c := range changes {
		if c.Undoable {
			return c.ID
		}
	}
	return ""
}

func moves(c Consequence) string {
	var out []string
	for _, m := range c.Moves {
		out = append(out, m.Partner+" "+m.From+">"+m.To)
	}
	return strings.Join(out, ", ")
}

// A published day on which nobody stands is still published: whoever is given a
// booth comes from nowhere, and only they move.
func TestADecisionIsForeseenWhereNobodyStands(t *testing.T) {
	each(t, func(w *world) {
		ctx := context.Background()
		w.layout("A")
		one, two := w.partner("一"), w.partner("二")
		w.openClaiming()
		w.claim(one)
		w.claim(two)
		w.confirm()
		at := w.booths()["A"]
		w.no(w.s.Override(ctx, organizer, "d1", Decision{ClaimID: at.Claim.ID, Reason: "缺证"}))
		plan, err := w.s.DayBooths(ctx, "c1", "d1")
		w.no(err)
		if w.booths()["A"].Claim != nil || len(plan.Waitlist) != 1 {
			t.Fatalf("somebody stands: %s", w.who())
		}
		next := plan.Waitlist[0]
		seen, err := w.s.Foresee(ctx, organizer, "d1", Decision{ClaimID: next.ID, BoothID: at.ID, Reason: "补上"})
		w.no(err)
		if got := moves(seen); got != next.Partner+" >A" {
			t.Fatalf("foreseen: %q", got)
		}
	})
}

// Joining for somebody who telephoned is written down with who did it, and
// leaves the decision before it to be undone.
func TestAClaimByTelephoneIsWrittenDown(t *testing.T) {
	each(t, func(w *world) {
		w.layout("A", "B")
		one, two := w.partner("一"), w.partner("二")
		w.openClaiming()
		c := w.claim(one)
		w.no(w.s.Override(ctx, organizer, "d1", Decision{ClaimID: c.ID, BoothID: w.booths()["B"].ID, Reason: "近"}))
		called, err := w.s.Claim(ctx, organizer, "d1", Ask{PartnerID: two.ID})
		w.no(err)
		all, err := w.s.Changes(ctx, "c1", "d1")
		w.no(err)
		if len(all) != 2 || all[0].What != "claim" || all[0].ClaimID != called.ID || all[0].Who != organizer.By || !all[1].Undoable {
			t.Fatalf("%+v", all)
		}
		w.no(w.s.Undo(ctx, organizer, "d1", all[1].ID))
		_, err = w.s.Claim(ctx, organizer, "d1", Ask{PartnerID: two.ID})
		w.fails(err, "claim.twice")
	})
}

// Before publication a decision locks; what it would move is told before, and
// undoing it gives back the lock there was.
func TestALockIsForeseenAndUndone(t *testing.T) {
	each(t, func(w *world) {
		ctx := context.Background()
		w.layout("A", "B")
		one, two := w.partner("一"), w.partner("二")
		w.openClaiming()
		c1 := w.claim(one)
		w.claim(two)
		draft, err := w.s.Draft(ctx, "c1", "d1")
		w.no(err)
		home, other := draft.places()[c1.ID], "A"
		if home == "A" {
			other = "B"
		}
		d := Decision{ClaimID: c1.ID, BoothID: w.booths()[other].ID, Reason: "树荫"}
		seen, err := w.s.Foresee(ctx, organizer, "d1", d)
		w.no(err)
		if got := moves(seen); !strings.Contains(got, "一 "+home+">"+other) || !strings.Contains(got, "二 "+other+">"+home) {
			t.Fatalf("foreseen: %s", got)
		}
		w.fails(w.s.Undo(ctx, organizer, "d1", "x"), "plan.undo_not_last")
		w.no(w.s.Override(ctx, organizer, "d1", d))
		if seen, err = w.s.Foresee(ctx, organizer, "d1", d); err != nil || len(seen.Moves) != 0 {
			t.Fatalf("decided already, yet %s %v", moves(seen), err)
		}
		first := w.last()
		w.fails(w.s.Undo(ctx, Scope{CommunityID: "c1", PartnerID: one.ID}, "d1", first), "override.organizer")
		w.fails(w.s.Undo(ctx, Scope{CommunityID: "c2"}, "d1", first), "day.unknown")
		w.no(w.s.Override(ctx, organizer, "d1", Decision{ClaimID: c1.ID, Reason: "不用"}))
		w.fails(w.s.Undo(ctx, organizer, "d1", first), "plan.undo_not_last")
		w.no(w.s.Undo(ctx, organizer, "d1", w.last()))
		if got := w.booths(); w.claimNow(c1.ID).Locked != other {
			t.Fatalf("the lock is not back: %+v", got)
		}
		w.fails(w.s.Undo(ctx, organizer, "d1", first), "plan.undo_not_last") // one step back, not two
		w.no(w.s.Override(ctx, organizer, "d1", Decision{ClaimID: c1.ID, Reason: "不用"}))
		w.at.Set(w.at.Now().Add(UndoFor + time.Second))
		if id := w.last(); id != "" {
			t.Fatal("still offered after ten minutes")
		}
		changes, err := w.s.Changes(ctx, "c1", "d1")
		w.no(err)
		w.fails(w.s.Undo(ctx, organizer, "d1", changes[0].ID), "plan.undo_late")
	})
}

func (w *world) claimNow(id string) Claim {
	w.t.Helper()
	all, err := w.s.ClaimsOf(context.Background(), "c1", "d1")
	w.no(err)
	c, ok := liveOf(all, id)
	if !ok {
		w.t.Fatalf("claim %s is over", id)
	}
	return c
}

// After publication undo puts everybody back: who swapped, who was pushed out
// and who waited, at the old place of the waitlist.
func TestADecisionIsUndoneAfterPublication(t *testing.T) {
	each(t, func(w *world) {
		ctx := context.Background()
		w.layout("A", "B")
		for _, name := range []string{"一", "二", "三", "四"} {
			p := w.partner(name)
			if name == "一" {
				w.openClaiming()
			}
			w.claim(p)
			w.at.Set(w.at.Now().Add(time.Minute))
		}
		w.confirm()
		start := w.who()
		plan, err := w.s.DayBooths(ctx, "c1", "d1")
		w.no(err)
		at := w.booths()
		tail := plan.Waitlist[1]
		push := Decision{ClaimID: tail.ID, BoothID: at["A"].ID, Reason: "需要"}
		seen, err := w.s.Foresee(ctx, organizer, "d1", push)
		w.no(err)
		if got := moves(seen); !strings.Contains(got, tail.Partner+" >A") || !strings.Contains(got, at["A"].Claim.Partner+" A>") || len(seen.Moves) != 2 {
			t.Fatalf("foreseen: %s", got)
		}
		for name, d := range map[string]Decision{
			"pushed out": push,
			"swapped":    {ClaimID: at["A"].Claim.ID, BoothID: at["B"].ID, Reason: "换"},
			"taken back": {ClaimID: at["B"].Claim.ID, Reason: "缺证"},
		} {
			w.no(w.s.Override(ctx, organizer, "d1", d))
			if w.who() == start {
				t.Fatalf("%s: nothing happened", name)
			}
			w.no(w.s.Undo(ctx, organizer, "d1", w.last()))
			if got := w.who(); got != start {
				t.Fatalf("%s: %s, before %s", name, got, start)
			}
			if w.last() != "" {
				t.Fatalf("%s: can be undone twice", name)
			}
		}
		// what has changed since is not undone
		w.no(w.s.Override(ctx, organizer, "d1", push))
		id := w.last()
		w.no(w.s.Release(ctx, organizer, w.booths()["A"].Claim.Holding.ID, "走了"))
		w.fails(w.s.Undo(ctx, organizer, "d1", id), "plan.undo_not_last")
		w.no(w.s.Override(ctx, organizer, "d1", Decision{ClaimID: w.booths()["B"].Claim.ID, Reason: "缺证"}))
		_, err = w.s.ClaimBooth(ctx, organizer, "d1", at["B"].ID, Ask{PartnerID: w.partner("五").ID})
		w.no(err)
		w.fails(w.s.Undo(ctx, organizer, "d1", w.last()), "plan.undo_changed")
	})
}
