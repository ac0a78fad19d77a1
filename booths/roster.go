package booths

import (
	"cmp"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"yiji/internal/fault"
	"yiji/internal/text"
)

// Roster is a market on paper: one community, one market, its ground and who
// comes. testdata/xiangyang.yaml shows the whole form.
type Roster struct {
	Community RosterCommunity `json:"community"`
	Market    RosterMarket    `json:"market"`
	Layout
	Partners []RosterPartner `json:"partners"`
	Arrivals *Arrivals       `json:"arrivals,omitempty"`
}

// RosterCommunity is the community of a roster.
type RosterCommunity struct {
	Slug      string `json:"slug"`
	Name      string `json:"name"`
	City      string `json:"city,omitempty"`
	Address   string `json:"address,omitempty"`
	Telephone string `json:"telephone,omitempty"`
	TimeZone  string `json:"timezone,omitempty"`
	Locale    string `json:"locale,omitempty"`
}

// RosterMarket is the market of a roster. Rule is kept as JSON: the scheduler
// knows what rules mean. Opens and Closes are local times, "09:00".
type RosterMarket struct {
	Name              string          `json:"name"`
	Venue             string          `json:"venue,omitempty"`
	Rule              json.RawMessage `json:"rule,omitempty"`
	Holiday           string          `json:"holiday,omitempty"`
	Weekend           string          `json:"weekend,omitempty"`
	Opens             string          `json:"opens,omitempty"`
	Closes            string          `json:"closes,omitempty"`
	ResidentsReported int             `json:"residents_reported,omitempty"` // at least so many
}

// RosterPartner is a partner of a roster with what it brings and what is known
// of it. Without Places it asks for one place with all its services.
type RosterPartner struct {
	Name     string        `json:"name"`
	Kind     string        `json:"kind"`
	Category string        `json:"category,omitempty"`
	Services []Offering    `json:"services"`
	Places   []RosterPlace `json:"places,omitempty"`
	Standing bool          `json:"standing,omitempty"`
	Newcomer bool          `json:"newcomer,omitempty"`
	Loud     bool          `json:"loud,omitempty"`
	W        CM            `json:"w,omitempty"`
	H        CM            `json:"h,omitempty"`
	Wishes   Wishes        `json:"wishes,omitzero"`
	History  RosterHistory `json:"history,omitzero"`
	Contact  Contact       `json:"contact,omitzero"`
}

// RosterPlace is one place a partner asks for, by the names of its services.
type RosterPlace struct {
	Services []string `json:"services"`
	Locked   string   `json:"locked,omitempty"` // a booth code the organizer has decided
}

// RosterHistory is what is known of a partner from earlier days.
type RosterHistory struct {
	Kept    int    `json:"kept,omitempty"`
	Dropped int    `json:"dropped,omitempty"`
	Last    string `json:"last,omitempty"` // booth code
}

// Wishes are the booths or zones a partner would like, the dearest first.
type Wishes struct {
	Booths []string `json:"booths,omitempty"`
	Zones  []string `json:"zones,omitempty"`
}

// check refuses wishes for what is not on the ground.
func (w Wishes) check(ground Layout, field string) error {
	for i, code := range w.Booths {
		if !slices.ContainsFunc(ground.Booths, func(b Booth) bool { return b.Code == code }) {
			return fault.Invalid("wish.booth_unknown", fmt.Sprintf("%s.booths[%d]", field, i), "no booth has the code %q", code)
		}
	}
	for i, name := range w.Zones {
		if !slices.ContainsFunc(ground.Zones, func(z Zone) bool { return z.Name == name }) {
			return fault.Invalid("wish.zone_unknown", fmt.Sprintf("%s.zones[%d]", field, i), "no zone is called %q", name)
		}
	}
	return nil
}

