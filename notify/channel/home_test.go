package channel

import (
	"context"
	"net/url"
	"testing"
)

type counting int

func (c *counting) Send(context.Context, Message) Outcome { *c++; return delivered() }

// A robot is where its platform is, and nothing that only looks like it.
func TestRobotsAreAtHome(t *testing.T) {
	for _, c := range []struct {
		kind   Kind
		target string
		ok     bool
	}{
		{WeCom, "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=K", true},
		{WeCom, "https://QYAPI.weixin.qq.com:443/x", true},
		{DingTalk, "https://oapi.dingtalk.com/robot/send?access_token=T", true},
		{Feishu, "https://open.feishu.cn/open-apis/bot/v2/hook/x", true},
		{Feishu, "https://open.larksuite.com/open-apis/bot/v2/hook/x", true},
		{Webhook, "https://anywhere.example/hook", true},
		{WeCom, "https://oapi.dingtalk.com/robot/send", false},
		{WeCom, "http://qyapi.weixin.qq.com/", false},
		{WeCom, "https://qyapi.weixin.qq.com:8443/", false},
		{WeCom, "https://qyapi.weixin.qq.com.evil.example/", false},
		{WeCom, "https://qyapi.weixin.qq.com./", false},
		{WeCom, "https://evil.example/qyapi.weixin.qq.com", false},
		{WeCom, "https://qyapi.weixin.qq.com@evil.example/", false},
		{WeCom, "https://evil.example#@qyapi.weixin.qq.com/", false},
		{DingTalk, "https://open.feishu.cn/", false},
		{Feishu, "//open.feishu.cn/x", false},
		{Feishu, "https:open.feishu.cn", false},
		{Feishu, "", false},
	} {
		u, err := url.Parse(c.target)
		if err != nil {
			t.Fatal(err)
		}
		if AtHome(c.kind, u) != c.ok {
			t.Errorf("%s at %q: %v", c.kind, c.target, !c.ok)
		}
		var sent counting
		o := HomeSender{&sent, c.kind, AtHome}.Send(t.Context(), Message{URL: c.target})
		if (o.Result == Delivered) != c.ok || (sent == 1) != c.ok || !c.ok && (o.Result != Permanent || o.Code != "host_refused") {
			t.Errorf("%s to %q: %+v, sent %d times", c.kind, c.target, o, sent)
		}
	}
}
