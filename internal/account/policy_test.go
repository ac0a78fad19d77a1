package account

import (
	"go/ast"
	"go/parser"
	gotoken "go/token"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"yiji/internal/fault"
)

// The actors of the matrix, in the order of its columns; every role is in
// community c1, the partner is p1.
var matrixActors = []struct {
	name  string
	actor Actor
}{
	{"nobody", Actor{}},
	{"known", Actor{PersonID: "x"}},
	{"admin", Actor{PersonID: "x", Roles: []Role{{Kind: Admin}}}},
	{"organizer", Actor{PersonID: "x", Roles: []Role{{Kind: Organizer, CommunityID: "c1"}}}},
	{"desk", Actor{PersonID: "x", Roles: []Role{{Kind: Desk, CommunityID: "c1"}}}},
	{"partner", Actor{PersonID: "x", Roles: []Role{{Kind: Partner, CommunityID: "c1", PartnerID: "p1"}}}},
	{"kiosk", Actor{PersonID: "x", Roles: []Role{{Kind: Kiosk, CommunityID: "c1"}}}},
}

// The objects of the matrix, in the order of the signs of a column.
var matrixObjects = []Object{
	{},
	{CommunityID: "c1"},
	{CommunityID: "c1", PartnerID: "p1"},
	{CommunityID: "c1", PartnerID: "p2"},
	{CommunityID: "c2"},
	{CommunityID: "c2", PartnerID: "p1"},
}

// matrix is what everybody may do to everything, written down by hand: one
// column per actor, in it one sign per object. Changing the policy means
// changing this table too, on purpose.
var matrix = []struct{ action, may string }{
	//                     nobody known  admin  organ. desk   partner kiosk
	{"public.read", "++++++ ++++++ ++++++ ++++++ ++++++ ++++++ ++++++"},
	{"session.open", "++++++ ++++++ ++++++ ++++++ ++++++ ++++++ ++++++"},
	{"ticket.take", "++++++ ++++++ ++++++ ++++++ ++++++ ++++++ ++++++"},
	{"ticket.follow", "++++++ ++++++ ++++++ ++++++ ++++++ ++++++ ++++++"},
	{"feedback.give", "++++++ ++++++ ++++++ ++++++ ++++++ ++++++ ++++++"},
	{"tell.me", "++++++ ++++++ ++++++ ++++++ ++++++ ++++++ ++++++"},
	{"session.manage", "------ ++++++ ++++++ ++++++ ++++++ ++++++ ------"},
	{"home.read", "------ ++++++ ++++++ ++++++ ++++++ ++++++ ------"},
	{"community.create", "------ ------ ++++++ ------ ------ ------ ------"},
	{"community.list", "------ ------ ++++++ ------ ------ ------ ------"},
	{"system.read", "------ ------ ++++++ ------ ------ ------ ------"},
	{"calendar.edit", "------ ------ ++++++ ------ ------ ------ ------"},
	{"community.edit", "------ ------ ++++++ -+++-- ------ ------ ------"},
	{"office.enter", "------ ------ ++++++ -+++-- ------ ------ ------"},
	{"market.read", "------ ------ ------ -+++-- ------ ------ ------"},
	{"market.edit", "------ ------ ------ -+++-- ------ ------ ------"},
	{"day.read", "------ ------ ------ -+++-- -+++-- ------ ------"},
	{"day.plan", "------ ------ ------ -+++-- ------ ------ ------"},
	{"day.open", "------ ------ ------ -+++-- ------ ------ ------"},
	{"day.close", "------ ------ ------ -+++-- ------ ------ ------"},
	{"figures.read", "------ ------ ------ -+++-- ------ ------ ------"},
	{"incident.note", "------ ------ ------ -+++-- -+++-- ------ ------"},
	{"partner.list", "------ ------ ------ -+++-- ------ ------ ------"},
	{"partner.read", "------ ------ ------ -+++-- ------ --+--- ------"},
	{"partner.edit", "------ ------ ------ -+++-- ------ --+--- ------"},
	{"partner.admit", "------ ------ ------ -+++-- ------ ------ ------"},
	{"layout.read", "------ ------ ------ -+++-- -+++-- -+++-- ------"},
	{"layout.edit", "------ ------ ------ -+++-- ------ ------ ------"},
	{"claim.list", "------ ------ ------ -+++-- ------ ------ ------"},
	{"claim.make", "------ ------ ------ -+++-- ------ --+--- ------"},
	{"offer.answer", "------ ------ ------ -+++-- ------ --+--- ------"},
	{"plan.read", "------ ------ ------ -+++-- ------ ------ ------"},
	{"plan.confirm", "------ ------ ------ -+++-- ------ ------ ------"},
	{"plan.override", "------ ------ ------ -+++-- ------ ------ ------"},
	{"line.run", "------ ------ ------ -+++-- ------ --+--- ------"},
	{"line.settle", "------ ------ ------ -+++-- ------ ------ ------"},
	{"ticket.issue", "------ ------ ------ -+++-- -+++-- ------ ------"},
	{"ticket.find", "------ ------ ------ -+++-- -+++-- ------ ------"},
	{"ticket.touch", "------ ------ ------ ------ ------ ------ -+++--"},
	{"delivery.read", "------ ------ ------ -+++-- ------ ------ ------"},
	{"delivery.resend", "------ ------ ------ -+++-- ------ ------ ------"},
	{"channel.edit", "------ ------ ------ -+++-- ------ ------ ------"},
	{"parked.read", "------ ------ ++++++ -+++-- ------ ------ ------"},
	{"parked.replay", "------ ------ ++++++ -+++-- ------ ------ ------"},
	{"account.read", "------ ------ ++++++ -+++-- ------ ------ ------"},
	{"account.invite", "------ ------ ++++++ -+++-- ------ ------ ------"},
	{"account.revoke", "------ ------ ++++++ -+++-- ------ ------ ------"},
}

