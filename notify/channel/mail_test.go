package channel

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"math/big"
	"mime"
	"net"
	netmail "net/mail"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"encoding/base64"
	"encoding/json"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// post office: a real SMTP server that records what it accepted.
type office struct {
	mails    chan []byte
	rcptErr  error
	dataErr  error
	hang     chan struct{} // when set, DATA never answers until it is closed
	user, pw string
}

type officeSession struct {
	o    *office
	auth bool
}

func (o *office) NewSession(*smtp.Conn) (smtp.Session, error) { return &officeSession{o: o}, nil }
func (s *officeSession) Reset()                               {}
func (s *officeSession) Logout() error                        { return nil }
func (s *officeSession) AuthMechanisms() []string             { return []string{sasl.Plain} }
func (s *officeSession) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, pw string) error {
		if user != s.o.user || pw != s.o.pw {
			return smtp.ErrAuthFailed
		}
		s.auth = true
		return nil
	}), nil
}
func (s *officeSession) Mail(string, *smtp.MailOptions) error {
	if s.o.user != "" && !s.auth {
		return smtp.ErrAuthRequired
	}
	return nil
}
func (s *officeSession) Rcpt(string, *smtp.RcptOptions) error { return s.o.rcptErr }
func (s *officeSession) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if s.o.hang != nil {
		<-s.o.hang
	}
	if s.o.dataErr != nil {
		return s.o.dataErr
	}
	s.o.mails <- raw
	return nil
}

// open starts the office; the sender trusts its certificate.
func (o *office) open(t *testing.T, sec Security) MailSender {
	t.Helper()
	o.mails = make(chan []byte, 100)
	cert, pool := certificate(t)
	srv := smtp.NewServer(o)
	srv.Domain, srv.AllowInsecureAuth = "localhost", false
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	config := &tls.Config{Certificates: []tls.Certificate{cert}}
	switch sec {
	case STARTTLS:
		srv.TLSConfig = config
	case TLS:
		l = tls.NewListener(l, config)
	}
	ended := make(chan struct{})
	go func() { srv.Serve(l); close(ended) }()
	t.Cleanup(func() { srv.Close(); <-ended })
	return MailSender{Host: "127.0.0.1", Port: port, Security: sec, User: o.user, Password: o.pw,
		From: "向阳社区 <market@xiangyang.example>", TLS: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}, Timeout: 5 * time.Second}
}

func certificate(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "office"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, _ := x509.ParseCertificate(der)
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}

func letterTo() Message {
	return Message{Key: "abc123", At: at, Lang: "zh-Hans", Name: "山东省第二康复医院", Email: "lin@hospital.example",
		Subject: "谢谢您来“幸福长‘9’·益路向阳 公益市集”（11月19日 周四）", Text: "您好！\n\n谢谢您。\n"}
}

func readMail(t *testing.T, raw []byte) (*netmail.Message, string) {
	t.Helper()
	m, err := netmail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(base64.NewDecoder(base64.StdEncoding, m.Body))
	return m, string(body)
}

func TestMailArrives(t *testing.T) {
	for _, sec := range []Security{STARTTLS, TLS, Plain} {
		for _, user := range []string{"", "market"} {
			if sec == Plain && user != "" {
				continue
			}
			o := &office{user: user, pw: "密码"}
			s := o.open(t, sec)
			m := letterTo()
			m.Unsubscribe = "https://example.org/unsubscribe/tok"
			if out := s.Send(context.Background(), m); out.Result != Delivered {
				t.Fatalf("security %q user %q: %+v", sec, user, out)
			}
			got, body := readMail(t, <-o.mails)
			subject, err := new(mime.WordDecoder).DecodeHeader(got.Header.Get("Subject"))
			if err != nil || subject != m.Subject {
				t.Errorf("subject %q %v", subject, err)
			}
			to, err := got.Header.AddressList("To")
			if err != nil || len(to) != 1 || to[0].Name != m.Name || to[0].Address != m.Email {
				t.Errorf("to %v %v", to, err)
			}
			if strings.ReplaceAll(body, "\r\n", "\n") != m.Text {
				t.Errorf("body %q", body)
			}
			for k, want := range map[string]string{"Message-Id": "<abc123@xiangyang.example>", "List-Unsubscribe": "<https://example.org/unsubscribe/tok>",
				"List-Unsubscribe-Post": "List-Unsubscribe=One-Click", "Auto-Submitted": "auto-generated", "Date": "Thu, 19 Nov 2026 01:00:00 +0000"} {
				if got.Header.Get(k) != want {
					t.Errorf("%s: %q, want %q", k, got.Header.Get(k), want)
				}
			}
		}
	}
}

