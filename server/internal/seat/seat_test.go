package seat_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/tickroom/tickroom/internal/identity"
	"github.com/tickroom/tickroom/server/config"
	"github.com/tickroom/tickroom/server/internal/seat"
	"github.com/tickroom/tickroom/server/internal/seattest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var (
	noon    = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	secretA = []byte("the first secret, of 32 bytes or more")
	secretB = []byte("the second secret, which comes after it")
)

// world is a matchmaker and a node, with a clock.
type world struct {
	now    atomic.Int64
	keys   *seat.Keys
	issuer *seat.Issuer
	gate   *seat.Gate
	used   *seat.Memory
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{}
	w.set(noon)
	var err error
	if w.keys, err = seat.NewKeys(secretA); err != nil {
		t.Fatal(err)
	}
	if w.issuer, err = seat.NewIssuer(w.keys, 30*time.Second, w.clock); err != nil {
		t.Fatal(err)
	}
	if w.used, err = seat.NewMemory(1000, w.clock); err != nil {
		t.Fatal(err)
	}
	w.gate = seat.NewGate("node-1", w.keys, w.used, 5*time.Second, w.clock)
	return w
}

func (w *world) clock() time.Time     { return time.Unix(0, w.now.Load()) }
func (w *world) set(t time.Time)      { w.now.Store(t.UnixNano()) }
func (w *world) pass(d time.Duration) { w.now.Add(int64(d)) }

var ann = seat.Seat{Player: "ann", Room: "arena-1", Node: "node-1", Mode: "duel", Team: 1, Role: "player"}

