package networks

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"10.1.2.3/8": "10.0.0.0/8", "192.0.2.7": "192.0.2.7/32", "::1": "::1/128", "fe80::1%eth0": "fe80::1/128",
		"::ffff:192.0.2.7": "192.0.2.7/32", "::ffff:192.0.2.0/120": "192.0.2.0/24", "::ffff:0.0.0.0/90": "is partly IPv4",
		"everybody": `"everybody" is no network`, "10/8": "is no network", "": "is no network",
	} {
		p, err := Parse([]string{text})
		if got := fmt.Sprint(p, err); !strings.Contains(got, want) {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
		if err == nil && !Contain(p, p[0].Addr()) {
			t.Errorf("%s does not contain itself", text)
		}
	}
	if _, err := ParseTrusted([]string{"10.0.0.0/8", "0.0.0.0/0"}); err == nil || !strings.Contains(err.Error(), "everybody could claim") {
		t.Error(err)
	}
	list, err := ParseTrusted([]string{"10.0.0.0/8", "2001:db8::/32"})
	if err != nil || !Contain(list, netip.MustParseAddr("10.255.0.1")) || Contain(list, netip.MustParseAddr("11.0.0.1")) || !Contain(list, Plain(netip.MustParseAddr("::ffff:10.0.0.1"))) {
		t.Errorf("%v %v", list, err)
	}
}
