package channel

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// robot is a receiver that checks what the platform's documentation asks for.
type robot struct {
	check  func(r *http.Request, body map[string]any) string
	answer string
	bad    string
	text   string
}

func (b *robot) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	raw, _ := io.ReadAll(r.Body)
	var body map[string]any
	if json.Unmarshal(raw, &body) != nil || r.Header.Get("Content-Type") != "application/json; charset=utf-8" {
		b.bad = "not JSON"
	} else {
		b.bad = b.check(r, body)
	}
	fmt.Fprint(w, b.answer) // HTTP 200 whatever happened, as the real ones do
}

const robotSecret = "SEC0123456789abcdef"

func checkWeCom(b *robot) func(*http.Request, map[string]any) string {
	return func(r *http.Request, body map[string]any) string {
		text, _ := body["text"].(map[string]any)
		b.text, _ = text["content"].(string)
		if body["msgtype"] != "text" || len(b.text) > 2048 || !utf8.ValidString(b.text) || r.URL.Query().Get("key") != "K" {
			return "body"
		}
		return ""
	}
}

// checkDingTalk: sign = urlEncode(base64(HmacSHA256(key=secret, timestamp+"\n"+secret))), timestamp in ms within an hour.
func checkDingTalk(b *robot) func(*http.Request, map[string]any) string {
	return func(r *http.Request, body map[string]any) string {
		q := r.URL.Query()
		ms, err := strconv.ParseInt(q.Get("timestamp"), 10, 64)
		if err != nil || at.Sub(time.UnixMilli(ms)).Abs() > time.Hour || q.Get("access_token") != "T" {
			return "timestamp or token"
		}
		h := hmac.New(sha256.New, []byte(robotSecret))
		fmt.Fprintf(h, "%d\n%s", ms, robotSecret)
		if q.Get("sign") != base64.StdEncoding.EncodeToString(h.Sum(nil)) {
			return "sign"
		}
		text, _ := body["text"].(map[string]any)
		b.text, _ = text["content"].(string)
		if body["msgtype"] != "text" || b.text == "" {
			return "body"
		}
		return ""
	}
}

// checkFeishu: sign = base64(HmacSHA256(key=timestamp+"\n"+secret, "")), timestamp in s.
func checkFeishu(b *robot) func(*http.Request, map[string]any) string {
	return func(r *http.Request, body map[string]any) string {
		stamp, _ := body["timestamp"].(string)
		h := hmac.New(sha256.New, []byte(stamp+"\n"+robotSecret))
		if s, _ := strconv.ParseInt(stamp, 10, 64); s != at.Unix() || body["sign"] != base64.StdEncoding.EncodeToString(h.Sum(nil)) {
			return "sign"
		}
		content, _ := body["content"].(map[string]any)
		b.text, _ = content["text"].(string)
		if body["msg_type"] != "text" || b.text == "" {
			return "body"
		}
		return ""
	}
}

func TestRobots(t *testing.T) {
	client := NewClient(loopback(), nil)
	defer client.CloseIdleConnections()
	long := strings.Repeat("市集开市了🎉", 2000)
	for _, c := range []struct {
		name, query, ok string
		sender          Sender
		check           func(*robot) func(*http.Request, map[string]any) string
		limit           int
	}{
		{"wecom", "?key=K", `{"errcode":0,"errmsg":"ok"}`, WeComSender{client}, checkWeCom, WeComLimit},
		{"dingtalk", "?access_token=T", `{"errcode":0,"errmsg":"ok"}`, DingTalkSender{client}, checkDingTalk, DingTalkLimit},
		{"feishu", "", `{"code":0,"data":{},"msg":"success"}`, FeishuSender{client}, checkFeishu, FeishuLimit},
	} {
		b := &robot{answer: c.ok}
		b.check = c.check(b)
		srv := httptest.NewServer(b)
		for _, text := range []string{"开市了", long} {
			m := Message{Key: "k", At: at, URL: srv.URL + "/hook" + c.query, Secrets: []string{robotSecret}, Text: text}
			if o := c.sender.Send(context.Background(), m); o.Result != Delivered || b.bad != "" {
				t.Errorf("%s: %+v, receiver says %q", c.name, o, b.bad)
			}
			if len(b.text) > c.limit || !strings.HasPrefix(text, strings.TrimSuffix(b.text, "…")) {
				t.Errorf("%s: %d bytes arrived", c.name, len(b.text))
			}
		}
		srv.Close()
	}
}

func TestRobotsWrongSecretIsSeen(t *testing.T) { // control for the receivers above
	client := NewClient(loopback(), nil)
	defer client.CloseIdleConnections()
	b := &robot{answer: "{}"}
	b.check = checkDingTalk(b)
	srv := httptest.NewServer(b)
	defer srv.Close()
	DingTalkSender{client}.Send(context.Background(), Message{At: at, URL: srv.URL + "?access_token=T", Secrets: []string{"other"}, Text: "x"})
	if b.bad != "sign" {
		t.Errorf("receiver accepted a wrong signature: %q", b.bad)
	}
	b.check = checkFeishu(b)
	FeishuSender{client}.Send(context.Background(), Message{At: at, URL: srv.URL, Secrets: []string{"other"}, Text: "x"})
	if b.bad != "sign" {
		t.Errorf("receiver accepted a wrong signature: %q", b.bad)
	}
}

