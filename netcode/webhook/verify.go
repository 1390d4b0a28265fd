package webhook

import (
	"context"
	"crypto/hmac"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// DefaultWindow is how old a webhook may be.
const DefaultWindow = 5 * time.Minute

// maxBody bounds the body of a webhook, in bytes.
const maxBody = 1 << 20

// Errors of Verify. They are wrapped, with what was wrong.
var (
	// ErrUnsigned means that the headers are missing, or are not as they should be.
	ErrUnsigned = errors.New("webhook: it is not signed")
	// ErrSignature means that none of the signatures is one of a known secret.
	ErrSignature = errors.New("webhook: its signature is wrong")
	// ErrTime means that it was signed too long ago, or in the future: it is one that somebody
	// sends again, or a clock is wrong.
	ErrTime = errors.New("webhook: its time is wrong")
	// ErrEvent means that it is genuine and holds no event that can be read.
	ErrEvent = errors.New("webhook: its event can't be read")
)

// Options of a Verifier.
type Options struct {
	// Secrets are those that webhooks may be signed with, as ParseSecret reads them: one at
	// least, and while they are changed both.
	Secrets []string
	// Window is how far the time at which a webhook was signed may be from now. 0: DefaultWindow.
	// Whoever records a webhook can send it again for as long, see Handler.
	Window time.Duration
	// Seen makes the events once. Nil: they are remembered in memory, the newest 65,536.
	Seen Seen
	// Now is the clock. Nil: time.Now.
	Now func() time.Time
}

// Seen remembers which events have been handled, for receivers that are to handle each once. One
// in a database, in the transaction of what is done, is what makes that true across restarts.
type Seen interface {
	// Begin reports whether the event with an id is new. It is handled then, and Done is called
	// with whether that succeeded. It is not called again for the id before that.
	Begin(ctx context.Context, id string) (isNew bool, err error)
	Done(ctx context.Context, id string, succeeded bool)
}

// Verifier checks webhooks. It may be used from any goroutine.
type Verifier struct {
	secrets []Secret
	window  time.Duration
	seen    Seen
	now     func() time.Time
}

// NewVerifier makes one. The error says which secret is none.
func NewVerifier(o Options) (*Verifier, error) {
	v := &Verifier{window: o.Window, seen: o.Seen, now: o.Now}
	if v.window <= 0 {
		v.window = DefaultWindow
	}
	if v.now == nil {
		v.now = time.Now
	}
	if v.seen == nil {
		v.seen = newMemory(rememberedEvents)
	}
	if len(o.Secrets) == 0 {
		return nil, errors.New("webhook: there is no secret to check with")
	}
	for i, text := range o.Secrets {
		s, err := ParseSecret(text)
		if err != nil {
			return nil, fmt.Errorf("secret %d: %w", i+1, err)
		}
		v.secrets = append(v.secrets, s)
	}
	return v, nil
}

// Verify checks the headers and the body of a webhook, and returns its event. The error wraps
// one of this package.
func (v *Verifier) Verify(h http.Header, body []byte) (*Event, error) {
	_, e, err := v.check(h, body)
	return e, err
}

// SignedBy returns the id of the secret that a webhook is signed with, "" if it is none that is
// known.
func (v *Verifier) SignedBy(h http.Header, body []byte) string {
	s, _, err := v.check(h, body)
	if err != nil {
		return ""
	}
	return s.ID()
}

func (v *Verifier) check(h http.Header, body []byte) (by Secret, e *Event, err error) {
	id, timestamp, signatures := h.Get(HeaderID), h.Get(HeaderTimestamp), h.Get(HeaderSignature)
	if id == "" || timestamp == "" || signatures == "" {
		return by, nil, fmt.Errorf("%w: it lacks one of the headers %s, %s and %s", ErrUnsigned, HeaderID, HeaderTimestamp, HeaderSignature)
	}
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil {
		return by, nil, fmt.Errorf("%w: %s is no number of seconds", ErrUnsigned, HeaderTimestamp)
	}
	by, ok := v.signer(id, timestamp, signatures, body)
	if !ok {
		return by, nil, fmt.Errorf("%w: no secret that is known here has made it", ErrSignature)
	}
	if age := v.now().Sub(time.Unix(seconds, 0)); age > v.window || age < -v.window {
		return by, nil, fmt.Errorf("%w: it was signed %v ago; at most %v are taken", ErrTime, age.Round(time.Second), v.window)
	}
	e = new(Event)
	if err := json.Unmarshal(body, e); err != nil {
		return by, nil, fmt.Errorf("%w: %w", ErrEvent, err)
	}
	if e.ID != id {
		return by, nil, fmt.Errorf("%w: its id is not that of the header", ErrEvent)
	}
	return by, e, nil
}

// maxSignatures bounds the signatures that are looked at.
const maxSignatures = 32

// signer returns the secret that one of the signatures is of.
func (v *Verifier) signer(id, timestamp, signatures string, body []byte) (Secret, bool) {
	looked := 0
	for text := range strings.FieldsSeq(signatures) {
		enc, ok := strings.CutPrefix(text, version)
		if looked++; !ok || looked > maxSignatures {
			continue // of another convention
		}
		mac, err := base64.StdEncoding.DecodeString(enc)
		if err != nil {
			continue
		}
		for _, s := range v.secrets {
			if hmac.Equal(mac, s.signature(id, timestamp, body)) {
				return s, true
			}
		}
	}
	return Secret{}, false
}

// Handler handles webhooks: it answers 401 to those that are forged or old, 200 to those whose
// event was handled before, and otherwise calls handle and answers 200, or 500 if it returns an
// error, so that the event comes again. handle is called once at a time for an event.
//
// Within the window somebody who has recorded a webhook can send it again, which is then an event
// that was handled before.
func (v *Verifier) Handler(handle func(ctx context.Context, e *Event) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
		if err != nil {
			http.Error(w, "the body can't be read", http.StatusBadRequest)
			return
		}
		e, err := v.Verify(r.Header, body)
		switch {
		case errors.Is(err, ErrEvent):
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		case err != nil:
			http.Error(w, err.Error(), http.StatusUnauthorized)
			return
		}
		isNew, err := v.seen.Begin(r.Context(), e.ID)
		switch {
		case err != nil:
			http.Error(w, "it can't be said whether the event was handled", http.StatusServiceUnavailable)
			return
		case !isNew:
			return
		}
		ok := false
		defer func() { v.seen.Done(context.WithoutCancel(r.Context()), e.ID, ok) }()
		if err := handle(r.Context(), e); err != nil {
			http.Error(w, "the event was not handled", http.StatusInternalServerError)
			return
		}
		ok = true
	})
}
