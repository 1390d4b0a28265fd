package hooks

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/tickroom/tickroom/netcode/webhook"
	"github.com/tickroom/tickroom/server/internal/networks"
)

const (
	// maxAnswer is how much of an answer is read, in bytes: nothing in it is of use, but a
	// connection that is read to its end can be used again.
	maxAnswer = 4 << 10
	// maxShown is how much of an answer is shown to an operator.
	maxShown = 200
	// idleConnections are kept to each webhook.
	idleConnections = 8
)

// poster sends letters to one address. It may be used from several goroutines.
type poster struct {
	url     string
	agent   string
	timeout time.Duration
	secrets []webhook.Secret
	client  *http.Client
}

// errPrivate means that a webhook would go to an address that is not public.
var errPrivate = errors.New("its host has an address that is not public; set hooks.allow_private: true if it is meant")

// newPoster makes a poster. It uses no proxy and follows nowhere: what is sent, and where to, is what
// is configured.
func newPoster(r Receiver, o *Options) *poster {
	dialer := &net.Dialer{Timeout: o.Timeout}
	if !o.AllowPrivate {
		// The address that is connected to, not the one that a name had a moment before.
		dialer.Control = func(_, address string, _ syscall.RawConn) error {
			a, err := netip.ParseAddrPort(address)
			if err != nil || !networks.Public(a.Addr()) {
				return errPrivate
			}
			return nil
		}
	}
	return &poster{
		url: r.URL, agent: "tickroom/" + strings.Trim(o.Version, "()"), timeout: o.Timeout, secrets: r.Secrets,
		client: &http.Client{
			Transport: &http.Transport{
				DialContext: dialer.DialContext, ForceAttemptHTTP2: true, MaxIdleConnsPerHost: idleConnections, MaxConnsPerHost: o.Concurrency,
				IdleConnTimeout: time.Minute, TLSHandshakeTimeout: o.Timeout, MaxResponseHeaderBytes: 64 << 10,
				TLSClientConfig: o.TLS,
			},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

// outcome is what an attempt came to.
type outcome struct {
	err    error         // nil: it has arrived
	least  time.Duration // when to try again at the earliest, as the receiver says
	refuse bool          // the receiver will never take it
}

// post makes one attempt.
func (p *poster) post(ctx context.Context, l *Letter) outcome {
	ctx, cancel := context.WithTimeout(ctx, p.timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.url, bytes.NewReader(l.Body))
	if err != nil {
		return outcome{err: errors.New("the request can't be made")}
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", p.agent)
	// The time is that of the attempt: the receiver's window is about that.
	webhook.Sign(req.Header, l.ID, time.Now(), l.Body, p.secrets...)
	resp, err := p.client.Do(req)
	if err != nil {
		if e := (*url.Error)(nil); errors.As(err, &e) {
			err = e.Err // its text has the whole address, whose query may be a secret
		}
		if errors.Is(err, context.DeadlineExceeded) {
			err = fmt.Errorf("there was no answer within %v", p.timeout)
		}
		return outcome{err: err}
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	switch {
	case resp.StatusCode >= 200 && resp.StatusCode < 300:
		return outcome{} // also if the rest of the answer got lost
	case err != nil:
		return outcome{err: fmt.Errorf("it was answered %d", resp.StatusCode)}
	case resp.StatusCode >= 300 && resp.StatusCode < 400:
		return outcome{err: fmt.Errorf("it was answered %d, which leads elsewhere and is not followed; set the address that it leads to", resp.StatusCode)}
	}
	return outcome{
		err:    fmt.Errorf("it was answered %d%s", resp.StatusCode, shown(body)),
		least:  retryAfter(resp.Header.Get("Retry-After")),
		refuse: resp.StatusCode == http.StatusGone,
	}
}

// shown returns the beginning of an answer, for an operator.
func shown(body []byte) string {
	text := strings.Join(strings.FieldsFunc(strings.ToValidUTF8(string(body[:min(len(body), maxShown)]), ""), func(r rune) bool { return r < ' ' || r == 0x7f }), " ")
	if text == "" {
		return ""
	}
	return ": " + text
}

// retryAfter returns what the header of that name means: seconds, or a date.
func retryAfter(text string) time.Duration {
	if s, err := strconv.Atoi(text); err == nil {
		return time.Duration(max(0, min(s, 24*60*60))) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(0, time.Until(at))
	}
	return 0
}

func (p *poster) close() { p.client.CloseIdleConnections() }