// checkAsked judges wishes for a ground that perhaps nobody has drawn yet.
func (w Wishes) checkAsked(ground Layout, field string) error {
	if err := cmp.Or(checkTokens(w.Booths, field+".booths"), checkTokens(w.Zones, field+".zones")); err != nil || len(ground.Booths) == 0 {
		return err
	}
	return w.check(ground, field)
}

// Contact is whom to call. It is sealed before it is stored and never leaves
// in an event, a log or a URL.
type Contact struct {
	Person    string `json:"person,omitempty"`
	Telephone string `json:"telephone,omitempty"`
	Email     string `json:"email,omitempty"`
}

// Arrivals says how residents come in a demonstration.
type Arrivals struct {
	Residents        int     `json:"residents"`
	First20Minutes   float64 `json:"first_20_minutes"`
	LinesPerResident float64 `json:"lines_per_resident"`
}

// Kinds of a partner.
const (
	KindOrganisation = "organisation"
	KindIndividual   = "individual"
)

// maxRosterBytes bounds every roster file; 10,000 partners need about 2 MB.
const maxRosterBytes = 8 << 20

// ReadRoster reads a roster from a file's content, choosing the form by the
// name's ending: .yaml or .yml, .xlsx, .csv (partners only). The form of each
// is described beside its reader.
func ReadRoster(name string, data []byte) (Roster, error) {
	if len(data) > maxRosterBytes {
		return Roster{}, fault.Invalid("roster.too_large", "file", "the file is larger than %d MB", maxRosterBytes>>20)
	}
	switch ext := strings.ToLower(filepath.Ext(name)); ext {
	case ".yaml", ".yml":
		return ParseRoster(data)
	case ".xlsx":
		return ReadXLSX(data)
	case ".csv":
		return ReadCSV(data)
	default:
		return Roster{}, fault.Invalid("roster.form_unknown", "file", "%q is not .yaml, .xlsx or .csv", ext)
	}
}

// Check reports the first thing wrong with the roster, naming its field.
func (r Roster) Check() error {
	if err := r.Layout.Check(); err != nil {
		return err
	}
	if len(r.Partners) > maxPartners {
		return fault.Invalid("partner.too_many", "partners", "at most %d partners", maxPartners)
	}
	names, codes := map[string]int{}, map[string]bool{}
	for _, b := range r.Booths {
		codes[b.Code] = true
	}
	locked := map[string]bool{}
	for i, p := range r.Partners {
		field := fmt.Sprintf("partners[%d]", i)
		if err := p.check(r.Layout, field, codes, locked); err != nil {
			return err
		}
		if first, twice := names[nameKey(p.Name)]; twice {
			return fault.Invalid("partner.twice", field+".name", "partner %q already stands at partners[%d]", p.Name, first)
		}
		names[nameKey(p.Name)] = i
	}
	return nil
}

func (p RosterPartner) check(ground Layout, field string, codes, locked map[string]bool) error {
	if err := checkName(p.Name, field+".name"); err != nil {
		return err
	}
	if p.Kind != KindOrganisation && p.Kind != KindIndividual {
		return fault.Invalid("partner.kind_unknown", field+".kind", "%q is not organisation or individual", p.Kind)
	}
	if p.Category != "" {
		if err := checkToken(p.Category, field+".category"); err != nil {
			return err
		}
	}
	if err := checkServices(p.Services, field+".services"); err != nil {
		return err
	}
	if err := p.Wishes.check(ground, field+".wishes"); err != nil {
		return err
	}
	if p.W < 0 || p.H < 0 {
		return fault.Invalid("partner.size", field+".size", "a size cannot be negative")
	}
	if p.History.Kept < 0 || p.History.Dropped < 0 {
		return fault.Invalid("partner.history", field+".history", "a count cannot be negative")
	}
	return p.checkPlaces(field, codes, locked)
}

