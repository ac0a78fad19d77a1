package app

import (
	"context"
	"encoding/json"

	"yiji/booths"
	"yiji/internal/fault"
	"yiji/scheduler"
)

// Imported says what an import did.
type Imported struct {
	booths.Imported
	Community scheduler.Community
	Market    scheduler.Market
}

// marketSlug is the market's address when a roster does not name one: a
// community has one market until somebody adds another.
const marketSlug = "market"

// Import saves a roster: the community, its market, the ground and the
// partners. Importing the same roster again changes nothing.
func (s Services) Import(ctx context.Context, r booths.Roster) (Imported, error) {
	m, err := marketOf(r)
	if err != nil {
		return Imported{}, err
	}
	var done Imported
	done.Community, err = s.Scheduler.SaveCommunity(ctx, communityOf(r))
	if err != nil {
		return done, within(err, "community")
	}
	m.CommunityID = done.Community.ID
	if done.Market, err = s.Scheduler.SaveMarket(ctx, m); err != nil {
		return done, within(err, "market")
	}
	done.Imported, err = s.Booths.Import(ctx, done.Community.ID, done.Market.ID, r)
	return done, err
}

// CheckRoster reports what Import would refuse, without a database. A file of
// partners alone names no community, and a plan needs none.
func CheckRoster(r booths.Roster) error {
	if r.Community == (booths.RosterCommunity{}) {
		return nil
	}
	if err := communityOf(r).Check(); err != nil {
		return within(err, "community")
	}
	m, err := marketOf(r)
	if err != nil {
		return err
	}
	return within(m.Check(), "market")
}

func communityOf(r booths.Roster) scheduler.Community {
	return scheduler.Community{Slug: r.Community.Slug, Name: r.Community.Name, City: r.Community.City, TimeZone: r.Community.TimeZone}
}

// within puts a fault's field below the part of the file it is about.
func within(err error, part string) error {
	if err != nil && fault.KindOf(err) == fault.KindInvalid {
		return fault.From(err).In(part)
	}
	return err
}

func marketOf(r booths.Roster) (m scheduler.Market, err error) {
	m = scheduler.Market{Slug: marketSlug, Name: r.Market.Name, Venue: r.Market.Venue, Leads: scheduler.DefaultLeads(), ResidentsReported: r.Market.ResidentsReported}
	if len(r.Market.Rule) == 0 {
		r.Market.Rule = json.RawMessage(`{}`)
	}
	if m.Rule, err = scheduler.ParseRule(r.Market.Rule); err != nil {
		return m, fault.From(err).In("market.rule")
	}
	if m.Holiday, err = policy("market.holiday", r.Market.Holiday); err != nil {
		return m, err
	}
	if m.Weekend, err = policy("market.weekend", r.Market.Weekend); err != nil {
		return m, err
	}
	if m.Opens, err = scheduler.ParseTimeOfDay("market.opens", r.Market.Opens); err != nil {
		return m, err
	}
	m.Closes, err = scheduler.ParseTimeOfDay("market.closes", r.Market.Closes)
	return m, err
}

func policy(field, s string) (scheduler.Policy, error) {
	if s == "" {
		return scheduler.Keep, nil
	}
	return scheduler.ParsePolicy(field, s)
}
