package web

import "yiji/internal/account"

// setupRoutes is what organizers set up before the day.
func (s *Server) setupRoutes() []route {
	return []route{
		{method: get, path: "/admin/communities", action: account.CommunityList, where: nowhere, handle: s.adminPage},
		{method: post, path: "/admin/communities", action: account.CommunityCreate, where: nowhere, handle: s.communityCreate},
		{method: get, path: "/admin/communities/:community", action: account.CommunityEdit, where: inCommunity, handle: s.communityPage},
		{method: post, path: "/admin/communities/:community", action: account.CommunityEdit, where: inCommunity, handle: s.communitySave},

		{method: get, path: "/admin/holidays", action: account.CalendarEdit, where: nowhere, handle: s.holidaysPage},
		{method: post, path: "/admin/holidays", action: account.CalendarEdit, where: nowhere, handle: s.holidaysLoad, body: holidaysLimit},

		{method: get, path: "/o", action: account.HomeRead, where: nowhere, handle: s.officesPage},
		{method: get, path: "/o/:community", action: account.OfficeEnter, where: inCommunity, handle: s.officePage},
		{method: get, path: "/o/:community/more", action: account.MarketRead, where: inCommunity, handle: s.morePage},
		{method: get, path: "/o/:community/days", action: account.MarketRead, where: inCommunity, handle: s.daysPage},

		{method: get, path: "/o/:community/people", action: account.AccountRead, where: inCommunity, handle: s.peoplePage},
		{method: post, path: "/o/:community/people/invite", action: account.AccountInvite, where: inCommunity, handle: s.peopleInvite},
		{method: post, path: "/o/:community/people/join", action: account.AccountInvite, where: inCommunity, handle: s.peopleJoin},
		{method: post, path: "/o/:community/people/link", action: account.AccountRevoke, where: inCommunity, handle: s.peopleLink},
		{method: post, path: "/o/:community/people/person", action: account.AccountRevoke, where: inCommunity, handle: s.peoplePerson},

		{method: get, path: "/o/:community/markets", action: account.MarketRead, where: inCommunity, handle: s.marketsPage},
		{method: get, path: "/o/:community/markets/new", action: account.MarketEdit, where: inCommunity, handle: s.marketPage},
		{method: post, path: "/o/:community/markets/new", action: account.MarketEdit, where: inCommunity, handle: s.marketSave},
		{method: get, path: "/o/:community/markets/:market", action: account.MarketRead, where: inCommunity, handle: s.marketPage},
		{method: post, path: "/o/:community/markets/:market", action: account.MarketEdit, where: inCommunity, handle: s.marketSave},
		{method: post, path: "/o/:community/markets/:market/exceptions", action: account.DayPlan, where: inCommunity, handle: s.exceptionAdd},
		{method: post, path: "/o/:community/markets/:market/exceptions/remove", action: account.DayPlan, where: inCommunity, handle: s.exceptionRemove},

		{method: get, path: "/o/:community/markets/:market/layout", action: account.LayoutEdit, where: inCommunity, handle: s.layoutPage},
		{method: post, path: "/o/:community/markets/:market/layout", action: account.LayoutEdit, where: inCommunity, handle: s.layoutSave, body: layoutLimit},
		{method: post, path: "/o/:community/markets/:market/layout/apply", action: account.LayoutEdit, where: inCommunity, handle: s.layoutApply},
		{method: post, path: "/o/:community/markets/:market/layout/undo", action: account.LayoutEdit, where: inCommunity, handle: s.layoutUndo},

		// A partner's own people have pages of their own; these are the organizers'.
		{method: get, path: "/o/:community/partners", action: account.PartnerList, where: inCommunity, handle: s.partnersPage},
		{method: get, path: "/o/:community/partners/new", action: account.PartnerAdmit, where: inCommunity, handle: s.partnerPage},
		{method: post, path: "/o/:community/partners/new", action: account.PartnerAdmit, where: inCommunity, handle: s.partnerSave, body: partnerLimit},
		{method: get, path: "/o/:community/partners/:partner", action: account.PartnerAdmit, where: ofPartner, handle: s.partnerPage},
		{method: post, path: "/o/:community/partners/:partner", action: account.PartnerAdmit, where: ofPartner, handle: s.partnerSave, body: partnerLimit},
		{method: post, path: "/o/:community/partners/:partner/standing", action: account.PartnerAdmit, where: ofPartner, handle: s.partnerStanding},
		{method: post, path: "/o/:community/partners/:partner/archive", action: account.PartnerAdmit, where: ofPartner, handle: s.partnerArchive},
		{method: post, path: "/o/:community/partners/:partner/invite", action: account.PartnerAdmit, where: ofPartner, handle: s.partnerInvite},

		{method: get, path: "/o/:community/import", action: account.PartnerAdmit, where: inCommunity, handle: s.importPage},
		{method: post, path: "/o/:community/import", action: account.PartnerAdmit, where: inCommunity, handle: s.importRoster, body: uploadLimit},
		{method: get, path: "/o/:community/import/template.xlsx", action: account.PartnerAdmit, where: inCommunity, handle: s.rosterTemplate},
		{method: get, path: "/o/:community/import/roster.xlsx", action: account.PartnerAdmit, where: inCommunity, handle: s.rosterExport},
	}
}
