package main

import "context"

type demoCmd struct{}

// Run plays.
func (c *demoCmd) Run(ctx context.Context, s streams) error { return nil }
