package channel

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	netmail "net/mail"
	"strconv"
	"strings"
	"time"

	mail "github.com/wneessen/go-mail"

	"yiji/internal/text"
)

// Security says how a mail connection is protected.
type Security string

// The ways to protect a mail connection; STARTTLS is the zero value and is insisted upon.
const (
	STARTTLS Security = ""
	TLS      Security = "tls"
	Plain    Security = "none" // for a relay on the same host
)

// MailSender sends through one SMTP server.
type MailSender struct {
	Host     string
	Port     int
	Security Security
	User     string // empty: no authentication
	Password string
	From     string // name and address, or an address
	TLS      *tls.Config
	Timeout  time.Duration // zero: Timeout
}

// Send implements Sender. The reply code of the server decides about trying
// again; a connection that breaks is temporary; a mail the server has accepted
// is delivered even if the good-bye fails.
func (s MailSender) Send(ctx context.Context, m Message) Outcome {
	msg, o := compose(s.From, m)
	if msg == nil {
		return o
	}
	limit := s.Timeout
	if limit <= 0 {
		limit = Timeout
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	client, err := s.client(ctx, limit)
	if err != nil {
		return permanent("smtp_settings", err.Error())
	}
	err = client.DialAndSendWithContext(ctx, msg)
	if err == nil || msg.IsDelivered() {
		return delivered()
	}
	return mailError(err)
}

func (s MailSender) client(ctx context.Context, limit time.Duration) (*mail.Client, error) {
	config := s.TLS.Clone()
	if config == nil {
		config = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	if config.ServerName == "" {
		config.ServerName = s.Host
	}
	options := []mail.Option{
		mail.WithPort(s.Port), mail.WithTimeout(limit), mail.WithTLSConfig(config),
		mail.WithDialContextFunc(s.dial(ctx, config)), mail.WithoutNoop(),
	}
	switch s.Security {
	case STARTTLS:
		options = append(options, mail.WithTLSPolicy(mail.TLSMandatory))
	case TLS:
		options = append(options, mail.WithSSL())
	case Plain:
		options = append(options, mail.WithTLSPolicy(mail.NoTLS))
	default:
		return nil, fmt.Errorf("security %q is not known", s.Security)
	}
	if s.User != "" {
		options = append(options, mail.WithUsername(s.User), mail.WithPassword(s.Password),
			mail.WithOpportunisticSMTPAuth(mail.SMTPAuthSCRAMSHA256, mail.SMTPAuthPlain, mail.SMTPAuthLogin, mail.SMTPAuthCramMD5))
	}
	return mail.NewClient(s.Host, options...)
}

// dial opens a connection that dies with the attempt, so that a server which
// hangs in the middle holds a worker no longer than the limit.
func (s MailSender) dial(attempt context.Context, config *tls.Config) mail.DialContextFunc {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		context.AfterFunc(attempt, func() { conn.Close() })
		if s.Security != TLS {
			return conn, nil
		}
		secure := tls.Client(conn, config)
		if err := secure.HandshakeContext(ctx); err != nil {
			conn.Close()
			return nil, err
		}
		return secure, nil
	}
}

// mailError judges what go-mail returned.
func mailError(err error) Outcome {
	var send *mail.SendError
	if !errors.As(err, &send) {
		if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, net.ErrClosed) {
			return temporary("timeout", "the mail server did not answer in time")
		}
		return temporary("smtp_connect", err.Error())
	}
	code := "smtp_" + strconv.Itoa(send.ErrorCode())
	switch {
	case send.Reason == mail.ErrGetSender || send.Reason == mail.ErrGetRcpts || send.Reason == mail.ErrNoUnencoded:
		return permanent("smtp_message", "the message has no valid sender or recipient")
	case send.ErrorCode() == 0:
		return temporary("smtp_connection", "the connection broke during the mail")
	case send.IsTemp():
		return temporary(code, "the mail server asked to try again later")
	}
	return permanent(code, "the mail server refused the mail")
}

// compose builds the mail. Every value that reaches a header is made one line first.
func compose(from string, m Message) (*mail.Msg, Outcome) {
	sender, err := netmail.ParseAddress(from)
	if err != nil {
		return nil, permanent("smtp_settings", "the sender is not a mail address")
	}
	to, ok := ParseEmail(m.Email)
	if !ok {
		return nil, permanent("address_invalid", "the recipient's mail address is not valid")
	}
	msg := mail.NewMsg(mail.WithCharset(mail.CharsetUTF8), mail.WithEncoding(mail.EncodingB64), mail.WithNoDefaultUserAgent())
	msg.FromMailAddress(&netmail.Address{Name: oneLine(sender.Name), Address: sender.Address})
	msg.ToMailAddress(&netmail.Address{Name: oneLine(m.Name), Address: to})
	msg.Subject(oneLine(m.Subject))
	msg.SetDateWithValue(m.At)
	_, domain, _ := strings.Cut(sender.Address, "@")
	msg.SetMessageIDWithValue(oneLine(m.Key) + "@" + domain)
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	if m.Lang != "" {
		msg.SetGenHeader("Content-Language", oneLine(m.Lang))
	}
	if link := oneLine(m.Unsubscribe); link != "" && !strings.ContainsAny(link, " <>") {
		msg.SetGenHeader("List-Unsubscribe", "<"+link+">")
		msg.SetGenHeader("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")
	}
	msg.SetBodyString(mail.TypeTextPlain, m.Text)
	return msg, Outcome{}
}

// ParseEmail returns the bare address when s is exactly one plain mail address
// (no display name, no control character, at most 254 bytes).
func ParseEmail(s string) (string, bool) {
	s = strings.TrimSpace(s)
	if s == "" || len(s) > 254 || !text.Plain(s) || strings.ContainsAny(s, "<>,; \"") {
		return "", false
	}
	a, err := netmail.ParseAddress(s)
	if err != nil || a.Address != s || a.Name != "" {
		return "", false
	}
	return s, true
}
