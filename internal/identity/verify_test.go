package identity

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// noon is when the tests happen.
var noon = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

const passphrase = "correct horse battery staple, 1234567890"

var rsaKey = sync.OnceValue(func() *rsa.PrivateKey {
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return k
})

var edKey = sync.OnceValue(func() ed25519.PrivateKey {
	_, k, err := ed25519.GenerateKey(nil)
	if err != nil {
		panic(err)
	}
	return k
})

func publicPEM(t testing.TB, pub any) []byte {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(pub)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}

func write(t testing.TB, b []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// verifier makes one with an HS256, an EdDSA and an RS256 key.
// settings returns a configuration that has what the server's settings have where
// nothing is said: no keys.
func settings() Config {
	return Config{
		RolesClaim: "roles", NameClaim: "name", MaxToken: 4 << 10, Leeway: 30 * time.Second, Grace: 30 * time.Second,
		Refresh: 5 * time.Minute, Refetch: 10 * time.Second, MaxStale: 72 * time.Hour,
	}
}

func verifier(t testing.TB, change func(*Config)) *Verifier {
	t.Helper()
	cfg := settings()
	cfg.Secret = passphrase
	cfg.KeyFiles = []string{write(t, append(publicPEM(t, edKey().Public()), publicPEM(t, rsaKey().Public())...))}
	if change != nil {
		change(&cfg)
	}
	return newVerifier(t, cfg, Options{})
}

func newVerifier(t testing.TB, cfg Config, o Options) *Verifier {
	t.Helper()
	if o.Now == nil {
		o.Now = func() time.Time { return noon }
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	v, err := NewVerifier(t.Context(), cfg, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(v.Close)
	return v
}

type m = map[string]any

// with gives the claims of an ordinary token, changed: nil takes one out.
func with(change m) jwt.MapClaims {
	c := jwt.MapClaims{"sub": "ann", "name": "Ann", "exp": noon.Add(time.Hour).Unix(), "iat": noon.Unix()}
	for k, v := range change {
		if c[k] = v; v == nil {
			delete(c, k)
		}
	}
	return c
}

// sign makes a token with any algorithm, header, claims and key.
func sign(t testing.TB, method jwt.SigningMethod, header m, claims jwt.Claims, key any) Token {
	t.Helper()
	tok := jwt.NewWithClaims(method, claims)
	for k, v := range header {
		tok.Header[k] = v
	}
	s, err := tok.SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return Token(s)
}

func hs(t testing.TB, change m) Token {
	return sign(t, jwt.SigningMethodHS256, nil, with(change), []byte(passphrase))
}

// raw makes an HS256 token of any header and payload.
func raw(header, payload string) Token {
	text := base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + base64.RawURLEncoding.EncodeToString([]byte(payload))
	sig, err := jwt.SigningMethodHS256.Sign(text, []byte(passphrase))
	if err != nil {
		panic(err)
	}
	return Token(text + "." + base64.RawURLEncoding.EncodeToString(sig))
}

func refused(t *testing.T, v *Verifier, token Token, want Class) {
	t.Helper()
	id, err := v.Verify(t.Context(), token)
	if err == nil {
		t.Errorf("accepted as %+v; want %v", id, want)
		return
	}
	if got := ClassOf(err); got != want {
		t.Errorf("refused as %v (%v); want %v", got, err, want)
	}
	if n := len(err.Error()); n == 0 || n > 120 {
		t.Errorf("a reason of %d bytes: %q", n, err)
	}
}

func TestGenuine(t *testing.T) {
	t.Parallel()
	v := verifier(t, nil)
	for name, token := range map[string]Token{
		HS256:         hs(t, nil),
		EdDSA:         sign(t, jwt.SigningMethodEdDSA, nil, with(nil), edKey()),
		RS256:         sign(t, jwt.SigningMethodRS256, nil, with(nil), rsaKey()),
		"with kid":    sign(t, jwt.SigningMethodRS256, m{"kid": "2026-1"}, with(nil), rsaKey()),
		"at+jwt":      sign(t, jwt.SigningMethodEdDSA, m{"typ": "at+jwt"}, with(nil), edKey()),
		"without typ": raw(`{"alg":"HS256"}`, `{"sub":"ann","name":"Ann","exp":1780318800,"iat":1780315200}`),
	} {
		id, err := v.Verify(t.Context(), token)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		want := Identity{Player: "ann", Name: "Ann", Roles: Player, Issued: noon, Expires: noon.Add(time.Hour), Grace: time.Minute}
		id.Issued, id.Expires = id.Issued.UTC(), id.Expires.UTC()
		if id != want {
			t.Errorf("%s: %+v\nwant %+v", name, id, want)
		}
		if d := id.Deadline(); !d.Equal(noon.Add(time.Hour + time.Minute)) {
			t.Errorf("%s: the session ends at %v", name, d)
		}
	}
}

// TestForgeries holds what attackers have done to servers like this one.
func TestForgeries(t *testing.T) {
	t.Parallel()
	v := verifier(t, nil)
	_, other, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	good := string(hs(t, nil))
	parts := strings.Split(good, ".")
	public := publicPEM(t, rsaKey().Public())
	der, err := x509.MarshalPKIXPublicKey(rsaKey().Public())
	if err != nil {
		t.Fatal(err)
	}
	none := sign(t, jwt.SigningMethodNone, nil, with(nil), jwt.UnsafeAllowNoneSignatureType)
	b64 := base64.RawURLEncoding.EncodeToString
	for name, c := range map[string]struct {
		token Token
		want  Class
	}{
		"nothing":                  {"", Missing},
		"none":                     {none, Malformed},
		"None":                     {Token(b64([]byte(`{"alg":"None"}`)) + "." + parts[1] + "."), Malformed},
		"none with our signature":  {Token(b64([]byte(`{"alg":"none"}`)) + "." + parts[1] + "." + parts[2]), Malformed},
		"no signature":             {Token(parts[0] + "." + parts[1] + "."), BadSignature},
		"no alg":                   {raw(`{"typ":"JWT"}`, `{"sub":"ann","exp":1780318800}`), Malformed},
		"alg is a number":          {raw(`{"alg":256}`, `{"sub":"ann","exp":1780318800}`), Malformed},
		"HS with RSA public PEM":   {sign(t, jwt.SigningMethodHS256, nil, with(nil), public), BadSignature},
		"HS with RSA public DER":   {sign(t, jwt.SigningMethodHS256, nil, with(nil), der), BadSignature},
		"HS with Ed25519 public":   {sign(t, jwt.SigningMethodHS256, nil, with(nil), []byte(edKey().Public().(ed25519.PublicKey))), BadSignature},
		"HS with no key":           {sign(t, jwt.SigningMethodHS256, nil, with(nil), []byte{}), BadSignature},
		"HS512 with the secret":    {sign(t, jwt.SigningMethodHS512, nil, with(nil), []byte(passphrase)), Malformed},
		"RS512 with the key":       {sign(t, jwt.SigningMethodRS512, nil, with(nil), rsaKey()), Malformed},
		"PS256 with the key":       {sign(t, jwt.SigningMethodPS256, nil, with(nil), rsaKey()), Malformed},
		"another's key":            {sign(t, jwt.SigningMethodEdDSA, nil, with(nil), other), BadSignature},
		"another's secret":         {sign(t, jwt.SigningMethodHS256, nil, with(nil), []byte(passphrase+"!")), BadSignature},
		"RS256 header, EdDSA key":  {Token(b64([]byte(`{"alg":"RS256"}`)) + strings.TrimPrefix(string(sign(t, jwt.SigningMethodEdDSA, nil, with(nil), edKey())), b64([]byte(`{"alg":"EdDSA","typ":"JWT"}`)))), BadSignature},
		"own key in the header":    {sign(t, jwt.SigningMethodEdDSA, m{"jwk": m{"kty": "OKP", "crv": "Ed25519", "x": b64(other.Public().(ed25519.PublicKey))}}, with(nil), other), BadSignature},
		"own key's address":        {sign(t, jwt.SigningMethodEdDSA, m{"jku": "https://evil.example/jwks", "x5u": "https://evil.example/x"}, with(nil), other), BadSignature},
		"kid is a path":            {sign(t, jwt.SigningMethodHS256, m{"kid": "../../../../dev/null"}, with(nil), []byte{}), BadSignature},
		"kid is a list":            {sign(t, jwt.SigningMethodHS256, m{"kid": []string{"a"}}, with(nil), []byte(passphrase)), Malformed},
		"kid is long":              {sign(t, jwt.SigningMethodHS256, m{"kid": strings.Repeat("k", 257)}, with(nil), []byte(passphrase)), Malformed},
		"crit":                     {sign(t, jwt.SigningMethodHS256, m{"crit": []string{"b64"}, "b64": false}, with(nil), []byte(passphrase)), Malformed},
		"another type of token":    {sign(t, jwt.SigningMethodHS256, m{"typ": "logout+jwt"}, with(nil), []byte(passphrase)), Malformed},
		"type is a number":         {sign(t, jwt.SigningMethodHS256, m{"typ": 1}, with(nil), []byte(passphrase)), Malformed},
		"encrypted":                {"a.b.c.d.e", Malformed},
		"two parts":                {Token(parts[0] + "." + parts[1]), Malformed},
		"four parts":               {Token(good + ".x"), Malformed},
		"empty parts":              {"..", Malformed},
		"padded":                   {Token(good + "="), Malformed},
		"line end within":          {Token(good[:20] + "\n" + good[20:]), Malformed},
		"space before":             {Token(" " + good), Malformed},
		"Bearer":                   {Token("Bearer " + good), Malformed},
		"no JSON":                  {Token(b64([]byte("{")) + "." + parts[1] + "." + parts[2]), Malformed},
		"header is null":           {raw("null", `{"sub":"ann","exp":1780318800}`), Malformed},
		"too long":                 {hs(t, m{"x": strings.Repeat("x", 5000)}), Malformed},
		"claims from another one":  {Token(parts[0] + "." + b64([]byte(`{"sub":"bob","exp":1780318800}`)) + "." + parts[2]), BadSignature},
		"JSON nested without end":  {raw(`{"alg":"HS256"}`, strings.Repeat("[", 2900)), Malformed},
		"seat-like bytes":          {Token(b64(bytes.Repeat([]byte{1}, 90))), Malformed},
		"signature of other bytes": {Token(parts[0] + "." + parts[1] + "." + b64(make([]byte, 32))), BadSignature},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			refused(t, v, c.token, c.want)
		})
	}
}

// TestEveryBitCounts turns each bit of a token's three parts around.
func TestEveryBitCounts(t *testing.T) {
	t.Parallel()
	v := verifier(t, nil)
	for _, good := range []Token{hs(t, nil), sign(t, jwt.SigningMethodEdDSA, nil, with(nil), edKey())} {
		for i := range good {
			for bit := range 8 {
				b := []byte(good)
				b[i] ^= 1 << bit
				if _, err := v.Verify(t.Context(), Token(b)); err == nil {
					t.Errorf("accepted with bit %d of byte %d changed", bit, i)
				}
			}
			if _, err := v.Verify(t.Context(), good[:i]); err == nil {
				t.Errorf("accepted when cut at byte %d", i)
			}
		}
	}
}

func TestClaims(t *testing.T) {
	t.Parallel()
	at := func(d time.Duration) int64 { return noon.Add(d).Unix() }
	for name, c := range map[string]struct {
		change m
		cfg    func(*Config)
		want   Class // 0: accepted
		check  func(Identity) bool
	}{
		"expired":                       {change: m{"exp": at(-31 * time.Second)}, want: Expired},
		"expired within the leeway":     {change: m{"exp": at(-29 * time.Second)}},
		"expired at the leeway's end":   {change: m{"exp": at(-30 * time.Second)}, want: Expired},
		"no leeway":                     {change: m{"exp": at(0)}, cfg: func(c *Config) { c.Leeway = 0 }, want: Expired},
		"without exp":                   {change: m{"exp": nil}, want: Malformed},
		"exp is null":                   {change: m{"exp": json.RawMessage("null")}, want: Malformed},
		"without exp, allowed":          {change: m{"exp": nil}, cfg: func(c *Config) { c.AllowNoExpiry = true }, check: func(i Identity) bool { return i.Deadline().IsZero() }},
		"exp is text":                   {change: m{"exp": "1780318800"}, want: Malformed},
		"exp is huge":                   {change: m{"exp": json.RawMessage("1e300")}, want: Malformed},
		"exp is negative":               {change: m{"exp": -1}, want: Malformed},
		"exp is in milliseconds":        {change: m{"exp": noon.UnixMilli()}, want: Malformed},
		"exp has a fraction":            {change: m{"exp": json.RawMessage("1780318800.5")}, check: func(i Identity) bool { return i.Expires.UnixMilli() == 1780318800500 }},
		"nbf is far":                    {change: m{"nbf": at(31 * time.Second)}, want: NotYetValid},
		"nbf is within the leeway":      {change: m{"nbf": at(29 * time.Second)}},
		"made in the future":            {change: m{"iat": at(time.Minute)}, want: NotYetValid},
		"too old":                       {change: m{"iat": at(-2 * time.Hour)}, cfg: func(c *Config) { c.MaxAge = time.Hour }, want: Expired},
		"age ends before exp":           {change: m{"iat": at(-30 * time.Minute)}, cfg: func(c *Config) { c.MaxAge = time.Hour }, check: func(i Identity) bool { return i.Expires.Equal(noon.Add(30 * time.Minute)) }},
		"age without iat":               {change: m{"iat": nil}, cfg: func(c *Config) { c.MaxAge = time.Hour }, want: Malformed},
		"age without exp":               {change: m{"exp": nil}, cfg: func(c *Config) { c.MaxAge, c.AllowNoExpiry = time.Hour, true }, check: func(i Identity) bool { return i.Expires.Equal(noon.Add(time.Hour)) }},
		"right issuer":                  {change: m{"iss": "us"}, cfg: func(c *Config) { c.Issuer = "us" }},
		"wrong issuer":                  {change: m{"iss": "US"}, cfg: func(c *Config) { c.Issuer = "us" }, want: WrongIssuer},
		"no issuer":                     {cfg: func(c *Config) { c.Issuer = "us" }, want: Malformed},
		"wrong issuer, expired":         {change: m{"iss": "x", "exp": at(-time.Hour)}, cfg: func(c *Config) { c.Issuer = "us" }, want: WrongIssuer},
		"right audience":                {change: m{"aud": "game"}, cfg: func(c *Config) { c.Audience = []string{"game"} }},
		"audience among others":         {change: m{"aud": []string{"a", "game"}}, cfg: func(c *Config) { c.Audience = []string{"game", "b"} }},
		"wrong audience":                {change: m{"aud": []string{"seat"}}, cfg: func(c *Config) { c.Audience = []string{"game"} }, want: WrongAudience},
		"no audience":                   {cfg: func(c *Config) { c.Audience = []string{"game"} }, want: Malformed},
		"audience is a number":          {change: m{"aud": 7}, want: Malformed},
		"no player":                     {change: m{"sub": nil}, want: Refused},
		"player is null":                {change: m{"sub": json.RawMessage("null")}, want: Refused},
		"SUB instead of sub":            {change: m{"sub": nil, "SUB": "ann"}, want: Refused},
		"player is a number":            {change: m{"sub": 7}, want: Malformed},
		"player of 128 bytes":           {change: m{"sub": strings.Repeat("p", 128)}},
		"player of 129 bytes":           {change: m{"sub": strings.Repeat("p", 129)}, want: Refused},
		"player with a space":           {change: m{"sub": "a b"}, want: Refused},
		"player with a line end":        {change: m{"sub": "a\nb"}, want: Refused},
		"player not in ASCII":           {change: m{"sub": "аnn"}, want: Refused},
		"player of another service":     {change: m{"sub": "auth0|5f7c8ec7c33c6c004bbafe82"}},
		"guest":                         {change: m{"sub": "guest:1"}, want: Refused},
		"Guest":                         {change: m{"sub": "Guest:1"}, want: Refused},
		"no name":                       {change: m{"name": nil}, check: func(i Identity) bool { return i.Name == "" }},
		"name is long":                  {change: m{"name": strings.Repeat("ж", 40)}, check: func(i Identity) bool { return i.Name == strings.Repeat("ж", 32) }},
		"name is long, odd":             {change: m{"name": "a" + strings.Repeat("ж", 40)}, check: func(i Identity) bool { return i.Name == "a"+strings.Repeat("ж", 31) }},
		"name with a bell":              {change: m{"name": "a\ab"}, want: Refused},
		"name is a number":              {change: m{"name": 7}, want: Malformed},
		"name by another claim":         {change: m{"nickname": "Nan"}, cfg: func(c *Config) { c.NameClaim = "nickname" }, check: func(i Identity) bool { return i.Name == "Nan" }},
		"no roles":                      {check: func(i Identity) bool { return i.Roles == Player }},
		"roles":                         {change: m{"roles": []string{"host", "moderator"}}, check: func(i Identity) bool { return i.Roles == Host|Moderator }},
		"roles in one text":             {change: m{"roles": "spectator admin"}, check: func(i Identity) bool { return i.Roles == Spectator|Admin }},
		"roles, one unknown":            {change: m{"roles": []string{"offline_access", "player"}}, check: func(i Identity) bool { return i.Roles == Player }},
		"roles, all unknown":            {change: m{"roles": []string{"offline_access"}}, want: Refused},
		"roles, in capitals":            {change: m{"roles": []string{"ADMIN"}}, want: Refused},
		"roles, none":                   {change: m{"roles": []string{}}, want: Refused},
		"roles are an object":           {change: m{"roles": m{"admin": true}}, want: Malformed},
		"admin is role number 300":      {change: m{"roles": append(strings.Fields("player"+strings.Repeat(" x", 300)), "admin")}, check: func(i Identity) bool { return i.Roles == Player }},
		"shows":                         {change: m{"roles": "host", "shows": []string{"a", "b"}}, check: func(i Identity) bool { return i.Shows == " a b " }},
		"shows in one text":             {change: m{"shows": "a b"}, check: func(i Identity) bool { return i.Shows == " a b " }},
		"no shows":                      {change: m{"roles": "host", "shows": []string{}}, check: func(i Identity) bool { return i.Shows != "" && i.RolesIn("a") == Player }},
		"shows are a number":            {change: m{"shows": 7}, want: Malformed},
		"roles by another claim":        {change: m{"groups": []string{"admin"}, "roles": []string{"player"}}, cfg: func(c *Config) { c.RolesClaim = "groups" }, check: func(i Identity) bool { return i.Roles == Admin }},
		"token id":                      {change: m{"jti": "t1"}, check: func(i Identity) bool { return i.TokenID == "t1" }},
		"token id is long":              {change: m{"jti": strings.Repeat("j", 129)}, want: Refused},
		"expired, from another service": {change: m{"aud": "x", "exp": 1}, cfg: func(c *Config) { c.Audience = []string{"game"} }, want: WrongAudience},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := verifier(t, c.cfg)
			token := hs(t, c.change)
			if c.want != 0 {
				refused(t, v, token, c.want)
				return
			}
			id, err := v.Verify(t.Context(), token)
			if err != nil {
				t.Fatal(err)
			}
			if c.check != nil && !c.check(id) {
				t.Errorf("%+v", id)
			}
		})
	}
	v := verifier(t, nil)
	for _, payload := range []string{`[]`, `null`, `"x"`, `7`, `{"sub":"ann"`, ``} {
		refused(t, v, raw(`{"alg":"HS256"}`, payload), Malformed)
	}
}

