// Command withpg starts an ephemeral PostgreSQL, runs a command with
// YIJI_TEST_POSTGRES naming it, and stops it. Without PostgreSQL binaries it
// says so and runs the command all the same, unless everything is required.
//
//	go run ./internal/db/dbtest/withpg -- go test ./...
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"yiji/internal/db/dbtest"
)

func main() {
	args := os.Args[1:]
	if len(args) > 0 && args[0] == "--" {
		args = args[1:]
	}
	if len(args) == 0 {
		fmt.Fprintln(os.Stderr, "usage: withpg -- command [arguments]")
		os.Exit(2)
	}
	os.Exit(run(args))
}

func run(args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	env := os.Environ()
	c, err := dbtest.StartCluster(ctx, false)
	switch {
	case err == nil:
		defer func() {
			if err := c.Stop("fast"); err != nil {
				fmt.Fprintln(os.Stderr, "withpg:", err)
			}
		}()
		env = append(env, "YIJI_TEST_POSTGRES="+c.URL)
	case os.Getenv("YIJI_TEST_REQUIRE") != "":
		fmt.Fprintln(os.Stderr, "withpg: PostgreSQL is required:", err)
		return 1
	default:
		fmt.Fprintln(os.Stderr, "withpg: the PostgreSQL half is NOT RUN:", err)
	}
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr, cmd.Env = os.Stdin, os.Stdout, os.Stderr, env
	if err := cmd.Run(); err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			return exit.ExitCode()
		}
		fmt.Fprintln(os.Stderr, "withpg:", err)
		return 1
	}
	return 0
}
