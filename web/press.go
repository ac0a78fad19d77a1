package web

import "yiji/internal/db"

// anew is the same form for another command: empty of faults, with a key of its
// own, so that two buttons of one page are two commands.
func (f form) anew() form {
	f.Key, f.fault, f.wrong = db.NewID(), nil, nil
	return f
}