func TestNoKeys(t *testing.T) {
	t.Parallel()
	v := newVerifier(t, settings(), Options{})
	refused(t, v, hs(t, nil), KeyUnknown)
}

func TestRenew(t *testing.T) {
	t.Parallel()
	v := verifier(t, func(c *Config) { c.AllowNoExpiry = true })
	session, err := v.Verify(t.Context(), hs(t, nil))
	if err != nil {
		t.Fatal(err)
	}
	guest, err := NewGuest("Gus")
	if err != nil {
		t.Fatal(err)
	}
	later := noon.Add(2 * time.Hour).Unix()
	forEver := session
	forEver.Expires = time.Time{}
	for name, c := range map[string]struct {
		session Identity
		token   Token
		want    Class
	}{
		"later":                   {session, hs(t, m{"exp": later, "roles": "player host"}), 0},
		"the same again":          {session, hs(t, nil), 0},
		"for ever":                {session, hs(t, m{"exp": nil}), 0},
		"of another":              {session, hs(t, m{"exp": later, "sub": "bob"}), OtherPlayer},
		"of another, in capitals": {session, hs(t, m{"exp": later, "sub": "ANN"}), OtherPlayer},
		"earlier":                 {session, hs(t, m{"exp": noon.Add(time.Minute).Unix()}), Refused},
		"shorter than for ever":   {forEver, hs(t, m{"exp": later}), Refused},
		"of a guest":              {guest, hs(t, m{"exp": later}), OtherPlayer},
		"forged":                  {session, hs(t, m{"exp": later}) + "x", BadSignature},
		"expired":                 {session, hs(t, m{"exp": 1}), Expired},
		"nothing":                 {session, "", Missing},
	} {
		id, err := v.Renew(t.Context(), c.session, c.token)
		if ClassOf(err) != c.want || (err == nil) != (c.want == 0) {
			t.Errorf("%s: %v; want class %v", name, err, c.want)
		}
		if err == nil && id.Player != "ann" {
			t.Errorf("%s: %+v", name, id)
		}
		if name == "later" && (!id.Roles.Has(Host) || id.Expires.Unix() != later) {
			t.Errorf("%s: %+v", name, id)
		}
	}
}