func (w *world) issue(t testing.TB, s seat.Seat) seat.Token {
	t.Helper()
	token, _, err := w.issuer.Issue(s)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func (w *world) redeem(t testing.TB, token seat.Token) error {
	t.Helper()
	_, err := w.gate.Redeem(t.Context(), token, "ann", "arena-1")
	return err
}

func TestSeat(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token, issued, err := w.issuer.Issue(ann)
	if err != nil {
		t.Fatal(err)
	}
	if room, err := w.gate.Room(token); room != "arena-1" || err != nil {
		t.Errorf("%q, %v", room, err)
	}
	got, err := w.gate.Redeem(t.Context(), token, "ann", "arena-1")
	if err != nil || got != issued {
		t.Errorf("%+v, %v; want %+v", got, err, issued)
	}
	want := ann
	want.ID, want.Issued, want.Expires = got.ID, got.Issued, got.Expires
	if got != want || !got.Issued.Equal(noon) || !got.Expires.Equal(noon.Add(30*time.Second)) || got.ID == (seat.ID{}) {
		t.Errorf("%+v", got)
	}
	if w.redeem(t, w.issue(t, ann)) != nil {
		t.Error("another seat of the same player is refused")
	}
}

// TestAttacks holds what somebody might try who wants in.
func must(err error) {
	if err != nil {
		panic(err)
	}
}

func TestAttacks(t *testing.T) {
	t.Parallel()
	rekeyed := func(change func(*world)) func(*testing.T, *world) (seat.Token, string, string) {
		return func(t *testing.T, w *world) (seat.Token, string, string) {
			token := w.issue(t, ann)
			change(w)
			return token, "ann", "arena-1"
		}
	}
	as := func(s seat.Seat) func(*testing.T, *world) (seat.Token, string, string) {
		return func(t *testing.T, w *world) (seat.Token, string, string) { return w.issue(t, s), "ann", "arena-1" }
	}
	for name, c := range map[string]struct {
		do   func(*testing.T, *world) (token seat.Token, player, room string)
		want error
	}{
		"nothing": {func(*testing.T, *world) (seat.Token, string, string) { return "", "ann", "arena-1" }, seat.ErrMalformed},
		"a guess": {func(*testing.T, *world) (seat.Token, string, string) {
			return seat.Token(strings.Repeat("A", 200)), "ann", "arena-1"
		}, seat.ErrMalformed},
		"too long": {func(*testing.T, *world) (seat.Token, string, string) {
			return seat.Token(strings.Repeat("A", seat.MaxToken+1)), "ann", "arena-1"
		}, seat.ErrMalformed},
		"other player": {as(seat.Seat{Player: "bob", Room: "arena-1", Node: "node-1"}), seat.ErrWrongPlayer},
		"other room":   {as(seat.Seat{Player: "ann", Room: "arena-2", Node: "node-1"}), seat.ErrWrongRoom},
		"other node":   {as(seat.Seat{Player: "ann", Room: "arena-1", Node: "node-2"}), seat.ErrWrongNode},
		"player is a prefix": {func(t *testing.T, w *world) (seat.Token, string, string) {
			return w.issue(t, ann), "an", "arena-1"
		}, seat.ErrWrongPlayer},
		"nobody": {func(t *testing.T, w *world) (seat.Token, string, string) { return w.issue(t, ann), "", "arena-1" }, seat.ErrWrongPlayer},
		"texts shifted": {func(t *testing.T, w *world) (seat.Token, string, string) {
			return w.issue(t, seat.Seat{Player: "anna", Room: "rena-1", Node: "node-1"}), "ann", "arena-1"
		}, seat.ErrWrongPlayer},
		"replayed": {func(t *testing.T, w *world) (seat.Token, string, string) {
			token := w.issue(t, ann)
			must(w.redeem(t, token))
			return token, "ann", "arena-1"
		}, seat.ErrUsed},
		"replayed in the leeway": {func(t *testing.T, w *world) (seat.Token, string, string) {
			token := w.issue(t, ann)
			must(w.redeem(t, token))
			w.pass(35*time.Second - 1)
			return token, "ann", "arena-1"
		}, seat.ErrUsed},
		"expired":     {rekeyed(func(w *world) { w.pass(35 * time.Second) }), seat.ErrExpired},
		"long ago":    {rekeyed(func(w *world) { w.pass(1e5 * time.Hour) }), seat.ErrExpired},
		"from future": {rekeyed(func(w *world) { w.pass(-5001 * time.Millisecond) }), seat.ErrFromFuture},
		"key rotated away": {rekeyed(func(w *world) {
			must(w.keys.Set(secretB))
		}), seat.ErrKeyUnknown},
		"expired, other key": {rekeyed(func(w *world) { w.pass(time.Hour); must(w.keys.Set(secretB)) }), seat.ErrKeyUnknown},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			token, player, room := c.do(t, w)
			if _, err := w.gate.Redeem(t.Context(), token, player, room); !errors.Is(err, c.want) {
				t.Errorf("%v; want %v", err, c.want)
			}
		})
	}
}

func TestWhatASeatSurvives(t *testing.T) {
	t.Parallel()
	for name, do := range map[string]func(*world){
		"nothing happens":         func(*world) {},
		"just before it expires":  func(w *world) { w.pass(35*time.Second - 1) },
		"clocks apart":            func(w *world) { w.pass(-5 * time.Second) },
		"a new key is first":      func(w *world) { must(w.keys.Set(secretB, secretA)) },
		"a new key is second":     func(w *world) { must(w.keys.Set(secretA, secretB)) },
		"a bad key is not taken":  func(w *world) { _ = w.keys.Set([]byte("short")) },
		"others used other seats": func(w *world) { must(w.redeem(t, w.issue(t, ann))) },
	} {
		w := newWorld(t)
		token := w.issue(t, ann)
		if do(w); w.redeem(t, token) != nil {
			t.Errorf("%s: refused", name)
		}
	}
}

// TestAThiefDoesNotUseItUp shows a seat in all the wrong places first.
func TestAThiefDoesNotUseItUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token := w.issue(t, ann)
	elsewhere := seat.NewGate("node-2", w.keys, w.used, 0, w.clock)
	for i, err := range []error{
		second(w.gate.Redeem(t.Context(), token, "mallory", "arena-1")),
		second(w.gate.Redeem(t.Context(), token, "ann", "arena-2")),
		second(elsewhere.Redeem(t.Context(), token, "ann", "arena-1")),
		second(w.gate.Verify(token, "ann", "arena-1")),
	} {
		if (err == nil) != (i == 3) {
			t.Error(i, err)
		}
	}
	if err := w.redeem(t, token); err != nil {
		t.Error(err)
	}
}

