package identity

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/tickroom/tickroom/internal/secret"
)

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func edJWK(kid string, k ed25519.PrivateKey) m {
	return m{"kty": "OKP", "crv": "Ed25519", "kid": kid, "x": b64(k.Public().(ed25519.PublicKey)), "use": "sig", "alg": "EdDSA"}
}

func rsaJWK(kid string, k *rsa.PrivateKey) m {
	return m{"kty": "RSA", "kid": kid, "n": b64(k.N.Bytes()), "e": b64(big.NewInt(int64(k.E)).Bytes())}
}

func edited(k m, change m) m {
	out := m{}
	for n, v := range k {
		out[n] = v
	}
	for n, v := range change {
		out[n] = v
	}
	return out
}

func jwks(keys ...m) []byte {
	b, err := json.Marshal(m{"keys": keys})
	if err != nil {
		panic(err)
	}
	return b
}

func TestSecrets(t *testing.T) {
	t.Parallel()
	random := bytes.Repeat([]byte{1, 2, 3, 4, 5, 6, 7, 8}, 4)
	for name, c := range map[string]struct {
		text string
		want string // part of the error, "" for none
	}{
		"good":              {passphrase, ""},
		"with a line end":   {passphrase + "\n", ""},
		"short":             {"0123456789abcdef0123456789abcde", "31 bytes"},
		"empty":             {"", "0 bytes"},
		"white":             {strings.Repeat(" ", 40), "0 bytes"},
		"the same again":    {strings.Repeat("ab", 30), "2 different"},
		"base64":            {"base64:" + base64.StdEncoding.EncodeToString(random), ""},
		"base64 for URLs":   {"base64:" + base64.RawURLEncoding.EncodeToString(random), ""},
		"base64 of little":  {"base64:" + base64.StdEncoding.EncodeToString(random[:31]), "31 bytes"},
		"no base64":         {"base64:!" + passphrase, "not base64"},
		"public key in PEM": {string(publicPEM(t, rsaKey().Public())), "key_files"},
	} {
		b, err := parseSecret([]byte(c.text))
		if c.want == "" && (err != nil || len(b) < MinSecret) || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil && len(strings.TrimSpace(c.text)) > 10 && strings.Contains(err.Error(), strings.TrimSpace(c.text)) {
			t.Errorf("%s: the error tells it: %v", name, err)
		}
	}
}

