package scheduler

import "yiji/internal/text"

// Input is all that decides about the dates of a market.
type Input struct {
	Rule       Rule
	Holiday    Policy
	Weekend    Policy
	Exceptions []Exception
	Calendar   *Calendar // nil means DefaultCalendar
	From       Date      // the first date that may be held
	To         Date      // the last one; zero for no end
	Count      int       // at most so many held dates; zero means 12
}

// Occurrence is one date of a market, held or not.
type Occurrence struct {
	Date     Date       // when it is held; for a skipped one the date that is skipped
	RuleDate Date       // what the rule says: the identity
	Lunar    LunarDay   // of Date
	Shifted  bool       // Date differs from RuleDate
	Skipped  bool       // not held, Reasons say why
	Flagged  bool       // a year without holiday data was asked
	Holiday  string     // name of the holiday RuleDate falls on
	Merged   []Date     // other rule dates that were shifted onto this one
	Opens    *TimeOfDay // other times by exception
	Closes   *TimeOfDay
	Reasons  []text.Reason
}

// Preview returns the dates held, in order. Skipped ones are in PreviewAll.
func Preview(in Input) ([]Occurrence, error) {
	all, err := PreviewAll(in)
	var held []Occurrence
	for _, o := range all {
		if !o.Skipped {
			held = append(held, o)
		}
	}
	return held, err
}

// PreviewAll returns the dates held and, between them, those skipped by a
// policy or an exception: nothing is lost silently.
func PreviewAll(in Input) ([]Occurrence, error) { return nil, nil }

// Line is the form of an occurrence on the command line and in the API.
type Line struct {
	Date     string `json:"date"`
	RuleDate string `json:"rule_date"`
	Weekday  string `json:"weekday"`
	Lunar    string `json:"lunar"`
	Shifted  bool   `json:"shifted"`
	Reason   string `json:"reason"`
}

// In renders the occurrence in a language of text.Langs.
func (o Occurrence) In(lang string) Line { return Line{} }
