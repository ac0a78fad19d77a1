package web

import (
	"slices"
	"strconv"

	"yiji/internal/account"
)

// home is where the name of the house leads: the audience's first page, or the
// reader's own where they only help out.
func (p page) home() string {
	slug := p.Community.Slug
	if slug == "" {
		return "/"
	}
	switch p.audience() {
	case organizers:
		if p.atDesk() {
			return "/desk/" + slug
		}
		return "/o/" + slug
	case partners:
		if !p.Actor.Is(account.Partner, p.Community.ID) && p.organizes() {
			return "/o/" + slug
		}
		return "/p/" + slug
	case desk:
		return "/desk/" + slug
	case kiosk:
		return "/kiosk/" + slug
	}
	return "/c/" + slug
}

// atDesk reports whether an organizers' page is read by a volunteer of the desk,
// who has no other work there.
func (p page) atDesk() bool {
	return !p.organizes() && !p.Actor.Is(account.Admin, "") && p.Actor.Is(account.Desk, p.Community.ID)
}

// chosen reports whether the reader has this look now.
func (p page) chosen(query, value string) bool {
	for _, w := range wishes {
		if w.query == query {
			now := *w.into(&p.looks)
			return now == value || now == "" && value == w.among[0]
		}
	}
	return false
}

// sheets are the stylesheets of the page: one for everybody, and what only its
// audience needs.
func (p page) sheets() []string {
	switch {
	case p.Wall:
		return []string{"app.css", "wall.css"}
	case p.audience() == kiosk:
		return []string{"app.css", "work.css", "kiosk.css"}
	case p.audience() != residents || p.Console || under(p.Here, "/invite") || under(p.Here, "/me"):
		return []string{"app.css", "work.css"}
	}
	return []string{"app.css"}
}

func (p page) refreshText() string {
	if p.RefreshTo != "" {
		return strconv.Itoa(p.Refresh) + "; url=" + p.RefreshTo
	}
	return strconv.Itoa(p.Refresh)
}

// person reports whether somebody reads the page who has an account: a tablet
// in public has none to look after.
func (p page) person() bool { return p.Actor.SignedIn() && !p.Actor.Device() }

// modules are the scripts of the page: reading aloud for residents, and its own.
func (p page) modules() []string {
	if p.audience() == residents && !p.Wall {
		return slices.Concat([]string{"read.js"}, p.Modules)
	}
	return p.Modules
}

// tab is one of the organizers' ways.
type tab struct {
	to, icon, says string
	here           bool
}

func (p page) tabs() []tab {
	if p.atDesk() {
		return []tab{{to: p.home(), icon: "ticket", says: "desk.title"}}
	}
	all := []tab{
		{to: "", icon: "home", says: "tab.next"},
		{to: "/days", icon: "calendar", says: "tab.days"},
		{to: "/partners", icon: "users", says: "tab.partners"},
		{to: "/markets", icon: "building-store", says: "tab.markets"},
		{to: "/more", icon: "dots", says: "tab.more"},
	}
	if !p.organizes() { // an admin at the door
		all = []tab{all[0], {to: "/people", icon: "users", says: "office.people"}}
	}
	at := len(all) - 1
	for i, t := range all {
		if t.to == "" && p.Here == p.office() || t.to != "" && under(p.Here, p.office()+t.to) {
			at = i
		}
	}
	for i := range all {
		all[i].to = p.office() + all[i].to
		all[i].here = i == at
	}
	return all
}
