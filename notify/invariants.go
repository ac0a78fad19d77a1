package notify

import "yiji/internal/db"

// Invariants are the sentences about deliveries that hold at every commit.
var Invariants = []db.Invariant{
	{Name: "notify: a delivered message has a delivered attempt (G15)", SQL: `
		SELECT d.id FROM notify_deliveries d WHERE d.state = 'delivered'
		AND NOT EXISTS (SELECT 1 FROM notify_attempts a WHERE a.delivery_id = d.id AND a.result = 'delivered')`},
	{Name: "notify: attempts are counted (G16)", SQL: `
		SELECT d.id FROM notify_deliveries d
		WHERE d.attempts <> (SELECT COUNT(*) FROM notify_attempts a WHERE a.delivery_id = d.id)`},
	{Name: "notify: what is being sent has its attempt row (G16)", SQL: `
		SELECT d.id FROM notify_deliveries d WHERE d.state = 'sending' AND NOT EXISTS
		(SELECT 1 FROM notify_attempts a WHERE a.delivery_id = d.id AND a.n = d.attempts AND a.result = '')`},
	{Name: "notify: what ended has an end (G15)", SQL: `
		SELECT id FROM notify_deliveries WHERE (finished_at = 0) = (state IN ('delivered', 'given_up', 'skipped', 'merged'))`},
	{Name: "notify: merged messages lie in a digest (G15)", SQL: `
		SELECT d.id FROM notify_deliveries d WHERE d.state = 'merged' AND NOT EXISTS
		(SELECT 1 FROM notify_deliveries g WHERE g.id = d.merged_into AND g.kind = 'digest' AND g.recipient = d.recipient AND g.state <> 'merged')`},
	{Name: "notify: no address outlives its day", SQL: `
		SELECT s.id FROM notify_subscriptions s JOIN notify_days n ON n.day_id = s.day_id WHERE n.forgotten
		UNION ALL SELECT w.id FROM notify_wishes w JOIN notify_days n ON n.day_id = w.day_id WHERE n.forgotten`},
	{Name: "notify: only the question whether they asked goes to those who have not confirmed", SQL: `
		SELECT id FROM notify_deliveries WHERE (recipient LIKE 'wish:%') <> (kind = 'subscription_confirm')`},
	{Name: "notify: opened is never said after closing", SQL: `
		SELECT d.id FROM notify_deliveries d JOIN notify_days n ON n.day_id = d.day_id
		JOIN notify_attempts a ON a.delivery_id = d.id
		WHERE d.kind = 'day_opened' AND a.started_at >= n.closes_at`},
}