// TestGivenBack has many come with one seat at once, again and again; whoever has it is
// turned away. It is never with two at a time, and used up by the one who stays.
func TestGivenBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token := w.issue(t, ann)
	var with, had, strange atomic.Int32
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 200 {
				s, err := w.gate.Redeem(t.Context(), token, "ann", "arena-1")
				switch {
				case err == nil:
					had.Add(1)
					if with.Add(1) != 1 {
						strange.Add(1)
					}
					with.Add(-1)
					w.gate.GiveBack(&s)
				case !errors.Is(err, seat.ErrUsed):
					strange.Add(1)
				}
			}
		})
	}
	wg.Wait()
	if had.Load() < 2 || strange.Load() != 0 {
		t.Errorf("it was had %d times; %d times it was with two, or refused for another reason", had.Load(), strange.Load())
	}
	s, err := w.gate.Redeem(t.Context(), token, "ann", "arena-1")
	if err != nil {
		t.Fatal(err)
	}
	if err := w.redeem(t, token); !errors.Is(err, seat.ErrUsed) {
		t.Error(err)
	}
	w.pass(35 * time.Second)
	w.gate.GiveBack(&s)
	if err := w.redeem(t, token); !errors.Is(err, seat.ErrExpired) {
		t.Error(err)
	}
}

func second[T any](_ T, err error) error { return err }

// TestEveryBitCounts turns each bit around, of the token's text and of the bytes in
// it, and cuts it everywhere.
func TestEveryBitCounts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token := w.issue(t, ann)
	raw, err := base64.RawURLEncoding.DecodeString(string(token))
	if err != nil {
		t.Fatal(err)
	}
	bad := func(what string, token seat.Token) {
		t.Helper()
		err := w.redeem(t, token)
		if !errors.Is(err, seat.ErrMalformed) && !errors.Is(err, seat.ErrForged) && !errors.Is(err, seat.ErrKeyUnknown) {
			t.Errorf("%s: %v", what, err)
		}
	}
	for i := range token {
		for bit := range 8 {
			b := []byte(token)
			b[i] ^= 1 << bit
			bad(fmt.Sprintf("bit %d of character %d", bit, i), seat.Token(b))
		}
		bad(fmt.Sprintf("cut at %d", i), token[:i])
		for _, c := range "\n\r =A" {
			bad(fmt.Sprintf("%q put in at %d", c, i), token[:i]+seat.Token(c)+token[i:])
		}
	}
	for i := range raw {
		for bit := range 8 {
			b := bytes.Clone(raw)
			b[i] ^= 1 << bit
			bad(fmt.Sprintf("bit %d of byte %d", bit, i), seat.Token(base64.RawURLEncoding.EncodeToString(b)))
		}
		bad(fmt.Sprintf("%d bytes", i), seat.Token(base64.RawURLEncoding.EncodeToString(raw[:i])))
	}
	bad("a byte more", seat.Token(base64.RawURLEncoding.EncodeToString(append(raw, 0))))
	bad("padded", seat.Token(base64.URLEncoding.EncodeToString(append(bytes.Clone(raw), 0))))
	if err := w.redeem(t, token); err != nil {
		t.Error(err)
	}
}