func TestGuests(t *testing.T) {
	t.Parallel()
	a, err := NewGuest("Gus")
	if err != nil {
		t.Fatal(err)
	}
	b, _ := NewGuest("")
	if a.Player == b.Player || !strings.HasPrefix(a.Player, GuestPrefix) || !a.Guest || a.Roles != Player || !a.Deadline().IsZero() || CheckPlayer(a.Player) != nil {
		t.Errorf("%+v", a)
	}
	if _, err := NewGuest("a\ab"); ClassOf(err) != Refused {
		t.Error(err)
	}
}

func TestClassesHaveNames(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, c := range Classes() {
		if s := c.String(); seen[s] || strings.HasPrefix(s, "class_") {
			t.Errorf("%d: %q", c, s)
		} else {
			seen[s] = true
		}
	}
	if len(seen) != int(OtherPlayer) {
		t.Errorf("%d classes of %d are listed", len(seen), OtherPlayer)
	}
	if Expired.Advice() != NewToken || KeysUnavailable.Advice() != Later || BadSignature.Advice() != Stop || ClassOf(os.ErrExist) != 0 {
		t.Error("advice is wrong")
	}
}

// TestNothingLeaks prints and logs everything that knows a token or a secret.
func TestNothingLeaks(t *testing.T) {
	t.Parallel()
	token := hs(t, m{"name": "Annabella"})
	cfg := settings()
	cfg.Secret, cfg.JWKS = passphrase, "http://127.0.0.1:1/keys?api_key=very-private"
	key, err := NewSigningKey(EdDSA)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	log := slog.New(slog.NewTextHandler(&b, &slog.HandlerOptions{Level: slog.LevelDebug}))
	js := slog.New(slog.NewJSONHandler(&b, nil))
	v := newVerifier(t, cfg, Options{Logger: log})
	id, err := v.Verify(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	_, bad := v.Verify(t.Context(), token+"x")
	_, unknown := v.Verify(t.Context(), sign(t, jwt.SigningMethodEdDSA, nil, with(nil), edKey()))
	if ClassOf(unknown) != KeysUnavailable {
		t.Error(unknown)
	}
	for _, x := range []any{token, id, cfg, &cfg, bad, unknown, key, []any{token, cfg, key}} {
		fmt.Fprintf(&b, "%v %+v %#v %s\n", x, x, x, x)
		log.Info("x", "x", x)
		js.Info("x", "x", x)
	}
	parts := strings.Split(string(token), ".")
	for _, s := range []string{passphrase, parts[0] + ".", parts[1], parts[2], "very-private", fmt.Sprintf("%v", key.material)} {
		if strings.Contains(b.String(), s) {
			at := strings.Index(b.String(), s)
			t.Errorf("%.30q is in: …%.300s", s, b.String()[max(0, at-100):])
		}
	}
	if !strings.Contains(b.String(), "ann") || !strings.Contains(b.String(), "token of") {
		t.Errorf("nothing is said at all: %s", &b)
	}
	b.Reset()
	log.Info("x", "id", id)
	if strings.Contains(b.String(), "Annabella") {
		t.Errorf("the name is logged: %s", &b)
	}
}

func FuzzVerify(f *testing.F) {
	v := verifier(f, nil)
	good := hs(f, nil)
	f.Add(string(good))
	f.Add(string(sign(f, jwt.SigningMethodEdDSA, nil, with(nil), edKey())))
	f.Add("..")
	f.Add("eyJhbGciOiJub25lIn0.e30.")
	f.Fuzz(func(t *testing.T, token string) {
		id, err := v.Verify(t.Context(), Token(token))
		if err == nil && id.Player != "ann" {
			t.Errorf("%q is %+v", token, id)
		}
		if err != nil && (ClassOf(err) == 0 || len(err.Error()) > 120) {
			t.Errorf("%q: %T %v", token, err, err)
		}
	})
}

// FuzzClaims signs whatever the fuzzer thinks of.
func FuzzClaims(f *testing.F) {
	v := verifier(f, nil)
	f.Add(`{"alg":"HS256"}`, `{"sub":"ann","exp":1780318800,"roles":["host"],"name":"A","aud":["a"]}`)
	f.Add(`{"alg":"HS256","kid":"x","typ":"JWT"}`, `{"sub":"ann","exp":1780318800.25,"nbf":0,"iat":1}`)
	f.Add(`null`, `null`)
	f.Fuzz(func(t *testing.T, header, payload string) {
		id, err := v.Verify(t.Context(), raw(header, payload))
		if err != nil {
			if ClassOf(err) == 0 || len(err.Error()) > 120 {
				t.Errorf("%T %v", err, err)
			}
			return
		}
		name, err := CheckName(id.Name)
		if CheckPlayer(id.Player) != nil || err != nil || name != id.Name || id.Roles == 0 || id.Guest || !id.Deadline().After(noon) {
			t.Errorf("%+v", id)
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	v := verifier(b, nil)
	for name, token := range map[string]Token{
		HS256: hs(b, nil),
		EdDSA: sign(b, jwt.SigningMethodEdDSA, nil, with(nil), edKey()),
		RS256: sign(b, jwt.SigningMethodRS256, nil, with(nil), rsaKey()),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := v.Verify(b.Context(), token); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
