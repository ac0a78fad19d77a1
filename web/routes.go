package web

import (
	"slices"

	"yiji/internal/account"
)

const (
	get  = "GET"
	post = "POST"
)

// route is one row of the table: what is asked, which action it is, where it
// happens, who answers. Rows with a body limit or a stream say so.
type route struct {
	method, path string
	action       account.Action
	where        scope
	handle       handler
	body         int64 // largest body in bytes, 0 is 64 KiB
	alike        bool  // everybody who is not logged in gets the same page: it is kept while nothing changes
	stream       bool  // open for long: no deadline, no compression
	oneClick     bool  // mail programs post here without our form (RFC 8058): the address is the key
}

// routes is every address of the house but /static/, /healthz, /readyz and
// /metrics. The policy decides each row by its action before the handler runs.
//
// Scopes: nowhere · inCommunity (:community) · ofPartner (:community :partner) ·
// asPartner (:community, the actor's own partner) · ofLine (:community :line).
func (s *Server) routes() []route {
	return slices.Concat([]route{
		// Residents.
		{method: get, path: "/", action: account.PublicRead, where: nowhere, handle: s.indexPage, alike: true},
		{method: get, path: "/c/:community", action: account.PublicRead, where: inCommunity, handle: s.schedulePage, alike: true},
		{method: get, path: "/c/:community/calendar.ics", action: account.PublicRead, where: inCommunity, handle: s.calendarFeed},
		{method: get, path: "/c/:community/qr.svg", action: account.PublicRead, where: inCommunity, handle: s.scheduleQR},
		{method: get, path: "/sw.js", action: account.PublicRead, where: nowhere, handle: s.serviceWorker},
		{method: get, path: offlineAt, action: account.PublicRead, where: nowhere, handle: s.offlinePage},
		{method: get, path: "/d/:day", action: account.PublicRead, where: nowhere, handle: s.dayPage},
		{method: get, path: "/d/:day/qr.svg", action: account.PublicRead, where: nowhere, handle: s.dayQR},
		{method: post, path: "/d/:day/lines/:line/tickets", action: account.TicketTake, where: nowhere, handle: s.takeNumber},
		{method: get, path: "/d/:day/card", action: account.TicketFollow, where: nowhere, handle: s.cardPage},
		{method: post, path: "/d/:day/card/forget", action: account.TicketFollow, where: nowhere, handle: s.cardForget},
		{method: get, path: "/t/:ticket", action: account.TicketFollow, where: nowhere, handle: s.ticketPage},
		{method: get, path: "/t/:ticket/qr.svg", action: account.TicketFollow, where: nowhere, handle: s.ticketQR},
		{method: post, path: "/t/:ticket/leave", action: account.TicketFollow, where: nowhere, handle: s.ticketLeave},
		{method: post, path: "/t/:ticket/stay", action: account.TicketFollow, where: nowhere, handle: s.ticketStay},
		{method: post, path: "/t/:ticket/forget", action: account.TicketFollow, where: nowhere, handle: s.ticketForget},
		{method: get, path: "/d/:day/feedback", action: account.FeedbackGive, where: nowhere, handle: s.feedbackPage},
		{method: post, path: "/d/:day/feedback", action: account.FeedbackGive, where: nowhere, handle: s.feedback},
		{method: get, path: "/d/:day/subscribe", action: account.TellMe, where: nowhere, handle: s.subscribePage},
		{method: post, path: "/d/:day/subscribe", action: account.TellMe, where: nowhere, handle: s.subscribe},
		{method: get, path: "/confirm/:token", action: account.TellMe, where: nowhere, handle: s.confirmPage},
		{method: post, path: "/confirm/:token", action: account.TellMe, where: nowhere, handle: s.confirm},
		{method: get, path: "/unsubscribe/:token", action: account.TellMe, where: nowhere, handle: s.unsubscribePage},
		{method: post, path: "/unsubscribe/:token", action: account.TellMe, where: nowhere, handle: s.unsubscribe, oneClick: true},
		{method: get, path: "/d/:day/live", action: account.PublicRead, where: nowhere, handle: s.liveStream, stream: true},
		{method: get, path: "/d/:day/screen/live", action: account.PublicRead, where: nowhere, handle: s.wallStream, stream: true},
		{method: get, path: "/d/:day/screen/live.json", action: account.PublicRead, where: nowhere, handle: s.livePicture},
		{method: get, path: "/d/:day/live.json", action: account.PublicRead, where: nowhere, handle: s.livePicture},
		{method: get, path: "/d/:day/screen", action: account.PublicRead, where: nowhere, handle: s.screenPage},

		// Desk.
		{method: get, path: "/desk/:community", action: account.TicketIssue, where: inCommunity, handle: s.deskPage},
		{method: post, path: "/desk/:community/lines/:line/tickets", action: account.TicketIssue, where: ofLine, handle: s.deskIssue},
		{method: get, path: "/desk/:community/tickets", action: account.TicketFind, where: inCommunity, handle: s.deskFind},
		{method: get, path: "/desk/:community/tickets/:ticket", action: account.TicketFind, where: inCommunity, handle: s.slipPage},
		{method: post, path: "/desk/:community/tickets/:ticket/leave", action: account.TicketIssue, where: inCommunity, handle: s.deskLeave},
		{method: post, path: "/desk/:community/tickets/:ticket/stay", action: account.TicketIssue, where: inCommunity, handle: s.deskStay},

		// The tablet at the entrance.
		{method: get, path: "/kiosk/:community", action: account.TicketTouch, where: inCommunity, handle: s.kioskPage},
		{method: get, path: "/kiosk/:community/setup", action: account.TicketTouch, where: inCommunity, handle: s.kioskSetup},
		{method: get, path: "/kiosk/:community/ticket", action: account.TicketTouch, where: inCommunity, handle: s.kioskTicket},
		{method: post, path: "/kiosk/:community/lines/:line/tickets", action: account.TicketTouch, where: ofLine, handle: s.kioskIssue},

		// Coming in.
		{method: get, path: "/login", action: account.SessionOpen, where: nowhere, handle: s.loginPage},
		{method: post, path: "/login", action: account.SessionOpen, where: nowhere, handle: s.login},
		{method: get, path: "/setup/:token", action: account.SessionOpen, where: nowhere, handle: s.setupPage},
		{method: post, path: "/setup/:token", action: account.SessionOpen, where: nowhere, handle: s.setup},
		{method: get, path: "/invite/:token", action: account.SessionOpen, where: nowhere, handle: s.invitePage},
		{method: post, path: "/invite/:token", action: account.SessionOpen, where: nowhere, handle: s.invite},

		// Oneself.
		{method: post, path: "/logout", action: account.SessionManage, where: nowhere, handle: s.logout},
		{method: get, path: "/me", action: account.SessionManage, where: nowhere, handle: s.mePage},
		{method: post, path: "/me", action: account.SessionManage, where: nowhere, handle: s.meSave},
		{method: post, path: "/me/password", action: account.SessionManage, where: nowhere, handle: s.mePassword},
		{method: post, path: "/me/sessions", action: account.SessionManage, where: nowhere, handle: s.meSessions},
		{method: post, path: "/me/forget", action: account.SessionManage, where: nowhere, handle: s.meForget},

		// Partners.
		{method: get, path: "/p", action: account.HomeRead, where: nowhere, handle: s.partnerStart},
		{method: get, path: "/p/:community", action: account.PartnerRead, where: asPartner, handle: s.partnerHome},
		{method: get, path: "/p/:community/days/:day", action: account.PartnerRead, where: asPartner, handle: s.partnerDay},
		{method: post, path: "/p/:community/days/:day/claims", action: account.ClaimMake, where: asPartner, handle: s.partnerClaim},
		{method: post, path: "/p/:community/days/:day/withdraw", action: account.ClaimMake, where: asPartner, handle: s.partnerWithdraw},
		{method: post, path: "/p/:community/days/:day/booths", action: account.ClaimMake, where: asPartner, handle: s.partnerTake},
		{method: post, path: "/p/:community/days/:day/release", action: account.ClaimMake, where: asPartner, handle: s.partnerRelease},
		{method: post, path: "/p/:community/days/:day/substitute", action: account.ClaimMake, where: asPartner, handle: s.partnerSubstitute},
		{method: get, path: "/p/:community/days/:day/letter", action: account.PartnerRead, where: asPartner, handle: s.partnerLetter},
		{method: get, path: "/p/:community/offers/:offer", action: account.OfferAnswer, where: asPartner, handle: s.offerShow},
		{method: post, path: "/p/:community/offers/:offer", action: account.OfferAnswer, where: asPartner, handle: s.offerAnswer},
		{method: get, path: "/p/:community/lines/:line", action: account.LineRun, where: ofLine, handle: s.lineConsole},
		{method: post, path: "/p/:community/lines/:line", action: account.LineRun, where: ofLine, handle: s.linePress},
	}, s.setupRoutes(), s.dutyRoutes(), s.reportRoutes(), s.apiRoutes())
}