// TestGuesses tries signatures for a seat whose every other byte is known.
func TestGuesses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	raw, err := base64.RawURLEncoding.DecodeString(string(w.issue(t, ann)))
	if err != nil {
		t.Fatal(err)
	}
	text := raw[:len(raw)-32]
	plain := hmac.New(sha256.New, secretA) // the secret itself, not what is derived from it
	plain.Write(text)
	sum := sha256.Sum256(append(bytes.Clone(secretA), text...))
	for i, mac := range [][]byte{make([]byte, 32), bytes.Repeat([]byte{255}, 32), plain.Sum(nil), sum[:]} {
		token := seat.Token(base64.RawURLEncoding.EncodeToString(append(bytes.Clone(text), mac...)))
		if err := w.redeem(t, token); !errors.Is(err, seat.ErrForged) {
			t.Errorf("%d: %v", i, err)
		}
	}
	ids := map[seat.ID]bool{}
	for range 1000 {
		_, s, err := w.issuer.Issue(ann)
		if err != nil || ids[s.ID] {
			t.Fatal("twice the same id", err)
		}
		ids[s.ID] = true
	}
}

// TestNotAnIdentity uses one secret for both kinds of tokens.
func TestNotAnIdentity(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, secretA, 0o600); err != nil {
		t.Fatal(err)
	}
	key, err := identity.ReadSigningKey(path)
	if err != nil {
		t.Fatal(err)
	}
	jwt, err := key.Mint(identity.Grant{Player: "ann", TTL: time.Hour, Now: noon})
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t)
	parts := strings.Split(string(jwt), ".")
	for _, s := range []string{string(jwt), parts[0], parts[1], parts[2], strings.ReplaceAll(string(jwt), ".", "")} {
		if err := w.redeem(t, seat.Token(s)); !errors.Is(err, seat.ErrMalformed) && !errors.Is(err, seat.ErrKeyUnknown) {
			t.Errorf("%v", err)
		}
	}
	cfg := identity.Config(config.Default().Identity.Tokens)
	cfg.SecretFiles = []string{path}
	v, err := identity.NewVerifier(t.Context(), cfg, identity.Options{Now: w.clock, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	if _, err := v.Verify(t.Context(), jwt); err != nil {
		t.Error(err)
	}
	token := string(w.issue(t, ann))
	for _, s := range []string{token, parts[0] + "." + token + "." + parts[2], token[:40] + "." + token[40:80] + "." + token[80:]} {
		if _, err := v.Verify(t.Context(), identity.Token(s)); err == nil || identity.ClassOf(err) != identity.Malformed && identity.ClassOf(err) != identity.BadSignature {
			t.Errorf("%v", err)
		}
	}
}

// TestVectors holds the format to bytes put together by hand.
func TestVectors(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	raw, err := base64.RawURLEncoding.DecodeString(string(w.issue(t, ann)))
	if err != nil {
		t.Fatal(err)
	}
	want := binary.BigEndian.AppendUint64(nil, uint64(noon.UnixMilli()))
	want = append(want, 0, 0, 0x75, 0x30, 1, 0) // 30,000 ms, team 1, this room
	want = append(want, "\x03ann\x07arena-1\x06node-1\x04duel\x06player"...)
	if raw[0] != 2 || !bytes.Equal(raw[21:len(raw)-32], want) {
		t.Errorf("%x\nwant 02 (key id) (id) %x (mac)", raw, want)
	}
	if n := len(base64.RawURLEncoding.EncodeToString(raw)); n != 131 {
		t.Errorf("%d characters", n)
	}
}

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rapid.Check(t, func(rt *rapid.T) {
		text := func(name string, least int) string {
			return string(rapid.SliceOfN(rapid.Byte(), least, seat.MaxText).Draw(rt, name))
		}
		s := seat.Seat{Player: text("player", 1), Room: text("room", 1), Node: "node-1", Mode: text("mode", 0), Role: text("role", 0), Name: text("name", 0), Team: rapid.Byte().Draw(rt, "team"), AnyRoom: rapid.Bool().Draw(rt, "any room")}
		token, issued, err := w.issuer.Issue(s)
		if err != nil || len(token) > seat.MaxToken {
			rt.Fatal(len(token), err)
		}
		got, err := w.gate.Verify(token, s.Player, s.Room)
		if err != nil || got != issued {
			rt.Fatalf("%+v, %v; want %+v", got, err, issued)
		}
	})
}