func TestPEM(t *testing.T) {
	t.Parallel()
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(edKey())
	if err != nil {
		t.Fatal(err)
	}
	block := func(kind string, der []byte) []byte {
		return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
	}
	cert, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{SerialNumber: big.NewInt(1)}, &x509.Certificate{SerialNumber: big.NewInt(1)}, edKey().Public(), edKey())
	if err != nil {
		t.Fatal(err)
	}
	small := &rsa.PublicKey{N: new(big.Int).Lsh(big.NewInt(1), 1023), E: 65537}
	huge := &rsa.PublicKey{N: new(big.Int).Lsh(big.NewInt(1), 16000), E: 65537}
	even := &rsa.PublicKey{N: rsaKey().N, E: 65536}
	for name, c := range map[string]struct {
		pem  []byte
		want string
	}{
		"Ed25519":     {publicPEM(t, edKey().Public()), ""},
		"RSA":         {publicPEM(t, rsaKey().Public()), ""},
		"RSA, PKCS 1": {block("RSA PUBLIC KEY", x509.MarshalPKCS1PublicKey(&rsaKey().PublicKey)), ""},
		"certificate": {block("CERTIFICATE", cert), ""},
		"ECDSA":       {publicPEM(t, ec.Public()), "not supported"},
		"private":     {block("PRIVATE KEY", private), "private key"},
		"small RSA":   {block("RSA PUBLIC KEY", x509.MarshalPKCS1PublicKey(small)), "1024 bits"},
		"huge RSA":    {block("RSA PUBLIC KEY", x509.MarshalPKCS1PublicKey(huge)), "16001 bits"},
		"even":        {block("RSA PUBLIC KEY", x509.MarshalPKCS1PublicKey(even)), "65536"},
		"request":     {block("CERTIFICATE REQUEST", cert), "CERTIFICATE REQUEST"},
		"damaged":     {block("PUBLIC KEY", cert), "can't be read"},
		"nothing":     {[]byte("hello"), "no public key"},
	} {
		keys, err := parsePEM(c.pem)
		if c.want == "" && (err != nil || len(keys) != 1) || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestKeySets(t *testing.T) {
	t.Parallel()
	ed, rs := edJWK("e", edKey()), rsaJWK("r", rsaKey())
	oct := m{"kty": "oct", "kid": "o", "k": b64([]byte(passphrase))}
	many := make([]m, 65)
	for i := range many {
		many[i] = ed
	}
	for name, c := range map[string]struct {
		set  []byte
		n    int
		want string
	}{
		"both":                          {jwks(ed, rs), 2, ""},
		"others are passed over":        {jwks(m{"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}, oct, m{"kty": "?"}, ed), 1, ""},
		"not an object among them":      {[]byte(`{"keys":[7,null,"x",` + string(must(json.Marshal(rs))) + `]}`), 1, ""},
		"private part is left out":      {jwks(edited(ed, m{"d": b64(edKey().Seed())})), 1, ""},
		"another address is not asked":  {jwks(edited(rs, m{"x5u": "http://127.0.0.1:1/", "x5c": []string{"AA=="}})), 1, ""},
		"symmetric":                     {jwks(oct), 0, "none of its 1"},
		"for another algorithm":         {jwks(edited(rs, m{"alg": "RS512"})), 0, "RS512"},
		"RSA as HS256":                  {jwks(edited(rs, m{"alg": "HS256"})), 0, "HS256"},
		"for encryption":                {jwks(edited(rs, m{"use": "enc"})), 0, "not for signatures"},
		"for signing":                   {jwks(edited(rs, m{"key_ops": []string{"sign"}})), 0, "not for verifying"},
		"for verifying":                 {jwks(edited(rs, m{"key_ops": []string{"sign", "verify"}})), 1, ""},
		"small RSA":                     {jwks(edited(rs, m{"n": b64(make([]byte, 100))})), 0, "bits"},
		"exponent beyond what fits":     {jwks(edited(rs, m{"e": b64(bytes.Repeat([]byte{1}, 8))})), 0, "exponent"},
		"Ed25519 key of 31 bytes":       {jwks(edited(ed, m{"x": b64(make([]byte, 31))})), 0, "numbers"},
		"X25519":                        {jwks(edited(ed, m{"crv": "X25519"})), 0, "not supported"},
		"long id":                       {jwks(edited(ed, m{"kid": strings.Repeat("k", 300)})), 0, "id is too long"},
		"too many":                      {jwks(many...), 0, "more than 64"},
		"none":                          {jwks(), 0, "none of its 0"},
		"no set":                        {[]byte(`[]`), 0, "not a JSON Web Key Set"},
		"no JSON":                       {[]byte(`<html>`), 0, "not a JSON Web Key Set"},
		"RFC 9864's name for EdDSA":     {jwks(edited(ed, m{"alg": "Ed25519"})), 1, ""},
		"base64 with padding is passed": {jwks(edited(rs, m{"e": "AQAB"})), 1, ""},
	} {
		keys, err := parseJWKS(c.set)
		if len(keys) != c.n || (err == nil) != (c.n > 0) || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %d keys, %v", name, len(keys), err)
		}
		for _, k := range keys {
			switch k.material.(type) {
			case ed25519.PublicKey, *rsa.PublicKey:
			default:
				t.Errorf("%s: a %T", name, k.material)
			}
		}
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func FuzzParseJWKS(f *testing.F) {
	f.Add(jwks(edJWK("e", edKey()), rsaJWK("r", rsaKey())))
	f.Add([]byte(`{"keys":[{"kty":"RSA","n":"AQ","e":"AQ"}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		keys, err := parseJWKS(b)
		if (err == nil) != (len(keys) > 0) || len(keys) > maxKeys {
			t.Errorf("%d keys, %v", len(keys), err)
		}
		for _, k := range keys {
			if p, ok := k.material.(*rsa.PublicKey); ok && (p.N.BitLen() < minRSABits || p.E < 3) {
				t.Errorf("%+v", k)
			}
		}
	})
}

func FuzzParsePEM(f *testing.F) {
	f.Add(publicPEM(f, edKey().Public()))
	f.Add(publicPEM(f, rsaKey().Public()))
	f.Fuzz(func(t *testing.T, b []byte) {
		if keys, err := parsePEM(b); (err == nil) != (len(keys) > 0) {
			t.Errorf("%d keys, %v", len(keys), err)
		}
		_, _ = parseSecret(b)
	})
}

// service is an account service that serves a key set without a network.
type service struct {
	set  atomic.Pointer[[]byte]
	down atomic.Bool
	hang atomic.Bool
	n    atomic.Int64
	code int
	to   string
}

func (s *service) serve(set []byte) { s.set.Store(&set) }

func (s *service) RoundTrip(r *http.Request) (*http.Response, error) {
	s.n.Add(1)
	if s.hang.Load() {
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	if s.down.Load() {
		return nil, errors.New("connection refused")
	}
	code := s.code
	if code == 0 {
		code = 200
	}
	h := http.Header{}
	if s.to != "" {
		h.Set("Location", s.to)
	}
	return &http.Response{StatusCode: code, Header: h, Body: io.NopCloser(bytes.NewReader(*s.set.Load())), Request: r}, nil
}

func remote() Config {
	cfg := settings()
	cfg.JWKS = "https://login.example/jwks"
	return cfg
}

func edToken(t testing.TB, kid string, k ed25519.PrivateKey, exp time.Time) Token {
	return sign(t, jwt.SigningMethodEdDSA, m{"kid": kid}, with(m{"exp": exp.Unix(), "iat": nil}), k)
}

// pass lets the bubble's time pass.
func pass(d time.Duration) { <-time.After(d) }

// TestRotation changes the keys under a verifier, in the bubble's time.
func TestRotation(t *testing.T) {
	t.Parallel()
	_, second, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		svc := &service{}
		svc.serve(jwks(edJWK("1", edKey())))
		v := newVerifier(t, remote(), Options{Now: time.Now, Transport: svc})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); v.Run(ctx) }()
		defer func() { cancel(); <-done }()
		exp := time.Now().Add(30 * 24 * time.Hour)
		old, fresh := edToken(t, "1", edKey(), exp), edToken(t, "2", second, exp)
		ok := func(token Token) {
			t.Helper()
			if _, err := v.Verify(t.Context(), token); err != nil {
				t.Error(err)
			}
		}
		ok(old)
		refused(t, v, fresh, KeyUnknown) // so soon after the start it is not asked again
		if n := svc.n.Load(); n != 1 {
			t.Errorf("%d requests", n)
		}

		// A token that is signed with a new key makes the server look, once.
		pass(11 * time.Second)
		svc.serve(jwks(edJWK("1", edKey()), edJWK("2", second)))
		ok(fresh)
		ok(old)
		if n := svc.n.Load(); n != 2 {
			t.Errorf("%d requests", n)
		}

		// Unknown ids, as many as there may be, cost a request per Refetch.
		pass(11 * time.Second)
		for i := range 1000 {
			refused(t, v, edToken(t, fmt.Sprint("x", i), second, exp), KeyUnknown)
		}
		if n := svc.n.Load(); n != 3 {
			t.Errorf("%d requests", n)
		}

		// A key that is gone is forgotten at the next interval.
		svc.serve(jwks(edJWK("2", second)))
		pass(6 * time.Minute)
		refused(t, v, old, KeyUnknown)
		ok(fresh)

		// While the service is down the keys are kept; of an unknown one nobody can tell.
		svc.down.Store(true)
		pass(time.Hour)
		ok(fresh)
		refused(t, v, old, KeysUnavailable)
		if s := v.KeyStats(); s.Keys != 1 || s.Failures == 0 || time.Since(s.Oldest) < 50*time.Minute {
			t.Errorf("%+v", s)
		}
		// But not for ever.
		pass(73 * time.Hour)
		refused(t, v, fresh, KeysUnavailable)
		// It is back: within Refetch so are the keys.
		svc.down.Store(false)
		pass(11 * time.Second)
		ok(fresh)

		// What is served is not a good set: the keys are kept.
		for _, bad := range [][]byte{[]byte("<html>"), jwks(), bytes.Repeat([]byte(" "), maxKeySet+1)} {
			svc.serve(bad)
			pass(6 * time.Minute)
			ok(fresh)
			if s := v.KeyStats(); time.Since(s.Oldest) < time.Minute {
				t.Errorf("%.10q was taken: %+v", bad, s)
			}
		}
	})
}

// TestHangingService bounds how long a client waits, and how often anybody does.
func TestHangingService(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		svc := &service{}
		svc.serve(jwks(edJWK("1", edKey())))
		svc.hang.Store(true)
		begun := time.Now()
		v := newVerifier(t, remote(), Options{Now: time.Now, Transport: svc})
		if d := time.Since(begun); d != loadTimeout {
			t.Errorf("the start took %v", d)
		}
		exp := time.Now().Add(time.Hour)
		token := edToken(t, "1", edKey(), exp)
		refused(t, v, token, KeysUnavailable)
		pass(11 * time.Second)

		// Many at once wait for one request.
		begun = time.Now()
		before := svc.n.Load()
		waits := make(chan error)
		for range 100 {
			go func() { _, err := v.Verify(t.Context(), token); waits <- err }()
		}
		for range 100 {
			if err := <-waits; ClassOf(err) != KeysUnavailable {
				t.Error(err)
			}
		}
		if d := time.Since(begun); d != loadTimeout {
			t.Errorf("they waited %v", d)
		}
		if n := svc.n.Load() - before; n != 1 {
			t.Errorf("%d requests", n)
		}

		// A client that leaves neither waits nor ends the request for the others.
		pass(11 * time.Second)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		begun = time.Now()
		_, err := v.Verify(ctx, token)
		if d := time.Since(begun); d != time.Second || ClassOf(err) != KeysUnavailable {
			t.Errorf("%v, %v", d, err)
		}
		// Close ends what is under way.
		begun = time.Now()
		v.Close()
		v.Close()
		if d := time.Since(begun); d != 0 {
			t.Errorf("closing took %v", d)
		}
		pass(time.Minute)
		before = svc.n.Load()
		refused(t, v, token, KeysUnavailable)
		if svc.n.Load() != before {
			t.Error("it asks after it is closed")
		}
	})
}

func TestFileRotation(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		path := write(t, []byte(passphrase))
		cfg := settings()
		cfg.SecretFiles = []string{path}
		v := newVerifier(t, cfg, Options{Now: time.Now})
		next := []byte("another secret that is long enough, too")
		token := sign(t, jwt.SigningMethodHS256, nil, with(m{"exp": time.Now().Add(time.Hour).Unix(), "iat": nil}), next)
		refused(t, v, token, BadSignature)
		if err := os.WriteFile(path, next, 0o600); err != nil {
			t.Fatal(err)
		}
		refused(t, v, token, BadSignature)
		pass(11 * time.Second)
		if _, err := v.Verify(t.Context(), token); err != nil {
			t.Error(err)
		}
		// Half-written, or gone: what was there stays.
		if err := os.WriteFile(path, []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
		pass(11 * time.Second)
		refused(t, v, token+"A", BadSignature)
		if _, err := v.Verify(t.Context(), token); err != nil {
			t.Error(err)
		}
	})
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	t.Parallel()
	svc := &service{code: 302, to: "https://169.254.169.254/latest"}
	svc.serve(nil)
	v := newVerifier(t, remote(), Options{Transport: svc})
	if n := svc.n.Load(); n != 1 {
		t.Errorf("%d requests", n)
	}
	_, err := v.Verify(t.Context(), edToken(t, "1", edKey(), noon.Add(time.Hour)))
	if ClassOf(err) != KeysUnavailable || !strings.Contains(errors.Unwrap(err).Error(), "redirects") {
		t.Error(err)
	}
}

// TestRealService asks a real HTTP server.
func TestRealService(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	mux.HandleFunc("/jwks", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(jwks(rsaJWK("r", rsaKey()))) })
	mux.HandleFunc("/long", func(w http.ResponseWriter, _ *http.Request) {
		for range 1 << 20 {
			if _, err := w.Write(make([]byte, 1<<10)); err != nil {
				return
			}
		}
	})
	srv := httptest.NewServer(mux)
	defer srv.Close()
	cfg := settings()
	cfg.JWKS = secret.URL(srv.URL + "/jwks")
	v := newVerifier(t, cfg, Options{})
	if _, err := v.Verify(t.Context(), sign(t, jwt.SigningMethodRS256, m{"kid": "r"}, with(nil), rsaKey())); err != nil {
		t.Error(err)
	}
	// A set's RSA key is good for RS256 alone, however the token is headed.
	refused(t, v, sign(t, jwt.SigningMethodHS256, m{"kid": "r"}, with(nil), publicPEM(t, rsaKey().Public())), KeyUnknown)
	cfg.JWKS = secret.URL(srv.URL + "/long")
	refused(t, newVerifier(t, cfg, Options{}), hs(t, nil), KeysUnavailable)
}

func TestConfig(t *testing.T) {
	t.Parallel()
	if err := settings().Check(); err != nil {
		t.Error(err)
	}
	for want, change := range map[string]func(*Config){
		"identity: secret: the secret has":  func(c *Config) { c.Secret = "short" },
		"use https":                         func(c *Config) { c.JWKS = "http://login.example/jwks" },
		"localhost.evil.example over http":  func(c *Config) { c.JWKS = "http://localhost.evil.example/jwks" },
		"no password":                       func(c *Config) { c.JWKS = "https://u:p@login.example/jwks" },
		`"ftp" is no scheme`:                func(c *Config) { c.JWKS = "ftp://login.example/jwks" },
		"no host":                           func(c *Config) { c.JWKS = "https:///jwks" },
		"is less than identity.refresh":     func(c *Config) { c.MaxStale = time.Minute },
		"no such file":                      func(c *Config) { c.KeyFiles = []string{"/nowhere/x.pem"} },
		"none of its":                       func(c *Config) { c.JWKS = secret.URL(write(t, jwks())) },
		"it holds a private key, which":     func(c *Config) { c.KeyFiles = []string{privateFile(t)} },
		"use a random one (`tickroom token": func(c *Config) { c.SecretFiles = []string{write(t, bytes.Repeat([]byte("x"), 50))} },
	} {
		cfg := settings()
		change(&cfg)
		_, err := NewVerifier(t.Context(), cfg, Options{})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in: %v", want, err)
		}
	}
	for _, u := range []string{"http://localhost:1/", "http://127.0.0.1/", "http://[::1]:9/x", "https://login.example/jwks"} {
		cfg := settings()
		cfg.JWKS = secret.URL(u)
		if err := cfg.Check(); err != nil {
			t.Error(err)
		}
	}
}

func privateFile(t *testing.T) string {
	t.Helper()
	k := must(NewSigningKey(EdDSA))
	path := filepath.Join(t.TempDir(), "k")
	if _, err := k.Write(path); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestMint(t *testing.T) {
	t.Parallel()
	for _, alg := range []string{HS256, EdDSA} {
		path := filepath.Join(t.TempDir(), "key")
		verify, err := must(NewSigningKey(alg)).Write(path)
		if err != nil {
			t.Fatal(err)
		}
		if fi, err := os.Stat(path); err != nil || fi.Mode().Perm() != 0o600 {
			t.Errorf("%v %v", fi.Mode(), err)
		}
		if _, err := must(NewSigningKey(alg)).Write(path); err == nil || !strings.Contains(err.Error(), "not overwritten") {
			t.Errorf("%s: %v", alg, err)
		}
		key, err := ReadSigningKey(path)
		if err != nil || key.Alg() != alg {
			t.Fatal(err)
		}
		cfg := settings()
		cfg.Issuer, cfg.Audience = "us", []string{"game"}
		if alg == HS256 {
			cfg.SecretFiles = []string{verify}
		} else {
			cfg.KeyFiles = []string{verify}
		}
		v := newVerifier(t, cfg, Options{})
		g := Grant{Player: "ann", Name: "Ann", Roles: Host | Admin, Issuer: "us", Audience: []string{"game"}, TTL: time.Hour, Now: noon}
		id, err := v.Verify(t.Context(), must(key.Mint(g)))
		if err != nil || id.Player != "ann" || id.Name != "Ann" || id.Roles != Host|Admin || !id.Expires.Equal(noon.Add(time.Hour)) || len(id.TokenID) != 24 {
			t.Errorf("%s: %+v, %v", alg, id, err)
		}
		g.NotBefore = noon.Add(time.Hour)
		refused(t, v, must(key.Mint(g)), NotYetValid)
		g.Audience = []string{"a", "b"}
		refused(t, v, must(key.Mint(g)), WrongAudience)
		for want, g := range map[string]Grant{
			"empty": {}, "guests'": {Player: "guest:x"}, "longer than 64": {Player: "a", Name: strings.Repeat("n", 65)}, "before it is made": {Player: "a", TTL: -1},
		} {
			if _, err := key.Mint(g); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%q is not in: %v", want, err)
			}
		}
	}
	if _, err := NewSigningKey(RS256); err == nil {
		t.Error("a key for RS256")
	}
	rsaDER, err := x509.MarshalPKCS8PrivateKey(rsaKey())
	if err != nil {
		t.Fatal(err)
	}
	for want, b := range map[string][]byte{
		"needs the private key":  publicPEM(t, edKey().Public()),
		"has 5 bytes":            []byte("short"),
		"minted with Ed25519":    pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: rsaDER}),
		"private key can't be":   pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte("x")}),
		"is longer than 1048576": make([]byte, 1<<20+1),
	} {
		if _, err := ReadSigningKey(write(t, b)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in: %v", want, err)
		}
	}
}
