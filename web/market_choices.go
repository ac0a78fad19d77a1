package web

import (
	"strconv"

	"yiji/internal/text"
	"yiji/scheduler"
)

// choicesNamed are choices whose labels are the texts prefix+value.
func choicesNamed(lang, prefix string, values ...string) []choice {
	out := make([]choice, len(values))
	for i, v := range values {
		out[i] = choice{Value: v, Label: text.T(lang, prefix+v, nil)}
	}
	return out
}

func ruleKindChoices(lang string) []choice {
	return choicesNamed(lang, "office.rule_kind_", ruleKinds...)
}

func policyChoices(lang string) []choice {
	var names []string
	for _, p := range scheduler.Policies {
		names = append(names, string(p))
	}
	return choicesNamed(lang, "office.policy_", names...)
}

func nthChoices(lang string) []choice {
	return choicesNamed(lang, "office.nth_", "1", "2", "3", "4", "5", "-1")
}

func weekdayChoices(lang string) []choice {
	return choicesNamed(lang, "scheduler.weekday.", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
}

func monthChoices(lang string) []choice {
	out := make([]choice, 12)
	for i := range out {
		n := strconv.Itoa(i + 1)
		out[i] = choice{Value: n, Label: text.T(lang, "office.month", text.Args{"n": n})}
	}
	return out
}

func monthEndChoices(lang string) []choice {
	return choicesNamed(lang, "office.month_end_", string(scheduler.ClampDay), string(scheduler.SkipDay))
}

// leapChoices begins with the rule's own default, which differs by kind.
func leapChoices(lang string) []choice {
	return append([]choice{{Value: "", Label: text.T(lang, "office.leap_default", nil)}},
		choicesNamed(lang, "office.leap_", string(scheduler.LeapRegular), string(scheduler.LeapLeap), string(scheduler.LeapBoth))...)
}

func exceptionChoices(lang string) []choice {
	return choicesNamed(lang, "office.exception_", string(scheduler.Skip), string(scheduler.Move), string(scheduler.Extra))
}

// actionChoices are what one may do with a day that an edit touches.
func actionChoices(p page, t touchedDay) []choice {
	lang := p.Lang
	move := text.T(lang, "office.choice_move", nil)
	if !t.Offer.IsZero() {
		move = p.T("office.choice_move_to", "date", p.dayText(t.Offer), "opens", t.Opens.String(), "closes", t.Closes.String())
	}
	return []choice{
		{Value: "", Label: text.T(lang, "office.choice_none", nil)},
		{Value: string(scheduler.KeepDay), Label: text.T(lang, "office.choice_keep", nil)},
		{Value: string(scheduler.MoveDay), Label: move},
		{Value: string(scheduler.CancelDay), Label: text.T(lang, "office.choice_cancel", nil)},
	}
}
