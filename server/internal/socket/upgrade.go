package socket

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// refusal is a handshake that is answered with an HTTP error.
type refusal struct {
	status int
	reason string        // for the metrics
	text   string        // for the person who reads the answer
	after  time.Duration // when to try again; 0: nobody knows
	err    error         // what is known beyond that; may be nil
}

const notWebSocket = "This address speaks WebSocket: send Connection: Upgrade and Upgrade: websocket. A proxy in between may have removed them."

// check judges a WebSocket handshake, RFC 6455 section 4.2.1. gws checks again, but less.
func (g *Gateway) check(r *http.Request) *refusal {
	switch {
	case r.Method != http.MethodGet:
		return &refusal{status: http.StatusMethodNotAllowed, reason: FailMethod, text: "A WebSocket handshake is a GET, not a " + r.Method + "."}
	case r.ProtoMajor != 1 || r.ProtoMinor < 1:
		return &refusal{status: http.StatusHTTPVersionNotSupported, reason: FailUpgrade, text: "A WebSocket handshake is made over HTTP/1.1, not " + r.Proto + "."}
	case !hasToken(r.Header["Connection"], "upgrade") || !hasToken(r.Header["Upgrade"], "websocket"):
		return &refusal{status: http.StatusUpgradeRequired, reason: FailUpgrade, text: notWebSocket}
	case r.ContentLength != 0:
		return &refusal{status: http.StatusBadRequest, reason: FailUpgrade, text: "A WebSocket handshake has no body."}
	}
	if v := r.Header["Sec-Websocket-Version"]; len(v) != 1 || v[0] != "13" {
		return &refusal{status: http.StatusUpgradeRequired, reason: FailVersion, text: fmt.Sprintf("Sec-WebSocket-Version is %q: want 13.", v)}
	}
	if k := r.Header["Sec-Websocket-Key"]; len(k) != 1 || !validKey(k[0]) {
		return &refusal{status: http.StatusBadRequest, reason: FailKey, text: "Sec-WebSocket-Key must be 16 bytes in base64."}
	}
	if err := g.origins.Check(r); err != nil {
		return &refusal{status: http.StatusForbidden, reason: FailOrigin, text: err.Error(), err: err}
	}
	if want := g.opt.Subprotocol; want != "" {
		offered := r.Header["Sec-Websocket-Protocol"]
		if len(offered) == 0 {
			return &refusal{status: http.StatusBadRequest, reason: FailSubprotocol, text: fmt.Sprintf("Offer the subprotocol %q.", want)}
		}
		if !offers(offered, want) {
			return &refusal{status: http.StatusBadRequest, reason: FailSubprotocol, text: fmt.Sprintf("None of the offered subprotocols %q is spoken here: want %q.", offered, want)}
		}
	}
	return nil
}

// asks reports whether a request is an ordinary one, and no handshake. A page sends it that
// could not connect and wants to know why: browsers tell it nothing of what a handshake was
// answered.
func asks(r *http.Request) bool {
	return r.Method == http.MethodGet && len(r.Header["Upgrade"]) == 0 && !hasToken(r.Header["Connection"], "upgrade")
}

// explain answers a request that asks: with what would be the matter with a handshake of the
// same page and address, if that is not that it would be none. It costs as much of what the
// address may, and is not reported, since the handshakes are.
func (g *Gateway) explain(w http.ResponseWriter, r *http.Request) {
	f := &refusal{status: http.StatusUpgradeRequired, reason: FailUpgrade, text: notWebSocket}
	if err := g.origins.Check(r); err != nil {
		f = &refusal{status: http.StatusForbidden, reason: FailOrigin, text: err.Error(), err: err}
	} else if g.opt.OnHandshake != nil {
		_, onEnd, err := g.opt.OnHandshake(r)
		if err != nil {
			f = limited(err)
		} else {
			onEnd()
		}
	}
	g.failed(f.reason)
	answer(w, f)
}

// refuse answers a handshake that failed. The connection is not worth keeping.
func (g *Gateway) refuse(w http.ResponseWriter, r *http.Request, f *refusal) {
	g.failed(f.reason)
	if g.opt.OnRefused != nil {
		g.opt.OnRefused(r, f.reason, f.text, f.err)
	}
	answer(w, f)
}

func answer(w http.ResponseWriter, f *refusal) {
	h := w.Header()
	// Any page may read why it may not connect.
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Access-Control-Expose-Headers", "Retry-After")
	h.Set("Cache-Control", "no-store")
	h.Set("Connection", "close")
	switch f.status {
	case http.StatusMethodNotAllowed:
		h.Set("Allow", http.MethodGet)
	case http.StatusUpgradeRequired:
		h.Set("Upgrade", "websocket")
		h.Set("Sec-WebSocket-Version", "13")
	case http.StatusServiceUnavailable:
		if f.reason != FailClosing { // the next server at this address may be there in no time
			h.Set("Retry-After", "1")
		}
	}
	if f.after > 0 {
		h.Set("Retry-After", strconv.Itoa(int((f.after+time.Second-1)/time.Second)))
	}
	http.Error(w, f.text, f.status)
}

// limited is the answer to a handshake that Options.OnHandshake refuses.
func limited(err error) *refusal {
	f := &refusal{status: http.StatusTooManyRequests, reason: FailLimited, text: err.Error(), err: err}
	if l := (*LimitError)(nil); errors.As(err, &l) {
		f.after = l.RetryAfter
		if l.Forbidden {
			f.status = http.StatusForbidden
		}
	}
	return f
}

// forGWS is the request gws sees: what has been checked, in the one form it understands,
// and no extensions, so that none is ever negotiated.
func (g *Gateway) forGWS(r *http.Request) *http.Request {
	h := http.Header{
		"Connection":            {"Upgrade"},
		"Upgrade":               {"websocket"},
		"Sec-Websocket-Version": {"13"},
		"Sec-Websocket-Key":     r.Header["Sec-Websocket-Key"],
	}
	if g.opt.Subprotocol != "" {
		h["Sec-Websocket-Protocol"] = []string{g.opt.Subprotocol}
	}
	return &http.Request{Method: http.MethodGet, Header: h}
}

// validKey reports whether a Sec-WebSocket-Key is 16 bytes in base64.
func validKey(key string) bool {
	var b [18]byte // 24 characters decode to at most 18 bytes
	if len(key) != 24 {
		return false
	}
	n, err := base64.StdEncoding.Decode(b[:], []byte(key))
	return err == nil && n == 16
}

// hasToken looks for a token in a header's comma separated lists, ignoring case.
func hasToken(lines []string, want string) bool {
	for _, line := range lines {
		for t := range strings.SplitSeq(line, ",") {
			if strings.EqualFold(strings.TrimSpace(t), want) {
				return true
			}
		}
	}
	return false
}

// offers looks for a subprotocol; their names are compared exactly.
func offers(lines []string, want string) bool {
	for _, line := range lines {
		for t := range strings.SplitSeq(line, ",") {
			if strings.TrimSpace(t) == want {
				return true
			}
		}
	}
	return false
}

// isToken reports whether s is a token of RFC 9110.
func isToken(s string) bool {
	for _, c := range []byte(s) {
		if c <= ' ' || c >= 0x7F || strings.IndexByte(`"(),/:;<=>?@[\]{}`, c) >= 0 {
			return false
		}
	}
	return s != ""
}
