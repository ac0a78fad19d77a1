// Package app puts the house together: it opens the database, makes the
// services, connects them by events (wiring.go is the map) and runs what has to
// run – the bus, the alarm clock, the dispatcher of messages and the web server
// – until it is told to stop, in reverse order.
package app
