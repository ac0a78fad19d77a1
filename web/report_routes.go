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
		{method: get, path: day + "/change", action: account.PlanOverride, where: inCommunity, handle: s.boothChangeShow},
		{method: post, path: day + "/change", action: account.PlanOverride, where: inCommunity, handle: s.boothChange},
		{method: get, path: day + "/phones", action: account.PartnerAdmit, where: inCommunity, handle: s.phonesShow},
		{method: post, path: "/o/:community/lines/:line/pause", action: account.LineRun, where: ofLine, handle: s.lineSwitch(s.Queue.Pause, "done.duty_paused")},
		{method: post, path: "/o/:community/lines/:line/resume", action: account.LineRun, where: ofLine, handle: s.lineSwitch(s.Queue.Resume, "done.duty_resumed")},
	}
}
