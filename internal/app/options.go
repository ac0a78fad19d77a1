package app

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"yiji/internal/fault"
	"yiji/internal/seal"
	"yiji/notify/channel"
	"yiji/scheduler"
	"yiji/web"
)

// Options are everything an installation can be told; the zero value of each is
// a good one for a single machine without any service.
type Options struct {
	Database string // postgres://… or the path of a SQLite file; "" is DefaultDatabase
	Listen   string // address to listen on; "" is DefaultListen
	BaseURL  string // the address people use; "" is http:// and the listening address
	// Key is the installation's key as base64; "" reads or makes the file KeyFile,
	// which is "<database>.key" when empty.
	Key     string
	KeyFile string
	// SMTP is smtp://user:password@host:port (STARTTLS) or smtps://…; "" writes
	// messages into OutboxDir.
	SMTP      string
	MailFrom  string
	OutboxDir string // folder for .eml and .json; "" is "outbox" beside the database
	// AllowPrivate opens private networks to webhooks and robots, one prefix at a time.
	AllowPrivate   []netip.Prefix
	TrustedProxies []netip.Prefix
	MetricsToken   string     // opens /metrics to others than private addresses
	Limits         web.Limits // what one address may ask for
	Holidays       []string   // more YAML files of holidays
	Clock          func() time.Time
	Logger         *slog.Logger
}

// Defaults of Options.
const (
	DefaultDatabase = "yiji.db"
	DefaultListen   = "127.0.0.1:8080"
)

func (o Options) withDefaults() Options {
	if o.Database == "" {
		o.Database = DefaultDatabase
	}
	if o.Listen == "" {
		o.Listen = DefaultListen
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.OutboxDir == "" {
		o.OutboxDir = filepath.Join(o.folder(), "outbox")
	}
	return o
}

// folder is where files beside the database belong.
func (o Options) folder() string {
	if o.postgres() {
		return "."
	}
	return filepath.Dir(strings.TrimPrefix(o.Database, "sqlite:"))
}

func (o Options) postgres() bool {
	return strings.HasPrefix(o.Database, "postgres://") || strings.HasPrefix(o.Database, "postgresql://")
}

// LoadKey returns the installation's key: given, from its file, or made.
func (o Options) LoadKey() ([]byte, error) {
	o = o.withDefaults()
	if o.Key != "" {
		key, err := seal.ParseKey(o.Key)
		if err != nil {
			return nil, fault.Invalid("option.key", "--key", "%v", err)
		}
		return key, nil
	}
	key, err := seal.LoadOrCreate(o.keyFile())
	if err != nil {
		return nil, fmt.Errorf("key file %s: %w", o.keyFile(), err)
	}
	return key, nil
}

func (o Options) keyFile() string {
	switch {
	case o.KeyFile != "":
		return o.KeyFile
	case o.postgres():
		return "yiji.key"
	}
	return strings.TrimPrefix(o.Database, "sqlite:") + ".key"
}

// StoreKey writes the key where LoadKey finds it, for a restored installation.
func (o Options) StoreKey(text string) error {
	o = o.withDefaults()
	if _, err := seal.ParseKey(text); err != nil {
		return err
	}
	if have, err := os.ReadFile(o.keyFile()); err == nil && strings.TrimSpace(string(have)) != text {
		return fault.Conflict("option.key_exists", "--key-file", "%s exists and holds another key", o.keyFile())
	}
	return os.WriteFile(o.keyFile(), []byte(text+"\n"), 0o600)
}

// Calendar is the built-in holidays and those of the files.
func (o Options) Calendar() (*scheduler.Calendar, error) {
	c := scheduler.DefaultCalendar()
	for _, name := range o.Holidays {
		var err error
		if c, err = LoadHolidays(c, name); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// LoadHolidays returns the calendar with the years of one YAML file added.
func LoadHolidays(c *scheduler.Calendar, name string) (*scheduler.Calendar, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, fault.Invalid("option.holidays", "--holidays", "%v", err)
	}
	defer f.Close()
	more, err := c.Load(f)
	if err != nil {
		return nil, fault.From(err).In(name)
	}
	return more, nil
}

// mail reads the SMTP address; nil when there is none.
func (o Options) mail() (*channel.MailSender, error) {
	if o.SMTP == "" {
		return nil, nil
	}
	u, err := url.Parse(o.SMTP)
	if err != nil || u.Hostname() == "" || (u.Scheme != "smtp" && u.Scheme != "smtps") {
		return nil, fault.Invalid("option.smtp", "--smtp", "want smtp://user:password@host:port or smtps://…")
	}
	m := &channel.MailSender{Host: u.Hostname(), Port: 587, Security: channel.STARTTLS, From: o.MailFrom, User: u.User.Username()}
	if u.Scheme == "smtps" {
		m.Port, m.Security = 465, channel.TLS
	}
	if p := u.Port(); p != "" {
		if m.Port, err = net.LookupPort("tcp", p); err != nil {
			return nil, fault.Invalid("option.smtp", "--smtp", "port %q is not a number", p)
		}
	}
	m.Password, _ = u.User.Password()
	if m.From == "" {
		return nil, fault.Invalid("option.mail_from", "--mail-from", "an address is needed to send mail from")
	}
	return m, nil
}

// ParsePrefixes reads networks like 10.0.0.0/8, separated by commas.
func ParsePrefixes(field string, list []string) ([]netip.Prefix, error) {
	var out []netip.Prefix
	for _, s := range list {
		p, err := netip.ParsePrefix(strings.TrimSpace(s))
		if err != nil {
			return nil, fault.Invalid("option.network", field, "%q is not a network like 10.0.0.0/8", s)
		}
		out = append(out, p)
	}
	return out, nil
}

// checkAddresses refuses addresses that can be none, before anything is made.
func (o Options) checkAddresses() error {
	if err := CheckListen(o.Listen); err != nil {
		return err
	}
	return CheckBaseURL(o.BaseURL)
}

// CheckListen refuses what is no address to listen on.
func CheckListen(listen string) error {
	if _, port, err := net.SplitHostPort(listen); err != nil {
		return fault.Invalid("option.listen", "--listen", "%v; want HOST:PORT", err)
	} else if _, err := net.LookupPort("tcp", port); err != nil {
		return fault.Invalid("option.listen", "--listen", "%q is not a port", port)
	}
	return nil
}

// CheckBaseURL refuses what can be no address people use; "" is the one that is
// listened on.
func CheckBaseURL(base string) error {
	u, err := url.Parse(base)
	if base != "" && (err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || strings.Trim(u.Path, "/") != "") {
		return fault.Invalid("option.base_url", "--base-url", "%q must be http(s)://host without a path", base)
	}
	return nil
}

// base is the address people use.
func (o Options) base(l net.Listener) (string, error) {
	if o.BaseURL != "" {
		return strings.TrimRight(o.BaseURL, "/"), nil
	}
	addr, ok := l.Addr().(*net.TCPAddr)
	if !ok {
		return "", errors.New("base URL: needed because the server does not listen on TCP")
	}
	host := addr.IP.String()
	if addr.IP.IsUnspecified() {
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(host, fmt.Sprint(addr.Port)), nil
}