// dutyRoutes are an organizer's pages about one market day, and what stands
// behind its messages and events.
func (s *Server) dutyRoutes() []route {
	return []route{
		// Organizers: one market day.
		{method: get, path: "/o/:community/days/:day", action: account.DayRead, where: inCommunity, handle: s.marketDay},
		{method: get, path: "/o/:community/days/:day/confirm", action: account.PlanConfirm, where: inCommunity, handle: s.dayOrderPage("confirm")},
		{method: post, path: "/o/:community/days/:day/confirm", action: account.PlanConfirm, where: inCommunity, handle: s.dayOrder("confirm")},
		{method: get, path: "/o/:community/days/:day/open", action: account.DayOpen, where: inCommunity, handle: s.dayOrderPage("open")},
		{method: post, path: "/o/:community/days/:day/open", action: account.DayOpen, where: inCommunity, handle: s.dayOrder("open")},
		{method: get, path: "/o/:community/days/:day/close", action: account.DayClose, where: inCommunity, handle: s.dayOrderPage("close")},
		{method: post, path: "/o/:community/days/:day/close", action: account.DayClose, where: inCommunity, handle: s.dayOrder("close")},
		{method: get, path: "/o/:community/days/:day/cancel", action: account.DayPlan, where: inCommunity, handle: s.dayOrderPage("cancel")},
		{method: post, path: "/o/:community/days/:day/cancel", action: account.DayPlan, where: inCommunity, handle: s.dayOrder("cancel")},
		{method: get, path: "/o/:community/days/:day/move", action: account.DayPlan, where: inCommunity, handle: s.dayOrderPage("move")},
		{method: post, path: "/o/:community/days/:day/move", action: account.DayPlan, where: inCommunity, handle: s.dayOrder("move")},
		{method: post, path: "/o/:community/days/:day/undo", action: account.DayPlan, where: inCommunity, handle: s.dayUndo},
		{method: get, path: "/o/:community/days/:day/claims", action: account.PlanOverride, where: inCommunity, handle: s.claimForShow},
		{method: post, path: "/o/:community/days/:day/claims", action: account.PlanOverride, where: inCommunity, handle: s.claimFor},
		{method: get, path: "/o/:community/days/:day/plan", action: account.PlanRead, where: inCommunity, handle: s.planShow},
		{method: post, path: "/o/:community/days/:day/plan/override", action: account.PlanOverride, where: inCommunity, handle: s.planOverride},
		{method: post, path: "/o/:community/days/:day/plan/undo", action: account.PlanOverride, where: inCommunity, handle: s.planUndo},
		{method: post, path: "/o/:community/days/:day/plan/release", action: account.PlanOverride, where: inCommunity, handle: s.planRelease},
		{method: post, path: "/o/:community/lines/:line/desk-only", action: account.LineSettle, where: ofLine, handle: s.deskOnly},
		{method: post, path: "/o/:community/lines/:line/void", action: account.LineSettle, where: ofLine, handle: s.lineHaul},
		{method: get, path: "/o/:community/days/:day/summary", action: account.FiguresRead, where: inCommunity, handle: s.summaryShow},
		{method: post, path: "/o/:community/days/:day/summary", action: account.LineSettle, where: inCommunity, handle: s.summaryReport},

		// Organizers: what stands behind the messages and the events.
		{method: get, path: "/o/:community/messages", action: account.DeliveryRead, where: inCommunity, handle: s.messagesShow},
		{method: get, path: "/o/:community/messages/:delivery", action: account.DeliveryRead, where: inCommunity, handle: s.letterShow},
		{method: post, path: "/o/:community/messages/:delivery", action: account.DeliveryResend, where: inCommunity, handle: s.letterResend},
		{method: get, path: "/o/:community/parked", action: account.ParkedRead, where: inCommunity, handle: s.parkedShow},
		{method: post, path: "/o/:community/parked", action: account.ParkedReplay, where: inCommunity, handle: s.parkedReplay},
		{method: get, path: "/o/:community/channels", action: account.ChannelEdit, where: inCommunity, handle: s.channelsShow},
		{method: post, path: "/o/:community/channels", action: account.ChannelEdit, where: inCommunity, handle: s.channelAdd},
		{method: get, path: "/o/:community/channels/:channel", action: account.ChannelEdit, where: inCommunity, handle: s.channelShow},
		{method: post, path: "/o/:community/channels/:channel", action: account.ChannelEdit, where: inCommunity, handle: s.channelDo("done.saved", s.channelSave)},
		{method: post, path: "/o/:community/channels/:channel/test", action: account.ChannelEdit, where: inCommunity, handle: s.channelDo("done.chan_tested", s.channelTest)},
		{method: post, path: "/o/:community/channels/:channel/rotate", action: account.ChannelEdit, where: inCommunity, handle: s.channelDo("done.chan_rotated", s.channelRotate)},
		{method: post, path: "/o/:community/channels/:channel/delete", action: account.ChannelEdit, where: inCommunity, handle: s.channelDelete},
	}
}
