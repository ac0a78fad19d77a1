package db

import (
	"context"
	"database/sql/driver"

	"github.com/jmoiron/sqlx"
)

// session is one connection with the statements prepared on it. Preparing once
// saves half of the time of a small statement on either database.
type session struct {
	pool  *sqlx.DB
	fatal func(error) bool
	conn  *sqlx.Conn
	stmts map[string]*sqlx.Stmt
}

// maxStatements bounds the prepared statements of a session; IN lists of many
// lengths would otherwise grow it for ever.
const maxStatements = 400

func (s *session) connect(ctx context.Context) error {
	if s.conn != nil {
		return nil
	}
	conn, err := s.pool.Connx(ctx)
	if err != nil {
		return err
	}
	s.conn, s.stmts = conn, map[string]*sqlx.Stmt{}
	return nil
}

func (s *session) prepare(ctx context.Context, query string) (*sqlx.Stmt, error) {
	if st, ok := s.stmts[query]; ok {
		return st, nil
	}
	if len(s.stmts) >= maxStatements {
		for _, st := range s.stmts {
			_ = st.Close()
		}
		clear(s.stmts)
	}
	st, err := s.conn.PreparexContext(ctx, query)
	if err != nil {
		return nil, err
	}
	s.stmts[query] = st
	return st, nil
}

// plain runs a statement without arguments and without preparing it.
func (s *session) plain(ctx context.Context, query string) error {
	_, err := s.conn.ExecContext(ctx, query)
	return err
}

// close gives the connection up, for good and not back to the pool: what state
// it is in nobody knows. The next connect opens another.
func (s *session) close() {
	if s.conn == nil {
		return
	}
	for _, st := range s.stmts {
		_ = st.Close()
	}
	_ = s.conn.Raw(func(any) error { return driver.ErrBadConn })
	_ = s.conn.Close()
	s.conn, s.stmts = nil, nil
}