func TestMailWireIsASCIIAndShort(t *testing.T) {
	o := &office{}
	s := o.open(t, STARTTLS)
	m := letterTo()
	m.Subject, m.Text = strings.Repeat("长主题", 60), strings.Repeat("正文🎉", 3000)
	if out := s.Send(context.Background(), m); out.Result != Delivered {
		t.Fatalf("%+v", out)
	}
	for line := range bytes.Lines(<-o.mails) {
		if len(line) > 200 || bytes.ContainsFunc(line, func(r rune) bool { return r > 126 }) {
			t.Fatalf("line of %d bytes: %q", len(line), line)
		}
	}
}

func TestMailRefusals(t *testing.T) {
	temp := &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "later"}
	perm := &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such user lin@hospital.example"}
	for name, c := range map[string]struct {
		office office
		want   Result
		code   string
	}{
		"rcpt 4xx": {office{rcptErr: temp}, Temporary, "smtp_451"}, "rcpt 5xx": {office{rcptErr: perm}, Permanent, "smtp_550"},
		"data 4xx": {office{dataErr: temp}, Temporary, "smtp_451"}, "data 5xx": {office{dataErr: perm}, Permanent, "smtp_550"},
	} {
		o := c.office
		s := o.open(t, STARTTLS)
		out := s.Send(context.Background(), letterTo())
		if out.Result != c.want || out.Code != c.code || strings.Contains(out.Detail, "@") {
			t.Errorf("%s: %+v", name, out)
		}
	}
	o := office{user: "market", pw: "right"}
	s := o.open(t, STARTTLS)
	s.Password = "wrong"
	if out := s.Send(context.Background(), letterTo()); out.Result != Temporary {
		t.Errorf("wrong password: %+v", out)
	}
	plain := (&office{}).open(t, Plain)
	plain.Security = STARTTLS
	if out := plain.Send(context.Background(), letterTo()); out.Result == Delivered {
		t.Error("a server without TLS was talked to in the clear")
	}
	other := (&office{}).open(t, STARTTLS)
	other.TLS = nil
	if out := other.Send(context.Background(), letterTo()); out.Result != Temporary {
		t.Errorf("a certificate nobody signed was accepted: %+v", out)
	}
	if out := (MailSender{Host: "127.0.0.1", Port: 1, From: "a@b.example", Timeout: time.Second}).Send(context.Background(), letterTo()); out.Result != Temporary {
		t.Errorf("nobody there: %+v", out)
	}
}

func TestMailHangs(t *testing.T) {
	o := &office{hang: make(chan struct{})}
	s := o.open(t, STARTTLS)
	s.Timeout = 200 * time.Millisecond
	out := s.Send(context.Background(), letterTo())
	if out.Result != Temporary {
		t.Errorf("%+v", out)
	}
	ctx, cancel := context.WithCancel(context.Background())
	s.Timeout = time.Minute
	done := make(chan Outcome, 1)
	go func() { done <- s.Send(ctx, letterTo()) }()
	cancel()
	if out := <-done; out.Result != Temporary {
		t.Errorf("cancelled: %+v", out)
	}
	close(o.hang)
}

func TestMailHeadersCannotBeInjected(t *testing.T) {
	evil := "x\r\nBcc: all@example.org\r\n\r\nbody\u2028\x00"
	m := letterTo()
	m.Subject, m.Name, m.Key, m.Lang, m.Unsubscribe = evil, evil, evil, evil, "https://x/"+evil
	msg, _ := compose("向阳\r\nBcc: x@y.example <market@x.example>", m)
	if msg != nil {
		t.Error("a sender with a line break was accepted")
	}
	msg, out := compose("market@x.example", m)
	if msg == nil {
		t.Fatalf("%+v", out)
	}
	var b bytes.Buffer
	msg.WriteTo(&b)
	got, _ := readMail(t, b.Bytes())
	if got.Header.Get("Bcc") != "" || len(got.Header["Subject"]) != 1 || got.Header.Get("List-Unsubscribe") != "" {
		t.Errorf("%v", got.Header)
	}
	for _, bad := range []string{"", "a@b.example\r\nBcc: x@y.example", "a@b.example, c@d.example", "Name <a@b.example>", "a b@c.example", "@", strings.Repeat("a", 250) + "@b.example"} {
		m.Email = bad
		if msg, out := compose("market@x.example", m); msg != nil || out.Result != Permanent {
			t.Errorf("%q accepted", bad)
		}
	}
}

