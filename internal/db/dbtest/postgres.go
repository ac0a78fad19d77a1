package dbtest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"time"
)

// Cluster is a PostgreSQL server made for tests: in a folder of its own, on a
// free port of the loopback interface, gone after Stop.
type Cluster struct {
	URL  string // an administrator's address of database "postgres"
	bin  string
	dir  string
	opts string // of the running server
	as   *syscall.SysProcAttr
}

// ErrNoPostgres means that no PostgreSQL server binaries were found.
var ErrNoPostgres = errors.New("no PostgreSQL binaries (initdb, pg_ctl) found in PATH or /usr/lib/postgresql/*/bin")

// StartCluster makes and starts a cluster. PostgreSQL refuses to run as root;
// then it runs as the user "postgres" or "nobody". durable keeps fsync on, for
// tests about crashes and for benchmarks.
func StartCluster(ctx context.Context, durable bool) (*Cluster, error) {
	bin, err := findBinaries()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "yiji-pg-")
	if err != nil {
		return nil, err
	}
	c := &Cluster{bin: bin, dir: dir}
	if err := c.dropRoot(); err != nil {
		return nil, err
	}
	if err := c.run(ctx, "initdb", "-D", filepath.Join(dir, "data"), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "-N"); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	if err := c.start(ctx, durable); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return c, nil
}

func findBinaries() (string, error) {
	if p, err := exec.LookPath("initdb"); err == nil {
		if p, err = filepath.EvalSymlinks(p); err == nil {
			return filepath.Dir(p), nil
		}
	}
	all, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if len(all) == 0 {
		return "", ErrNoPostgres
	}
	slices.Sort(all)
	return filepath.Dir(all[len(all)-1]), nil
}

func (c *Cluster) dropRoot() error {
	if os.Getuid() != 0 {
		return nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, _ := strconv.Atoi(u.Uid)
		gid, _ := strconv.Atoi(u.Gid)
		c.as = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
		return os.Chown(c.dir, uid, gid)
	}
	return errors.New("running as root and there is no user postgres or nobody to run PostgreSQL as")
}

func (c *Cluster) start(ctx context.Context, durable bool) error {
	port, err := freePort()
	if err != nil {
		return err
	}
	c.opts = fmt.Sprintf("-p %d -k %s -c listen_addresses=127.0.0.1 -c max_connections=300 -c shared_buffers=64MB -c autovacuum=off", port, c.dir)
	if !durable {
		c.opts += " -c fsync=off -c synchronous_commit=off -c full_page_writes=off"
	}
	c.URL = fmt.Sprintf("postgres://postgres@127.0.0.1:%d/postgres?sslmode=disable", port)
	return c.launch(ctx)
}

func (c *Cluster) launch(ctx context.Context) error {
	return c.run(ctx, "pg_ctl", "-D", filepath.Join(c.dir, "data"), "-l", filepath.Join(c.dir, "log"), "-w", "-o", c.opts, "start")
}

// Stop ends the server and removes its folder. how is a mode of pg_ctl:
// "fast", or "immediate" for a crash.
func (c *Cluster) Stop(how string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	err := c.run(ctx, "pg_ctl", "-D", filepath.Join(c.dir, "data"), "-m", how, "-w", "stop")
	return errors.Join(err, os.RemoveAll(c.dir))
}

// Crash stops the server like a power failure would and starts it again on the
// same port.
func (c *Cluster) Crash(ctx context.Context) error {
	if err := c.run(ctx, "pg_ctl", "-D", filepath.Join(c.dir, "data"), "-m", "immediate", "-w", "stop"); err != nil {
		return err
	}
	return c.launch(ctx)
}

func (c *Cluster) run(ctx context.Context, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, filepath.Join(c.bin, name), args...)
	cmd.SysProcAttr = c.as
	cmd.Dir = c.dir
	log, err := os.Create(filepath.Join(os.TempDir(), fmt.Sprintf("yiji-%s-%d.log", name, os.Getpid())))
	if err != nil {
		return err
	}
	defer os.Remove(log.Name())
	defer log.Close()
	cmd.Stdout, cmd.Stderr = log, log // a file, not a pipe: the server inherits it and would keep a pipe open
	if err := cmd.Run(); err != nil {
		out, _ := os.ReadFile(log.Name())
		return fmt.Errorf("%s: %w: %s", name, err, out)
	}
	return nil
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}
