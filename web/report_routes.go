package web

import "yiji/internal/account"

// reportRoutes are what organizers do while the market is open, and what they
// take away from it: incidents, calls, report, ledger, messages, paper.
func (s *Server) reportRoutes() []route {
	const day = "/o/:community/days/:day"
	return []route{
		{method: get, path: day + "/incidents", action: account.DayRead, where: inCommunity, handle: s.incidentsShow},
		{method: post, path: day + "/incidents", action: account.IncidentNote, where: inCommunity, handle: s.incidentNote},
		{method: post, path: day + "/incidents/remove", action: account.IncidentNote, where: inCommunity, handle: s.incidentRemove},
		{method: post, path: day + "/arrivals", action: account.IncidentNote, where: inCommunity, handle: s.partnerArrives},
		{method: get, path: day + "/change", action: account.PlanOverride, where: inCommunity, handle: s.boothChangeShow},
		{method: post, path: day + "/change", action: account.PlanOverride, where: inCommunity, handle: s.boothChange},
		{method: get, path: day + "/phones", action: account.PartnerAdmit, where: inCommunity, handle: s.phonesShow},
		{method: get, path: day + "/report", action: account.FiguresRead, where: inCommunity, handle: s.reportShow},
		{method: get, path: day + "/ledger.xlsx", action: account.FiguresRead, where: inCommunity, handle: s.ledgerOfDay},
		{method: get, path: "/o/:community/ledger.xlsx", action: account.FiguresRead, where: inCommunity, handle: s.ledgerOfYear},
		{method: get, path: day + "/paper", action: account.PlanRead, where: inCommunity, handle: s.papersShow},
		{method: get, path: day + "/paper/poster", action: account.PlanRead, where: inCommunity, handle: s.paperShow("poster", posterPage)},
		{method: get, path: day + "/paper/plan", action: account.PlanRead, where: inCommunity, handle: s.paperShow("plan", groundPage)},
		{method: get, path: day + "/paper/signin", action: account.PlanRead, where: inCommunity, handle: s.paperShow("signin", signinPage)},
		{method: get, path: day + "/paper/phones", action: account.PartnerAdmit, where: inCommunity, handle: s.paperShow("phones", phoneListPage)},
		{method: get, path: day + "/paper/slips", action: account.PlanRead, where: inCommunity, handle: s.paperShow("slips", slipsPage)},
		{method: post, path: "/o/:community/lines/:line/pause", action: account.LineRun, where: ofLine, handle: s.lineSwitch(s.Queue.Pause, "done.duty_paused")},
		{method: post, path: "/o/:community/lines/:line/resume", action: account.LineRun, where: ofLine, handle: s.lineSwitch(s.Queue.Resume, "done.duty_resumed")},
	}
}
