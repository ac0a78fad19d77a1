package channel

import (
	"context"
	"net/url"
	"slices"
	"strings"
)

// homes are the hosts where each platform has its robots.
var homes = map[Kind][]string{
	WeCom:    {"qyapi.weixin.qq.com"},
	DingTalk: {"oapi.dingtalk.com"},
	Feishu:   {"open.feishu.cn", "open.larksuite.com"},
}

// Home is where the robots of a kind are, for people; "" for another kind.
func Home(k Kind) string { return strings.Join(homes[k], ", ") }

// AtHome reports whether a target is a robot of its platform: over TLS, on the
// platform's own host. Other kinds may be anywhere.
func AtHome(k Kind, target *url.URL) bool {
	hosts, robot := homes[k]
	return !robot || target.Scheme == "https" && target.User == nil && slices.Contains(hosts, strings.TrimSuffix(strings.ToLower(target.Host), ":443"))
}

// HomeSender sends for a robot only to where its platform is, whatever was
// saved: what goes to a group of residents goes through nobody else.
type HomeSender struct {
	Sender
	Kind   Kind
	AtHome func(Kind, *url.URL) bool
}

// Send implements Sender.
func (h HomeSender) Send(ctx context.Context, m Message) Outcome {
	u, err := url.Parse(m.URL)
	if err != nil || !h.AtHome(h.Kind, u) {
		return permanent("host_refused", "robots of this kind are at "+Home(h.Kind))
	}
	return h.Sender.Send(ctx, m)
}
