package playback

import (
	"errors"
	"net"
	"net/netip"
	"strings"
)

var errName = errors.New("open it by localhost or an address in numbers: with another name a page from elsewhere could pretend to be this one")

// near refuses requests by a name that somebody else may have had point here.
func near(host string) error {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	host = strings.Trim(host, "[]")
	if _, err := netip.ParseAddr(host); err == nil || strings.EqualFold(host, "localhost") {
		return nil
	}
	return errName
}
