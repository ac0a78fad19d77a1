package queue

import "yiji/internal/db"

// Invariants hold at every commit: each query returns no row. Checked by
// `yiji doctor` and after every fault test.
var Invariants = []db.Invariant{
	{Name: "queue: numbers rise by one, without gap or twin", SQL: `
		SELECT l.id FROM queue_lines l LEFT JOIN queue_tickets t ON t.line_id = l.id
		GROUP BY l.id, l.next_number
		HAVING COUNT(t.number) <> l.next_number - 1 - MAX(l.blocked) OR COALESCE(MAX(t.number), 0) > l.next_number - 1`},
	{Name: "queue: every missing number lies in a block", SQL: `
		SELECT l.id FROM queue_lines l
		LEFT JOIN (SELECT line_id, SUM(last - first + 1) AS n, MAX(last) AS top FROM queue_blocks GROUP BY line_id) b ON b.line_id = l.id
		LEFT JOIN (SELECT t.line_id, COUNT(*) AS n FROM queue_tickets t JOIN queue_blocks o ON o.line_id = t.line_id AND t.number BETWEEN o.first AND o.last
			GROUP BY t.line_id) u ON u.line_id = l.id
		WHERE l.blocked <> COALESCE(b.n, 0) - COALESCE(u.n, 0) OR COALESCE(b.top, 0) >= l.next_number`},
	{Name: "queue: no number lies in two blocks", SQL: `
		SELECT a.id FROM queue_blocks a JOIN queue_blocks b ON b.line_id = a.line_id AND b.first > a.first AND b.first <= a.last`},
	{Name: "queue: no number outside the opening hours", SQL: `
		SELECT t.line_id, t.number FROM queue_tickets t JOIN queue_lines l ON l.id = t.line_id
		WHERE t.issued_at >= l.closes_at OR t.issued_at < l.opens_at`},
	// A ticket that has waited since it was issued, while a higher number was called without a reason.
	// Slips came later than their numbers say; the next invariant watches them by their place.
	{Name: "queue: nobody is called before a lower number without a reason", SQL: `
		WITH f AS (
			SELECT t.line_id, t.number,
				(SELECT MIN(m.seq) FROM queue_moves m WHERE m.line_id = t.line_id AND m.number = t.number) AS first_seq,
				(SELECT MIN(m.seq) FROM queue_moves m WHERE m.line_id = t.line_id AND m.number = t.number AND m.verb = 'call' AND m.why = '') AS call_seq
			FROM queue_tickets t
			WHERE NOT EXISTS (SELECT 1 FROM queue_moves m WHERE m.line_id = t.line_id AND m.number = t.number AND m.verb = 'slip')),
		g AS (
			SELECT line_id, number, first_seq,
				MIN(call_seq) OVER (PARTITION BY line_id ORDER BY number DESC ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS later_call
			FROM f)
		SELECT line_id, number FROM g WHERE later_call IS NOT NULL AND (first_seq IS NULL OR later_call < first_seq)`},
	// The same for a ticket that came back to waiting (过号, undo), by its place.
	{Name: "queue: nobody is called before one who came back without a reason", SQL: `
		WITH r AS (
			SELECT line_id, number, seq, to_pos, to_state,
				LEAD(seq) OVER (PARTITION BY line_id, number ORDER BY seq) AS until_seq
			FROM queue_moves WHERE number > 0)
		SELECT r.line_id, r.number, c.number AS called FROM r JOIN queue_moves c ON c.line_id = r.line_id AND c.verb = 'call' AND c.why = ''
			AND c.number <> r.number AND c.seq > r.seq AND (r.until_seq IS NULL OR c.seq < r.until_seq)
		WHERE r.to_state = 'waiting' AND c.from_pos > r.to_pos`},
	{Name: "queue: a ticket out of its place has a move that says why", SQL: `
		SELECT t.line_id, t.number FROM queue_tickets t
		WHERE t.pos <> CAST(t.number AS BIGINT) * 1048576 AND NOT EXISTS (
			SELECT 1 FROM queue_moves m WHERE m.line_id = t.line_id AND m.number = t.number AND m.from_pos <> m.to_pos AND m.why <> '')`},
	{Name: "queue: a ticket is what its last move says", SQL: `
		SELECT t.line_id, t.number FROM queue_tickets t
		LEFT JOIN (SELECT line_id, number, MAX(seq) AS seq FROM queue_moves GROUP BY line_id, number) last ON last.line_id = t.line_id AND last.number = t.number
		LEFT JOIN queue_moves m ON m.line_id = last.line_id AND m.seq = last.seq
		WHERE t.state <> COALESCE(m.to_state, 'waiting')`},
	{Name: "queue: every move begins where the one before ended", SQL: `
		SELECT line_id, number, seq FROM (
			SELECT line_id, number, seq, from_state, LAG(to_state) OVER (PARTITION BY line_id, number ORDER BY seq) AS was
			FROM queue_moves WHERE number > 0) AS m
		WHERE from_state <> COALESCE(was, 'waiting')`},
	{Name: "queue: moves of a line are numbered without gap", SQL: `
		SELECT l.id FROM queue_lines l LEFT JOIN queue_moves m ON m.line_id = l.id
		GROUP BY l.id, l.move_seq HAVING COUNT(m.seq) <> l.move_seq OR COALESCE(MAX(m.seq), 0) <> l.move_seq`},
	{Name: "queue: no piece is promised twice", SQL: `
		SELECT l.id FROM queue_lines l LEFT JOIN queue_tickets t ON t.line_id = l.id AND t.state NOT IN ('missed', 'left', 'expired')
		WHERE l.kind = 'stock' GROUP BY l.id, l.stock_total, l.stock_left HAVING COUNT(t.number) <> l.stock_total - l.stock_left - MAX(l.kept)`},
	{Name: "queue: a closed line has no living ticket", SQL: `
		SELECT t.line_id, t.number FROM queue_tickets t JOIN queue_lines l ON l.id = t.line_id
		WHERE (l.phase IN ('closed', 'removed') AND t.state IN ('waiting', 'called', 'serving', 'ready'))
			OR (l.phase = 'closing' AND t.state = 'waiting')`},
	{Name: "queue: lines are told closed only when all are", SQL: `
		SELECT d.id FROM queue_days d JOIN queue_lines l ON l.day_id = d.id
		WHERE d.lines_closed_at > 0 AND l.phase NOT IN ('closed', 'removed')`},
	{Name: "queue: whoever took a number has been counted", SQL: `
		SELECT t.line_id, t.number FROM queue_tickets t LEFT JOIN queue_visits v ON v.day_id = t.day_id AND v.visitor = t.visitor
		WHERE t.carried = FALSE AND t.void_id = '' AND v.visitor IS NULL AND t.visitor NOT LIKE 'gone-%'`},
	{Name: "queue: a void number was given up, by a void that stands", SQL: `
		SELECT t.line_id, t.number FROM queue_tickets t LEFT JOIN queue_voids v ON v.id = t.void_id AND v.line_id = t.line_id
		WHERE t.void_id <> '' AND (t.state <> 'left' OR v.id IS NULL)`},
	{Name: "queue: where numbers were taken is forgotten after the day", SQL: `
		SELECT t.line_id, t.number FROM queue_tickets t JOIN queue_days d ON d.id = t.day_id
		WHERE t.source <> '' AND (d.lines_closed_at > 0 OR d.state = 'cancelled')`},
	{Name: "queue: who was not served at close is carried over", SQL: `
		SELECT m.line_id, m.number FROM queue_moves m LEFT JOIN queue_carry c ON c.from_line = m.line_id AND c.from_number = m.number
		WHERE m.verb = 'expire' AND m.why IN ('day_closed', 'day_cancelled') AND c.from_line IS NULL`},
	{Name: "queue: a carried number exists", SQL: `
		SELECT c.from_line, c.from_number FROM queue_carry c LEFT JOIN queue_tickets t ON t.line_id = c.to_line AND t.number = c.to_number
		WHERE c.state = 'given' AND (t.number IS NULL OR t.carried = FALSE)`},
	{Name: "queue: the figures of a counted day equal its tickets", SQL: `
		SELECT f.line_id FROM queue_figure_days d JOIN queue_figures f ON f.day_id = d.day_id
		LEFT JOIN queue_tickets t ON t.line_id = f.line_id
		WHERE d.counted_at > 0
		GROUP BY f.line_id, f.issued, f.waiting, f.called, f.served, f.missed, f.gone, f.expired
		HAVING f.issued <> COUNT(t.number)
			OR f.waiting <> SUM(CASE WHEN t.state = 'waiting' THEN 1 ELSE 0 END)
			OR f.called <> SUM(CASE WHEN t.first_called_at > 0 THEN 1 ELSE 0 END)
			OR f.served <> SUM(CASE WHEN t.state = 'served' THEN 1 ELSE 0 END)
			OR f.missed <> SUM(CASE WHEN t.state = 'missed' THEN 1 ELSE 0 END)
			OR f.gone <> SUM(CASE WHEN t.state = 'left' THEN 1 ELSE 0 END)
			OR f.expired <> SUM(CASE WHEN t.state = 'expired' THEN 1 ELSE 0 END)`},
	{Name: "queue: the residents of a counted day equal its visits", SQL: `
		SELECT d.day_id FROM queue_figure_days d LEFT JOIN queue_visits v ON v.day_id = d.day_id
		WHERE d.counted_at > 0 GROUP BY d.day_id, d.residents HAVING d.residents <> COUNT(v.visitor)`},
}