func TestEveryActionForEverybodyOnEverything(t *testing.T) {
	seen := map[Action]bool{}
	for _, row := range matrix {
		do := Action(row.action)
		if seen[do] {
			t.Errorf("%s stands twice in the matrix", do)
		}
		seen[do] = true
		columns := strings.Fields(row.may)
		if len(columns) != len(matrixActors) {
			t.Fatalf("%s: %d columns, want %d", do, len(columns), len(matrixActors))
		}
		for i, who := range matrixActors {
			for j, to := range matrixObjects {
				err := Allow(who.actor, do, to)
				if want := columns[i][j] == '+'; (err == nil) != want {
					t.Errorf("%s may %s %+v: got %v, the matrix says %v", who.name, do, to, err, want)
				}
				if err != nil && fault.KindOf(err) != fault.KindForbidden {
					t.Errorf("%s may %s: refused with %v, want Forbidden", who.name, do, err)
				}
			}
		}
	}
	for _, do := range declaredActions(t) {
		if !seen[do] {
			t.Errorf("action %s has no row in the matrix", do)
		}
		if !Listed(do) {
			t.Errorf("action %s has no row in the policy", do)
		}
		delete(seen, do)
	}
	for do := range seen {
		t.Errorf("the matrix has a row for %s, which no constant names", do)
	}
}

func TestWhoIsNotLoggedInIsAskedToLogIn(t *testing.T) {
	if err := Allow(Actor{}, MarketEdit, Object{CommunityID: "c1"}); !fault.Is(err, "account.sign_in") {
		t.Errorf("nobody: %v, want account.sign_in", err)
	}
	if err := Allow(Actor{PersonID: "x"}, MarketEdit, Object{CommunityID: "c1"}); !fault.Is(err, "account.not_allowed") {
		t.Errorf("somebody: %v, want account.not_allowed", err)
	}
}

func TestAnUnlistedActionIsDeniedToEverybody(t *testing.T) {
	for _, who := range matrixActors {
		for _, to := range matrixObjects {
			if Allow(who.actor, "market.burn", to) == nil {
				t.Errorf("%s may do what no row lists to %+v", who.name, to)
			}
		}
	}
}

// A role that is broken (no community, no partner) must not reach objects that are as empty.
func TestABrokenRoleReachesNothing(t *testing.T) {
	for _, r := range []Role{{Kind: Organizer}, {Kind: Desk}, {Kind: Kiosk}, {Kind: Partner, CommunityID: "c1"}, {Kind: Partner}, {Kind: "king", CommunityID: "c1"}} {
		a := Actor{PersonID: "x", Roles: []Role{r}}
		for _, do := range []Action{MarketEdit, LineRun, TicketIssue, TicketTouch, ClaimMake} {
			for _, to := range matrixObjects {
				if Allow(a, do, to) == nil {
					t.Errorf("%+v may %s %+v", r, do, to)
				}
			}
		}
	}
}

// However many roles somebody has: without one in a community, and without
// being admin, its private things stay closed.
func TestNobodyOfOneCommunityReachesAnother(t *testing.T) {
	actions := declaredActions(t)
	rapid.Check(t, func(rt *rapid.T) {
		id := rapid.SampledFrom([]string{"c1", "c2", "c3"})
		pid := rapid.SampledFrom([]string{"p1", "p2"})
		role := rapid.Custom(func(rt *rapid.T) Role {
			k := rapid.SampledFrom([]Kind{Organizer, Desk, Partner, Kiosk}).Draw(rt, "kind")
			r := Role{Kind: k, CommunityID: id.Draw(rt, "community")}
			if k == Partner {
				r.PartnerID = pid.Draw(rt, "partner")
			}
			return r
		})
		a := Actor{PersonID: "x", Roles: rapid.SliceOfN(role, 0, 5).Draw(rt, "roles")}
		do := rapid.SampledFrom(actions).Draw(rt, "action")
		to := Object{CommunityID: "c4", PartnerID: pid.Draw(rt, "object's partner")}
		if err := Allow(a, do, to); err == nil && !Public(do) && do != SessionManage && do != HomeRead {
			rt.Fatalf("%+v may %s %+v", a.Roles, do, to)
		}
	})
}

// declaredActions reads the constants from the source, so that none can be forgotten.
func declaredActions(t *testing.T) []Action {
	t.Helper()
	f, err := parser.ParseFile(gotoken.NewFileSet(), "policy.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var out []Action
	ast.Inspect(f, func(n ast.Node) bool {
		v, ok := n.(*ast.ValueSpec)
		if !ok || len(v.Values) != 1 {
			return true
		}
		if id, ok := v.Type.(*ast.Ident); !ok || id.Name != "Action" {
			return true
		}
		s, err := strconv.Unquote(v.Values[0].(*ast.BasicLit).Value)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, Action(s))
		return true
	})
	if len(out) < 40 {
		t.Fatalf("found %d actions only; is the constant block still in policy.go?", len(out))
	}
	return out
}
