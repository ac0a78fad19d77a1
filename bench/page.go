package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
)

// readers is how many connections ask for the page at the same time.
const readers = 64

// schedulePage is P3: the residents' schedule page, compressed, as a phone gets
// it, against the same bytes from nginx and from a bare echo handler.
func schedulePage(ctx context.Context, r *run) (lines []line, err error) {
	h, err := openHouse(ctx, r.dir, filepath.Join(r.dir, "p3.db"))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, h.close()) }()
	ours := strings.TrimPrefix(h.BaseURL, "http://")
	page, err := fetch(ctx, h.BaseURL+"/c/bench")
	if err != nil {
		return nil, err
	}
	kb := number(float64(len(page)) / 1000)
	bare, err := startBare(page)
	if err != nil {
		return nil, err
	}
	defer bare.close()
	nginx := line{ID: "P3", Work: "residents' schedule page, " + kb + " KB of gzip", Yardstick: "nginx serving the same bytes from a file", Unit: "/s", Target: "≥ 0.6", met: atLeast(0.6)}
	echoes := line{ID: "P3a", Work: "the same", Yardstick: "a bare echo handler answering with the same bytes, same process", Unit: "/s", Target: "≥ 0.9", met: atLeast(0.9)}
	if echoes.pair, err = inTurns(ctx, r.pairs, r.reading(ours), r.reading(bare.address)); err != nil {
		return nil, err
	}
	server, err := startNginx(ctx, r.dir, page)
	if err != nil {
		nginx.Note = "not measured: " + err.Error()
		return []line{nginx, echoes}, nil
	}
	defer func() { err = errors.Join(err, server.close()) }()
	nginx.pair, err = inTurns(ctx, r.pairs, r.reading(ours), r.reading(server.address))
	return []line{nginx, echoes}, err
}

// reading asks for the page for a while and returns how many came a second.
func (r *run) reading(address string) measurement {
	return func(context.Context) (float64, error) {
		t, err := load{address: address, request: read(address, "/c/bench"), status: http.StatusOK, hands: readers}.run(r.length)
		return t.rate(), err
	}
}

// fetch gets the page as it goes over the wire and makes sure it is the page.
func fetch(ctx context.Context, url string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept-Encoding", "gzip")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	packed, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, err
	}
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, fmt.Errorf("%s, %s: %w", url, res.Status, err)
	}
	text, err := io.ReadAll(z)
	if err == nil && !bytes.Contains(text, []byte("测速社区")) {
		err = fmt.Errorf("%s, %s: not the schedule", url, res.Status)
	}
	return packed, err
}

// startBare answers with the same bytes and does nothing else.
func startBare(page []byte) (*constant, error) {
	e := echo.New()
	e.GET("/c/:community", func(c echo.Context) error {
		c.Response().Header().Set(echo.HeaderContentEncoding, "gzip")
		c.Response().Header().Set(echo.HeaderContentLength, strconv.Itoa(len(page)))
		return c.HTMLBlob(http.StatusOK, page)
	})
	return serve(e)
}

// nginx is a server of its own with one file.
type nginx struct {
	address string
	cmd     *exec.Cmd
}

const nginxConf = `daemon off;
worker_processes auto;
pid %[1]s/nginx.pid;
error_log %[1]s/nginx.log;
events { worker_connections 1024; }
http {
	access_log off;
	sendfile on;
	tcp_nopush on;
	keepalive_requests 100000000;
	open_file_cache max=10;
	client_body_temp_path %[1]s/body; proxy_temp_path %[1]s/proxy; fastcgi_temp_path %[1]s/fastcgi; uwsgi_temp_path %[1]s/uwsgi; scgi_temp_path %[1]s/scgi;
	server {
		listen %[2]s;
		root %[1]s;
		default_type "text/html; charset=utf-8";
		add_header Content-Encoding gzip;
	}
}
`

func startNginx(ctx context.Context, dir string, page []byte) (*nginx, error) {
	program, err := exec.LookPath("nginx")
	if err != nil {
		return nil, errors.New("nginx is not installed (Debian: nginx-light)")
	}
	dir = filepath.Join(dir, "nginx")
	n := &nginx{}
	if n.address, err = freeAddress(); err != nil {
		return nil, err
	}
	conf := filepath.Join(dir, "nginx.conf")
	if err := errors.Join(os.MkdirAll(filepath.Join(dir, "c"), 0o755), os.WriteFile(filepath.Join(dir, "c", "bench"), page, 0o644),
		os.WriteFile(conf, fmt.Appendf(nil, nginxConf, dir, n.address), 0o644), readable(dir)); err != nil {
		return nil, err
	}
	n.cmd = exec.Command(program, "-p", dir, "-c", conf)
	n.cmd.Stderr = os.Stderr
	if err := n.cmd.Start(); err != nil {
		return nil, err
	}
	for range 100 {
		if _, err = fetch(ctx, "http://"+n.address+"/c/bench"); err == nil {
			return n, nil
		}
		time.Sleep(50 * time.Millisecond)
	}
	return nil, errors.Join(err, n.close())
}

// readable lets nginx, whose workers are another user, find the file.
func readable(dir string) error {
	return errors.Join(os.Chmod(filepath.Dir(dir), 0o755), os.Chmod(dir, 0o755))
}

func (n *nginx) close() error {
	if err := n.cmd.Process.Signal(os.Interrupt); err != nil {
		return err
	}
	return n.cmd.Wait()
}

// freeAddress is one that nobody listens at.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}
