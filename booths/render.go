package booths

import (
	"encoding/json"
	"maps"
	"strings"

	"yiji/internal/text"
)

// PlanView is a plan in one language: the form of `yiji plan --json`.
type PlanView struct {
	Pairs        []PairView        `json:"pairs"`
	Assignments  []AssignmentView  `json:"assignments"`
	Waitlist     []WaitView        `json:"waitlist"`
	Disturbances []DisturbanceView `json:"disturbances"`
}

// PairView is a feasible pair; Place counts a partner's places from 0.
type PairView struct {
	Partner string `json:"partner"`
	Place   int    `json:"place"`
	Booth   string `json:"booth"`
	Score   int64  `json:"score"`
}

// AssignmentView is a place with its booth and why.
type AssignmentView struct {
	PairView
	Reasons []string `json:"reasons"`
}

// WaitView is a place without a booth and why; Position counts from 1.
type WaitView struct {
	Partner  string   `json:"partner"`
	Place    int      `json:"place"`
	Position int      `json:"position"`
	Reasons  []string `json:"reasons"`
}

// StandView is who stands where.
type StandView struct {
	Partner string `json:"partner"`
	Place   int    `json:"place"`
	Booth   string `json:"booth"`
}

// DisturbanceView is a quiet and a loud place that could not be kept apart.
type DisturbanceView struct {
	Quiet   StandView `json:"quiet"`
	Loud    StandView `json:"loud"`
	Metres  float64   `json:"metres"`
	Reasons []string  `json:"reasons"`
}

// In renders the plan for a reader of lang.
func (r Result) In(lang string) PlanView {
	v := PlanView{
		Pairs: make([]PairView, len(r.Pairs)), Assignments: []AssignmentView{},
		Waitlist: []WaitView{}, Disturbances: []DisturbanceView{},
	}
	for i, p := range r.Pairs {
		v.Pairs[i] = PairView(p)
	}
	for _, a := range r.Assignments {
		v.Assignments = append(v.Assignments, AssignmentView{
			PairView: PairView{a.Partner, a.Place, a.Booth, a.Score}, Reasons: Sentences(a.Reasons, lang),
		})
	}
	for _, w := range r.Waitlist {
		v.Waitlist = append(v.Waitlist, WaitView{w.Partner, w.Place, w.Position, Sentences(w.Reasons, lang)})
	}
	for _, d := range r.Disturbances {
		v.Disturbances = append(v.Disturbances, DisturbanceView{
			Quiet: d.Quiet.view(), Loud: d.Loud.view(), Metres: d.Distance.Metres(), Reasons: Sentences(d.Reasons, lang),
		})
	}
	return v
}

func (s Stand) view() StandView { return StandView{s.Partner, s.Place, s.Booth} }

// Sentences renders reasons for a reader of lang, the names of features too:
// inside a reason they stand as the layout writes them.
func Sentences(reasons []text.Reason, lang string) []string {
	out := make([]string, len(reasons))
	for i, r := range reasons {
		if needs, ok := r.Args["needs"]; ok {
			r.Args = maps.Clone(r.Args)
			r.Args["needs"] = featureNames(needs, lang)
		}
		out[i] = r.In(lang)
	}
	return out
}

func featureNames(list, lang string) string {
	names := strings.Split(list, ", ")
	for i, f := range names {
		if key := "booths.feature." + f; text.Has(lang, key) {
			names[i] = text.T(lang, key, nil)
		}
	}
	if lang == "en" {
		return strings.Join(names, ", ")
	}
	return strings.Join(names, "、")
}

// JSON is the plan in lang as `yiji plan --json` prints it.
func (r Result) JSON(lang string) ([]byte, error) {
	return json.MarshalIndent(r.In(lang), "", "  ")
}
