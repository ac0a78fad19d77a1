package queue

import (
	"context"

	"yiji/internal/fault"
)

// SellOut says that nothing is left to promise 领完: no more numbers; those who
// have one keep their piece. AddStock takes it back.
func (s *Service) SellOut(ctx context.Context, c LineCommand) error {
	_, err := run(ctx, s, c, "sell_out", func(w *work) (int, error) {
		if w.line.Kind != Stock {
			return 0, fault.Conflict("queue.not_stock", "line", "this line has no stock")
		}
		if err := w.serving(); err != nil && w.line.Phase != phasePlanned {
			return 0, err
		}
		if w.line.StockLeft <= 0 {
			return 0, nil
		}
		return 0, w.restock(-w.line.StockLeft)
	})
	return err
}