func TestRobotCodes(t *testing.T) {
	client := NewClient(loopback(), nil)
	defer client.CloseIdleConnections()
	for _, c := range []struct {
		sender Sender
		status int
		answer string
		want   Result
		code   string
		pause  time.Duration
	}{
		{WeComSender{client}, 200, `{"errcode":45009,"errmsg":"api freq out of limit"}`, Temporary, "wecom_45009", time.Minute},
		{WeComSender{client}, 200, `{"errcode":93000,"errmsg":"invalid webhook url"}`, Permanent, "wecom_93000", 0},
		{WeComSender{client}, 200, `{"errcode":-1,"errmsg":"system busy"}`, Temporary, "wecom_-1", 0},
		{DingTalkSender{client}, 200, `{"errcode":130101,"errmsg":"send too fast"}`, Temporary, "dingtalk_130101", 10 * time.Minute},
		{DingTalkSender{client}, 200, `{"errcode":310000,"errmsg":"sign not match"}`, Permanent, "dingtalk_310000", 0},
		{DingTalkSender{client}, 200, `{"errcode":300001,"errmsg":"token is not exist"}`, Permanent, "dingtalk_300001", 0},
		{FeishuSender{client}, 400, `{"code":11232,"msg":"frequency limited"}`, Temporary, "feishu_11232", time.Minute},
		{FeishuSender{client}, 200, `{"code":19021,"msg":"sign match fail or timestamp is not within one hour"}`, Permanent, "feishu_19021", 0},
		{FeishuSender{client}, 200, `{"StatusCode":0,"StatusMessage":"success"}`, Delivered, "ok", 0},
		{FeishuSender{client}, 200, `{"code":77777}`, Temporary, "feishu_77777", 0},
		{WeComSender{client}, 200, `<html>`, Temporary, "wecom_unreadable", 0},
		{WeComSender{client}, 502, `<html>`, Temporary, "http_502", 0},
		{WeComSender{client}, 200, `{}`, Temporary, "wecom_unreadable", 0},
		{WeComSender{client}, 302, ``, Permanent, "http_302", 0},
	} {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(c.status)
			io.WriteString(w, c.answer)
		}))
		o := c.sender.Send(context.Background(), Message{At: at, URL: srv.URL, Text: "x"})
		if o.Result != c.want || o.Code != c.code || o.RetryAfter != c.pause {
			t.Errorf("%s: %+v, want %s %s %s", c.answer, o, c.want, c.code, c.pause)
		}
		srv.Close()
	}
}

func TestHugeAnswerIsNotRead(t *testing.T) {
	client := NewClient(loopback(), nil)
	defer client.CloseIdleConnections()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for range 1 << 10 {
			if _, err := w.Write(make([]byte, 64<<10)); err != nil {
				return
			}
		}
	}))
	defer srv.Close()
	o := WebhookSender{client}.Send(context.Background(), Message{Key: "k", At: at, URL: srv.URL, Secrets: []string{NewSecret()}})
	if o.Result != Delivered {
		t.Errorf("%+v", o)
	}
}

func FuzzRobotAnswer(f *testing.F) {
	for _, s := range []string{`{"errcode":0}`, `{"code":19021,"msg":"x"}`, `{"StatusCode":0}`, `{"errcode":1e99}`, `[]`, ``, "\xff", `{"errcode":null,"code":"0"}`} {
		f.Add([]byte(s), 200)
	}
	f.Fuzz(func(t *testing.T, body []byte, status int) {
		o := byErrCode("wecom", &answer{status: status, header: http.Header{}, body: body}, at, wecomCodes)
		if o.Result == Delivered && (status < 200 || status >= 300) {
			// only a readable zero code with a good status is a delivery
			if code, _, ok := decodeErrCode(body); !ok || code != 0 || status >= 300 {
				t.Errorf("%d %q: %+v", status, body, o)
			}
		}
		if len(o.Detail) > 300 || !utf8.ValidString(o.Detail) || strings.ContainsAny(o.Detail, "\r\n\x00") {
			t.Errorf("detail %q", o.Detail)
		}
	})
}

func FuzzCutBytes(f *testing.F) {
	f.Add("市集开市了", 7)
	f.Add("🎉🎉", 5)
	f.Add("\xff\xfe", 2)
	f.Fuzz(func(t *testing.T, s string, max int) {
		max %= 5000
		got := CutBytes(s, max)
		if len(got) > max && max >= 0 || !utf8.ValidString(got) {
			t.Errorf("%q in %d: %q", s, max, got)
		}
	})
}

func FuzzParseSecret(f *testing.F) {
	f.Add("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	f.Add("whsec_")
	f.Add("x")
	f.Fuzz(func(t *testing.T, s string) {
		if key, err := ParseSecret(s); err == nil && (len(key) < 24 || len(key) > 64) {
			t.Errorf("%q: %d bytes", s, len(key))
		}
	})
}