func FuzzMailHeaders(f *testing.F) {
	f.Add("主题", "名字", "a@b.example", "k")
	f.Add("x\r\nBcc: y@z.example", "\"; <a@b>", "a@b.example\nX: y", "k\r\n")
	f.Add("=?utf-8?q?x=0d=0aBcc:?=", "\u202e", "用户@例子.example", "")
	f.Fuzz(func(t *testing.T, subject, name, email, key string) {
		m := Message{Key: key, At: at, Name: name, Email: email, Subject: subject, Text: "t"}
		msg, _ := compose("market@x.example", m)
		if msg == nil {
			return
		}
		var b bytes.Buffer
		if _, err := msg.WriteTo(&b); err != nil {
			return
		}
		head, _, _ := bytes.Cut(b.Bytes(), []byte("\r\n\r\n"))
		for _, line := range bytes.Split(head, []byte("\r\n")) {
			if bytes.ContainsAny(line, "\r\n\x00") {
				t.Fatalf("raw break in %q", line)
			}
			name, _, _ := bytes.Cut(line, []byte(":"))
			if len(line) > 0 && line[0] != ' ' && line[0] != '\t' && !known[strings.ToLower(string(name))] {
				t.Fatalf("header %q from %q %q %q", line, subject, m.Name, key)
			}
		}
	})
}

var known = map[string]bool{"date": true, "mime-version": true, "message-id": true, "subject": true, "from": true, "to": true,
	"auto-submitted": true, "content-type": true, "content-transfer-encoding": true, "content-language": true}

func TestFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "outbox")
	mailBox, robots := FolderSender{Dir: dir, Kind: Mail}, FolderSender{Dir: dir, Kind: WeCom}
	m := letterTo()
	for range 2 { // again is the same file
		if o := mailBox.Send(context.Background(), m); o.Result != Delivered {
			t.Fatalf("%+v", o)
		}
	}
	m.Email = ""
	m.Key = "noaddress"
	if o := mailBox.Send(context.Background(), m); o.Result != Delivered {
		t.Fatalf("%+v", o)
	}
	if o := robots.Send(context.Background(), Message{Key: "../../r1", At: at, Text: "开市了 <b>"}); o.Result != Delivered {
		t.Fatalf("%+v", o)
	}
	names, _ := filepath.Glob(filepath.Join(dir, "*"))
	hidden, _ := filepath.Glob(filepath.Join(dir, ".*"))
	if len(names) != 3 || len(hidden) != 0 {
		t.Fatalf("%v %v", names, hidden)
	}
	raw, err := os.ReadFile(filepath.Join(dir, "abc123.eml"))
	if err != nil {
		t.Fatal(err)
	}
	if _, body := readMail(t, raw); !strings.Contains(body, "谢谢您") {
		t.Errorf("%q", body)
	}
	raw, err = os.ReadFile(filepath.Join(dir, "r1.json"))
	var n note
	if err = errors.Join(err, json.Unmarshal(raw, &n)); err != nil || n.Text != "开市了 <b>" || n.Kind != WeCom {
		t.Errorf("%+v %v", n, err)
	}
	blocked := FolderSender{Dir: filepath.Join(dir, "abc123.eml"), Kind: Mail}
	if o := blocked.Send(context.Background(), m); o.Result != Temporary {
		t.Errorf("a folder that is a file: %+v", o)
	}
	if o := mailBox.Send(context.Background(), Message{Key: "/", At: at}); o.Result != Permanent {
		t.Errorf("no name: %+v", o)
	}
}

// An address is one address: nothing that could begin a second one or a header.
func FuzzParseEmail(f *testing.F) {
	for _, s := range []string{"li@example.org", " 用户@例子.example ", "a@b@c", "<a@b.example>", "a@b.example,c@d.example", "\u202ea@b.example", strings.Repeat("a", 255) + "@b.example"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, ok := ParseEmail(s)
		if !ok {
			if got != "" {
				t.Errorf("%q is refused and answered: %q", s, got)
			}
			return
		}
		if again, ok := ParseEmail(got); !ok || again != got {
			t.Errorf("%q becomes %q, which becomes %q, %v", s, got, again, ok)
		}
		if strings.ContainsAny(got, "\r\n\x00<>,; \"") || !strings.Contains(got, "@") || len(got) > 254 {
			t.Errorf("%q is accepted as %q", s, got)
		}
	})
}
