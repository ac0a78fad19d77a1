package channel

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// Size limits of a robot's text in bytes; WeCom's is documented, the others
// leave room for the JSON around the text within their 20 KB of body.
const (
	WeComLimit    = 2048
	DingTalkLimit = 15_000
	FeishuLimit   = 15_000
)

// WeComSender posts to a 企业微信 group robot; its key is part of the URL, nothing is signed.
type WeComSender struct{ Client *http.Client }

// DingTalkSender posts to a 钉钉 group robot, signed when a secret is set.
type DingTalkSender struct{ Client *http.Client }

// FeishuSender posts to a 飞书 group robot, signed when a secret is set.
type FeishuSender struct{ Client *http.Client }

// verdict is how a robot's error code is to be read.
type verdict struct {
	permanent bool
	pause     time.Duration
}

// Known codes. A code that is not listed is tried again: giving up is bounded
// and visible, losing a message is not.
var (
	wecomCodes = map[int]verdict{
		-1: {}, 45009: {pause: time.Minute}, 45033: {pause: time.Minute},
		93000: {permanent: true}, 93004: {permanent: true}, 93008: {permanent: true},
		40008: {permanent: true}, 40058: {permanent: true}, 44004: {permanent: true}, 45002: {permanent: true}, 93017: {permanent: true},
	}
	dingtalkCodes = map[int]verdict{
		-1: {}, 130101: {pause: 10 * time.Minute}, 130102: {pause: 10 * time.Minute}, 410100: {pause: 10 * time.Minute},
		300001: {permanent: true}, 300005: {permanent: true}, 310000: {permanent: true}, 400013: {permanent: true},
		400101: {permanent: true}, 400102: {permanent: true}, 400105: {permanent: true}, 400106: {permanent: true},
		430101: {permanent: true}, 430102: {permanent: true}, 430103: {permanent: true}, 430104: {permanent: true},
	}
	feishuCodes = map[int]verdict{
		9499: {pause: time.Minute}, 11232: {pause: time.Minute}, 11233: {pause: time.Minute},
		19001: {permanent: true}, 19002: {permanent: true}, 19021: {permanent: true}, 19022: {permanent: true}, 19024: {permanent: true},
	}
)

type plainText struct {
	Content string `json:"content"`
}

type robotText struct {
	MsgType string    `json:"msgtype"`
	Text    plainText `json:"text"`
}

// Send implements Sender.
func (w WeComSender) Send(ctx context.Context, m Message) Outcome {
	body, _ := json.Marshal(robotText{"text", plainText{CutBytes(m.Text, WeComLimit)}})
	a, o := post(ctx, w.Client, m.URL, body, nil)
	if a == nil {
		return o
	}
	return byErrCode("wecom", a, m.At, wecomCodes)
}

// Send implements Sender: sign = base64(HMAC-SHA256(secret, timestamp_ms + "\n" + secret)) in the query.
func (d DingTalkSender) Send(ctx context.Context, m Message) Outcome {
	target, err := url.Parse(m.URL)
	if err != nil {
		return permanent("url_invalid", "the target is not a valid URL")
	}
	if secret := firstSecret(m); secret != "" {
		stamp := strconv.FormatInt(m.At.UnixMilli(), 10)
		q := target.Query()
		q.Set("timestamp", stamp)
		q.Set("sign", hmacBase64([]byte(secret), stamp+"\n"+secret))
		target.RawQuery = q.Encode()
	}
	body, _ := json.Marshal(robotText{"text", plainText{CutBytes(m.Text, DingTalkLimit)}})
	a, o := post(ctx, d.Client, target.String(), body, nil)
	if a == nil {
		return o
	}
	return byErrCode("dingtalk", a, m.At, dingtalkCodes)
}

type feishuText struct {
	Timestamp string `json:"timestamp,omitempty"`
	Sign      string `json:"sign,omitempty"`
	MsgType   string `json:"msg_type"`
	Content   struct {
		Text string `json:"text"`
	} `json:"content"`
}

// Send implements Sender: the signature is the HMAC of an empty message whose
// key is timestamp_s + "\n" + secret, carried in the body.
func (f FeishuSender) Send(ctx context.Context, m Message) Outcome {
	text := feishuText{MsgType: "text"}
	text.Content.Text = CutBytes(m.Text, FeishuLimit)
	if secret := firstSecret(m); secret != "" {
		text.Timestamp = strconv.FormatInt(m.At.Unix(), 10)
		text.Sign = hmacBase64([]byte(text.Timestamp+"\n"+secret), "")
	}
	body, _ := json.Marshal(text)
	a, o := post(ctx, f.Client, m.URL, body, nil)
	if a == nil {
		return o
	}
	return byErrCode("feishu", a, m.At, feishuCodes)
}

func firstSecret(m Message) string {
	if len(m.Secrets) == 0 {
		return ""
	}
	return m.Secrets[0]
}

func hmacBase64(key []byte, message string) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(message))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// byErrCode judges a robot's answer: the code in the body counts, HTTP 200 says nothing.
func byErrCode(name string, a *answer, now time.Time, known map[int]verdict) Outcome {
	code, message, ok := decodeErrCode(a.body)
	if !ok {
		if o := byStatus(a, now); o.Result != Delivered {
			return o
		}
		return temporary(name+"_unreadable", "the answer is not the JSON of a robot")
	}
	if code == 0 && a.status < 300 {
		return delivered()
	}
	v := known[code]
	o := Outcome{Result: Temporary, Code: name + "_" + strconv.Itoa(code), Detail: clip(message)}
	if v.permanent {
		o.Result = Permanent
	}
	o.RetryAfter = max(v.pause, retryAfter(a.header, now))
	return o
}

// decodeErrCode reads {"errcode","errmsg"}, Feishu's {"code","msg"} and its older {"StatusCode","StatusMessage"}.
func decodeErrCode(body []byte) (code int, message string, ok bool) {
	var r struct {
		ErrCode       *int   `json:"errcode"`
		ErrMsg        string `json:"errmsg"`
		Code          *int   `json:"code"`
		Msg           string `json:"msg"`
		StatusCode    *int   `json:"StatusCode"`
		StatusMessage string `json:"StatusMessage"`
	}
	if json.Unmarshal(body, &r) != nil {
		return 0, "", false
	}
	switch {
	case r.ErrCode != nil:
		return *r.ErrCode, r.ErrMsg, true
	case r.Code != nil:
		return *r.Code, r.Msg, true
	case r.StatusCode != nil:
		return *r.StatusCode, r.StatusMessage, true
	}
	return 0, "", false
}
