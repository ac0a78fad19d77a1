package scheduler

import (
	"fmt"
	"strings"

	"yiji/internal/text"
)

// Line is the form of an occurrence on the command line and in the API.
type Line struct {
	Date     string `json:"date"`
	RuleDate string `json:"rule_date"`
	Weekday  string `json:"weekday"`
	Lunar    string `json:"lunar"`
	Shifted  bool   `json:"shifted"`
	Reason   string `json:"reason"`
}

// In renders the occurrence in a language of text.Langs. Dates and weekday are
// in the words of the rule's own form (2026-02-24, tuesday) in every language.
func (o Occurrence) In(lang string) Line {
	return Line{
		Date: o.Date.String(), RuleDate: o.RuleDate.String(), Weekday: string(WeekdayOf(o.Date)),
		Lunar: o.Lunar.In(lang), Shifted: o.Shifted, Reason: o.ReasonIn(lang),
	}
}

// Lines renders the dates held, never nil.
func Lines(all []Occurrence, lang string) []Line {
	held := Held(all)
	out := make([]Line, len(held))
	for i, o := range held {
		out[i] = o.In(lang)
	}
	return out
}

// ReasonIn joins the reasons in a language.
func (o Occurrence) ReasonIn(lang string) string {
	parts := make([]string, len(o.Reasons))
	for i, r := range o.Reasons {
		parts[i] = r.In(lang)
	}
	return strings.Join(parts, text.T(lang, "scheduler.and", nil))
}

// In renders the name of the weekday for people: 周四, Thursday.
func (w Weekday) In(lang string) string { return text.T(lang, "scheduler.weekday."+string(w), nil) }

var (
	lunarMonths = []string{"正", "二", "三", "四", "五", "六", "七", "八", "九", "十", "冬", "腊"}
	lunarDigits = []string{"十", "一", "二", "三", "四", "五", "六", "七", "八", "九"}
)

// In renders the lunar date: 闰六月初三, lunar leap 06-03.
func (l LunarDay) In(lang string) string {
	key := "scheduler.lunar.regular"
	if l.Leap {
		key = "scheduler.lunar.leap"
	}
	month := lunarMonths[l.Month-1]
	if lang == "zh-Hant" && l.Month == 12 {
		month = "臘"
	}
	tens := [...]string{"初", "十", "廿", "三"}[l.Day/10]
	switch l.Day {
	case 10:
		tens = "初"
	case 20:
		tens = "二"
	}
	return text.T(lang, key, text.Args{
		"number": fmt.Sprintf("%02d-%02d", l.Month, l.Day),
		"month":  month, "day": tens + lunarDigits[l.Day%10],
	})
}
