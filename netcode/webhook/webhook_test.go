package webhook

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

var noon = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

const (
	oldText = "whsec_c2VjcmV0IG9mIHRoZSBzaG9wLCAyNCBieXRlcysh"
	newText = "correct horse battery staple 2"
	event   = `{"id":"e1","type":"room.made","room":"arena-1","number":1}`
)

func parse(t *testing.T, text string) Secret {
	t.Helper()
	s, err := ParseSecret(text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func newVerifier(t *testing.T, o Options) *Verifier {
	t.Helper()
	if o.Now == nil {
		o.Now = func() time.Time { return noon }
	}
	v, err := NewVerifier(o)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// TestStandardWebhooks has the example of the convention's own specification, so that the
// libraries of others read what is signed here.
func TestStandardWebhooks(t *testing.T) {
	t.Parallel()
	h := http.Header{}
	body := []byte(`{"test": 2432232314}`)
	Sign(h, "msg_p5jXN8AQM9LWM0D4loKWxJek", time.Unix(1614265330, 0), body, parse(t, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"))
	if got, want := h.Get("webhook-signature"), "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="; got != want {
		t.Errorf("%s; the specification has %s", got, want)
	}
	if h.Get("webhook-id") != "msg_p5jXN8AQM9LWM0D4loKWxJek" || h.Get("webhook-timestamp") != "1614265330" {
		t.Error(h)
	}
}

func TestVerify(t *testing.T) {
	t.Parallel()
	old, next := parse(t, oldText), parse(t, newText)
	for name, c := range map[string]struct {
		with   []Secret
		at     time.Time
		change func(h http.Header, body []byte) []byte
		want   error
	}{
		"one secret":         {[]Secret{old}, noon, nil, nil},
		"both":               {[]Secret{next, old}, noon, nil, nil},
		"another":            {[]Secret{next}, noon, nil, ErrSignature},
		"old":                {[]Secret{old}, noon.Add(-5*time.Minute - time.Second), nil, ErrTime},
		"just in time":       {[]Secret{old}, noon.Add(-5 * time.Minute), nil, nil},
		"from the future":    {[]Secret{old}, noon.Add(6 * time.Minute), nil, ErrTime},
		"a changed time":     {[]Secret{old}, noon.Add(-time.Hour), func(h http.Header, b []byte) []byte { h.Set(HeaderTimestamp, fmt.Sprint(noon.Unix())); return b }, ErrSignature},
		"a changed id":       {[]Secret{old}, noon, func(h http.Header, b []byte) []byte { h.Set(HeaderID, "e2"); return b }, ErrSignature},
		"a changed body":     {[]Secret{old}, noon, func(_ http.Header, b []byte) []byte { return append(b, ' ') }, ErrSignature},
		"no signature":       {[]Secret{old}, noon, func(h http.Header, b []byte) []byte { h.Del(HeaderSignature); return b }, ErrUnsigned},
		"no time":            {[]Secret{old}, noon, func(h http.Header, b []byte) []byte { h.Del(HeaderTimestamp); return b }, ErrUnsigned},
		"an odd time":        {[]Secret{old}, noon, func(h http.Header, b []byte) []byte { h.Set(HeaderTimestamp, "noon"); return b }, ErrUnsigned},
		"another convention": {[]Secret{old}, noon, func(h http.Header, b []byte) []byte { h.Set(HeaderSignature, "v1a,x v9"); return b }, ErrSignature},
		"beside another": {[]Secret{old}, noon, func(h http.Header, b []byte) []byte {
			h.Set(HeaderSignature, "v1a,x v1,!!! "+h.Get(HeaderSignature))
			return b
		}, nil},
		"many": {[]Secret{old}, noon, func(h http.Header, b []byte) []byte {
			h.Set(HeaderSignature, strings.Repeat("v1,AAAA ", 40)+h.Get(HeaderSignature))
			return b
		}, ErrSignature},
	} {
		h, body := http.Header{}, []byte(event)
		Sign(h, "e1", c.at, body, c.with...)
		if c.change != nil {
			body = c.change(h, body)
		}
		v := newVerifier(t, Options{Secrets: []string{oldText}})
		e, err := v.Verify(h, body)
		if !errors.Is(err, c.want) || c.want == nil && (err != nil || e.Room != "arena-1" || v.SignedBy(h, body) != old.ID()) || c.want != nil && v.SignedBy(h, body) != "" {
			t.Errorf("%s: %v, %v", name, e, err)
		}
	}
	h, body := http.Header{}, []byte(`[]`)
	Sign(h, "e1", noon, body, old)
	if _, err := newVerifier(t, Options{Secrets: []string{oldText}}).Verify(h, body); !errors.Is(err, ErrEvent) {
		t.Error(err)
	}
	body = []byte(`{"id":"e2"}`)
	Sign(h, "e1", noon, body, old)
	if _, err := newVerifier(t, Options{Secrets: []string{oldText}}).Verify(h, body); !errors.Is(err, ErrEvent) {
		t.Error(err)
	}
}

func TestSecretsAreNotShown(t *testing.T) {
	t.Parallel()
	s := parse(t, newText)
	if text := fmt.Sprintf("%v %+v %#v %s %q", s, s, s, s, s); strings.Contains(text, "horse") {
		t.Error(text)
	}
	for _, text := range []string{"", "short", "whsec_short", "whsec_!!!" + newText, "-----BEGIN PRIVATE KEY-----\n" + newText} {
		if _, err := NewVerifier(Options{Secrets: []string{text}}); err == nil || len(text) > 12 && strings.Contains(err.Error(), text) {
			t.Errorf("%q: %v", text, err)
		}
	}
	if _, err := NewVerifier(Options{}); err == nil {
		t.Error("without secrets")
	}
	if parse(t, oldText+"\n").ID() != parse(t, "base64:"+strings.TrimPrefix(oldText, "whsec_")).ID() {
		t.Error("a secret has one id")
	}
}

// TestHandlerOnce has an event come again and again: while it is handled, after it has failed,
// after it was handled.
func TestHandlerOnce(t *testing.T) {
	t.Parallel()
	secret := parse(t, oldText)
	inside, goOn := make(chan struct{}), make(chan error)
	h := newVerifier(t, Options{Secrets: []string{oldText}}).Handler(func(context.Context, *Event) error {
		inside <- struct{}{}
		return <-goOn
	})
	send := func() int {
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(event))
		Sign(r.Header, "e1", noon, []byte(event), secret)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w.Code
	}
	for _, c := range []struct {
		err  error
		want int
	}{{errors.New("the database is away"), 500}, {nil, 200}} {
		var first int
		var wg sync.WaitGroup
		wg.Go(func() { first = send() })
		<-inside
		if got := send(); got != http.StatusServiceUnavailable {
			t.Errorf("meanwhile: %d", got)
		}
		goOn <- c.err
		wg.Wait()
		if first != c.want {
			t.Errorf("%v: %d", c.err, first)
		}
	}
	if got := send(); got != http.StatusOK {
		t.Errorf("afterwards: %d", got)
	}

	r := httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(make([]byte, maxBody+1)))
	w := httptest.NewRecorder()
	if h.ServeHTTP(w, r); w.Code != http.StatusBadRequest {
		t.Errorf("a long body: %d", w.Code)
	}
}

func TestMemoryForgetsTheOldest(t *testing.T) {
	t.Parallel()
	m := newMemory(2)
	for _, id := range []string{"a", "b", "c"} {
		if isNew, err := m.Begin(t.Context(), id); !isNew || err != nil {
			t.Error(id, err)
		}
		m.Done(t.Context(), id, true)
	}
	for id, want := range map[string]bool{"a": true, "b": false, "c": false} {
		if isNew, _ := m.Begin(t.Context(), id); isNew != want {
			t.Errorf("%s is new: %v", id, isNew)
		}
	}
}
