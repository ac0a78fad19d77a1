package app

import (
	"yiji/booths/queue"
	"yiji/internal/bus"
)

// wire is the event map: who hears what. Emitters stand in internal/event.
//
//	scheduler ─ market day planned … settled, undone ─► booths, queue, notify, figures
//	scheduler ─ market changed ───────────────► notify (names, venue)
//	booths ──── published, assigned, released ► queue (lines), notify (partners)
//	booths ──── claim, offer ─────────────────► scheduler (counts), notify
//	queue ───── check-in, ticket, ────────────► figures (the day's numbers), scheduler (counts)
//	queue ───── lines closed ─────────────────► scheduler (settled)
//	figures ─── day counted ──────────────────► notify (thanks, summary)
//
// internal/live is no consumer: in every process it reads all that happens on
// the days that pages follow, and stores nothing.
func wire(b *bus.Bus, s Services) {
	b.Consumer("scheduler",
		bus.On(s.Scheduler.ClaimMade),
		bus.On(s.Scheduler.ClaimWithdrawn),
		bus.On(s.Scheduler.TicketIssued),
		bus.On(s.Scheduler.LinesClosed),
	)
	b.Consumer("booths",
		bus.On(s.Booths.MarketDayPlanned),
		bus.On(s.Booths.MarketDayMoved),
		bus.On(s.Booths.MarketDayClaimingOpened),
		bus.On(s.Booths.MarketDayConfirmed),
		bus.On(s.Booths.MarketDayUndone),
		bus.On(s.Booths.MarketDaySettled),
		bus.On(s.Booths.MarketDayCancelled),
		bus.On(s.Booths.MarketDayMissed),
	)
	b.Consumer("queue",
		bus.On(s.Queue.MarketDayPlanned),
		bus.On(s.Queue.MarketDayMoved),
		bus.On(s.Queue.MarketDayOpened),
		bus.On(s.Queue.MarketDayClosed),
		bus.On(s.Queue.MarketDayUndone),
		bus.On(s.Queue.MarketDayCancelled),
		bus.On(s.Queue.MarketDayMissed),
		bus.On(s.Queue.BoothsPublished),
		bus.On(s.Queue.BoothAssigned),
		bus.On(s.Queue.BoothReleased),
	)
	var figures queue.Figures
	b.Consumer("figures",
		bus.On(figures.VisitorCheckedIn),
		bus.On(figures.VisitorDiscounted),
		bus.On(figures.TicketIssued),
		bus.On(figures.TicketMoved),
		bus.On(figures.MarketDaySettled),
	)
	b.Consumer("notify",
		bus.On(s.Notify.MarketDayPlanned),
		bus.On(s.Notify.MarketChanged),
		bus.On(s.Notify.MarketDayMoved),
		bus.On(s.Notify.MarketDayClaimingOpened),
		bus.On(s.Notify.MarketDayConfirmed),
		bus.On(s.Notify.MarketDayOpened),
		bus.On(s.Notify.MarketDayClosed),
		bus.On(s.Notify.MarketDayUndone),
		bus.On(s.Notify.MarketDayCancelled),
		bus.On(s.Notify.MarketDayMissed),
		bus.On(s.Notify.ClaimMade),
		bus.On(s.Notify.ClaimWithdrawn),
		bus.On(s.Notify.BoothsPublished),
		bus.On(s.Notify.BoothAssigned),
		bus.On(s.Notify.BoothReleased),
		bus.On(s.Notify.OfferMade),
		bus.On(s.Notify.OfferEnded),
		bus.On(s.Notify.DayCounted),
	)
}