func (p RosterPartner) checkPlaces(field string, codes, locked map[string]bool) error {
	names, used := map[string]bool{}, map[string]bool{}
	for _, s := range p.Services {
		names[s.Name] = true
	}
	for i, place := range p.Places {
		at := fmt.Sprintf("%s.places[%d]", field, i)
		if len(place.Services) == 0 {
			return fault.Invalid("place.empty", at+".services", "a place needs at least one service")
		}
		for k, s := range place.Services {
			where := fmt.Sprintf("%s.services[%d]", at, k)
			if !names[s] {
				return fault.Invalid("place.service_unknown", where, "%q is not a service of %q", s, p.Name)
			}
			if used[s] {
				return fault.Invalid("place.service_twice", where, "service %q already stands in another place", s)
			}
			used[s] = true
		}
		if place.Locked == "" {
			continue
		}
		if !codes[place.Locked] {
			return fault.Invalid("place.locked_unknown", at+".locked", "no booth has the code %q", place.Locked)
		}
		if locked[place.Locked] {
			return fault.Invalid("place.locked_twice", at+".locked", "booth %q is locked twice", place.Locked)
		}
		locked[place.Locked] = true
	}
	return nil
}

func checkServices(list []Offering, field string) error {
	if len(list) == 0 {
		return fault.Invalid("partner.no_service", field, "a partner brings at least one service")
	}
	if len(list) > maxServices {
		return fault.Invalid("service.too_many", field, "at most %d services", maxServices)
	}
	var wrong fault.List
	names := map[string]bool{}
	for i, s := range list {
		at := fmt.Sprintf("%s[%d]", field, i)
		wrong.Add(s.check(at))
		if names[nameKey(s.Name)] {
			wrong.Add(fault.Invalid("service.twice", at+".name", "service %q stands twice", s.Name))
		}
		names[nameKey(s.Name)] = true
	}
	return wrong.Err()
}

// Warning is something in a roster that is allowed but will hurt.
type Warning struct {
	Field  string      `json:"field"`
	Reason text.Reason `json:"reason"`
}

// Warnings names what the roster asks for and its ground cannot give: places
// that no booth can take. They end on the waitlist, with the same reason.
func (r Roster) Warnings() []Warning {
	in := r.Input()
	ground := in.ground()
	refused := map[string]text.Reason{}
	for i := range in.Places {
		if why, ok := ground.refusal(&in.Places[i]); ok {
			refused[in.Places[i].Key] = why
		}
	}
	var out []Warning
	for i, p := range r.Partners {
		for k := range p.places() {
			if why, ok := refused[placeKey(p.Name, k)]; ok {
				out = append(out, Warning{Field: fmt.Sprintf("partners[%d]", i), Reason: why})
			}
		}
	}
	return out
}

// places returns what the partner asks for, as lists of its services.
func (p RosterPartner) places() []RosterPlace {
	if len(p.Places) > 0 {
		return p.Places
	}
	all := RosterPlace{}
	for _, s := range p.Services {
		all.Services = append(all.Services, s.Name)
	}
	return []RosterPlace{all}
}

func placeKey(partner string, index int) string { return fmt.Sprintf("%s\x00%05d", partner, index) }

// Input returns the roster as a question to Plan.
func (r Roster) Input() Input {
	in := Input{Zones: r.Zones, Booths: r.Booths, Wanted: r.Wanted}
	for _, p := range r.Partners {
		for k, place := range p.places() {
			ask := Place{
				Key: placeKey(p.Name, k), Partner: p.Name, Index: k, Category: p.Category,
				W: p.W, H: p.H, Standing: p.Standing, Newcomer: p.Newcomer, Loud: p.Loud,
				Wishes: p.Wishes, Kept: p.History.Kept, Dropped: p.History.Dropped,
				LastBooth: p.History.Last, Locked: place.Locked,
			}
			for _, s := range p.Services {
				for _, name := range place.Services {
					if s.Name == name {
						ask.Services = append(ask.Services, s)
					}
				}
			}
			in.Places = append(in.Places, ask)
		}
	}
	return in
}

// PlanRoster plans a roster without touching anything.
func PlanRoster(r Roster) Result { return Plan(r.Input()) }