func TestWhatCannotBeIssued(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	long := strings.Repeat("x", seat.MaxText+1)
	for name, s := range map[string]seat.Seat{
		"without player": {Room: "r", Node: "n"}, "without room": {Player: "p", Node: "n"}, "without node": {Player: "p", Room: "r"},
		"long player": {Player: long, Room: "r", Node: "n"}, "long room": {Player: "p", Room: long, Node: "n"}, "long node": {Player: "p", Room: "r", Node: long},
		"long mode": {Player: "p", Room: "r", Node: "n", Mode: long}, "long role": {Player: "p", Room: "r", Node: "n", Role: long},
	} {
		if token, _, err := w.issuer.Issue(s); err == nil || token != "" {
			t.Errorf("%s: issued", name)
		}
	}
	for _, ttl := range []time.Duration{0, -1, seat.MaxTTL + 1} {
		if _, err := seat.NewIssuer(w.keys, ttl, nil); err == nil {
			t.Errorf("an issuer of seats good for %v", ttl)
		}
	}
	for _, secrets := range [][][]byte{{}, {secretA[:31]}, {secretA, nil}, make([][]byte, 9)} {
		if _, err := seat.NewKeys(secrets...); err == nil {
			t.Errorf("keys of %d secrets", len(secrets))
		}
	}
	if _, err := seat.NewMemory(0, nil); err == nil {
		t.Error("a store without place")
	}
}

type failing struct{ error }

func (f failing) Take(context.Context, seat.ID, time.Time) error { return f.error }

func TestAStoreThatFailsLetsNobodyIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	cause := errors.New("redis at 10.0.0.1 is gone")
	for give, want := range map[error]error{
		cause: seat.ErrUnavailable, seat.ErrFull: seat.ErrUnavailable, context.Canceled: seat.ErrUnavailable,
		fmt.Errorf("x: %w", seat.ErrUsed): seat.ErrUsed, seat.ErrExpired: seat.ErrExpired,
	} {
		gate := seat.NewGate("node-1", w.keys, failing{give}, 0, w.clock)
		_, err := gate.Redeem(t.Context(), w.issue(t, ann), "ann", "arena-1")
		if !errors.Is(err, want) || strings.Contains(err.Error(), "redis") {
			t.Errorf("%v: %v", give, err)
		}
		if errors.Is(want, seat.ErrUnavailable) && !errors.Is(err, give) {
			t.Errorf("the cause %v is lost: %v", give, err)
		}
		if seat.Label(err) == "" {
			t.Errorf("%v has no label", err)
		}
	}
}

func TestMemory(t *testing.T) {
	t.Parallel()
	seattest.Used(t, func(t *testing.T) (seat.Used, seat.Used) {
		m, err := seat.NewMemory(1000, nil)
		if err != nil {
			t.Fatal(err)
		}
		return m, m
	})
}

// TestMemoryIsBounded fills a store: it refuses rather than forget.
func TestMemoryIsBounded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var first seat.Token
	for i := range 1000 {
		token := w.issue(t, ann)
		if i == 0 {
			first = token
		}
		if err := w.redeem(t, token); err != nil {
			t.Fatal(err)
		}
	}
	late := w.issue(t, ann)
	if err := w.redeem(t, late); !errors.Is(err, seat.ErrUnavailable) || !errors.Is(err, seat.ErrFull) {
		t.Error(err)
	}
	if err := w.redeem(t, first); !errors.Is(err, seat.ErrUsed) {
		t.Errorf("the first seat, when the store is full: %v", err)
	}
	if n := w.used.Len(); n != 1000 {
		t.Errorf("%d seats", n)
	}
	w.pass(37 * time.Second)
	if err := w.redeem(t, w.issue(t, ann)); err != nil {
		t.Error(err)
	}
	if n := w.used.Len(); n != 1 {
		t.Errorf("%d seats are remembered after all but one have expired", n)
	}
}

// TestClockGoesBack must not make a forgotten seat good again.
func TestClockGoesBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token := w.issue(t, ann)
	if err := w.redeem(t, token); err != nil {
		t.Fatal(err)
	}
	w.pass(time.Minute)
	if err := w.redeem(t, w.issue(t, ann)); err != nil || w.used.Len() != 1 {
		t.Fatal(err, w.used.Len())
	}
	w.pass(-50 * time.Second)
	if err := w.redeem(t, token); !errors.Is(err, seat.ErrExpired) {
		t.Error(err)
	}
}

func TestNothingLeaks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token := w.issue(t, ann)
	var b bytes.Buffer
	log := slog.New(slog.NewTextHandler(&b, nil))
	for _, x := range []any{token, w.keys, []seat.Token{token}, w.redeem(t, token+"x")} {
		fmt.Fprintf(&b, "%v %+v %#v %s\n", x, x, x, x)
		log.Info("x", "x", x)
		js, err := json.Marshal(x)
		if err != nil {
			t.Error(err)
		}
		b.Write(js)
	}
	if strings.Contains(b.String(), string(token)) || strings.Contains(b.String(), "secret") {
		t.Error(&b)
	}
}

func TestSecrets(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name string, b []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	keys := func(files ...string) (*seat.Keys, error) {
		secrets, err := seat.Secrets(files)
		if err != nil {
			return nil, err
		}
		return seat.NewKeys(secrets...)
	}
	a, err := keys()
	if err != nil || a == nil {
		t.Fatal(err)
	}
	k, err := keys(write("a", append(bytes.Clone(secretA), '\n')), write("b", secretB))
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t)
	gate := seat.NewGate("node-1", k, w.used, 0, w.clock)
	if _, err := gate.Redeem(t.Context(), w.issue(t, ann), "ann", "arena-1"); err != nil {
		t.Error(err)
	}
	for want, path := range map[string]string{
		"has 5 bytes": write("c", []byte("short")), "PEM": write("d", []byte("-----BEGIN PUBLIC KEY-----")), "no such file": filepath.Join(dir, "e"),
	} {
		if _, err := keys(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in: %v", want, err)
		}
	}
}

// FuzzOpen feeds a gate whatever comes, as it is and with a right signature.
func FuzzOpen(f *testing.F) {
	w := newWorld(f)
	token := w.issue(f, ann)
	f.Add(string(token))
	f.Add("")
	f.Add(strings.Repeat("A", 92))
	f.Fuzz(func(t *testing.T, s string) {
		got, err := w.gate.Verify(seat.Token(s), "ann", "arena-1")
		// The token of another process is genuine too: the key is the same.
		if err == nil && (got.Player != "ann" || len(s) != len(token)) {
			t.Errorf("%q is taken for %+v", s, got)
		}
		if err != nil && seat.Label(err) == "" {
			t.Errorf("%v has no label", err)
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	w := newWorld(b)
	token := w.issue(b, ann)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := w.gate.Verify(token, "ann", "arena-1"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkIssue(b *testing.B) {
	w := newWorld(b)
	b.ReportAllocs()
	for b.Loop() {
		w.issue(b, ann)
	}
}

func BenchmarkTake(b *testing.B) {
	m, err := seat.NewMemory(1<<30, nil)
	if err != nil {
		b.Fatal(err)
	}
	until := time.Now().Add(time.Minute)
	b.ReportAllocs()
	for i := uint64(0); b.Loop(); i++ {
		var id seat.ID
		binary.BigEndian.PutUint64(id[:], i)
		if err := m.Take(b.Context(), id, until); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkEd25519 is what a check would cost with public keys.
func BenchmarkEd25519(b *testing.B) {
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		b.Fatal(err)
	}
	msg := make([]byte, 70)
	sig := ed25519.Sign(private, msg)
	for b.Loop() {
		if !ed25519.Verify(public, msg, sig) {
			b.Fatal("not genuine")
		}
	}
}
