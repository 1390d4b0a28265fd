package identity

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// serviceVerifier makes one that has the keys that verifier has, which no server should have.
func serviceVerifier(t testing.TB, change func(*Config)) *ServiceVerifier {
	t.Helper()
	cfg := settings()
	cfg.Secret, cfg.Audience = passphrase, []string{"rooms"}
	cfg.KeyFiles = []string{write(t, publicPEM(t, edKey().Public()))}
	if change != nil {
		change(&cfg)
	}
	v, err := NewServiceVerifier(t.Context(), cfg, Options{Now: func() time.Time { return noon }, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(v.Close)
	return v
}

// asService returns the claims of an ordinary token of a service, changed.
func asService(change m) jwt.MapClaims {
	c := jwt.MapClaims{"sub": "shop", "scope": "post list", "aud": "rooms", "exp": noon.Add(time.Hour).Unix(), "iat": noon.Unix()}
	for k, v := range change {
		if c[k] = v; v == nil {
			delete(c, k)
		}
	}
	return c
}

func TestServiceTokens(t *testing.T) {
	t.Parallel()
	v := serviceVerifier(t, func(c *Config) { c.Issuer = "backend" })
	typ := m{"typ": ServiceType}
	for name, c := range map[string]struct {
		header m
		change m
		want   Class // 0: taken
		says   string
	}{
		"good":               {typ, nil, 0, ""},
		"media type":         {m{"typ": "application/" + ServiceType}, nil, 0, ""},
		"scopes in a list":   {typ, m{"scope": []string{"kick", "else"}}, 0, ""},
		"bound":              {typ, m{"kinds": []string{"danmaku"}}, 0, ""},
		"a player's":         {m{"typ": "JWT"}, nil, Malformed, "not a service's"},
		"no type":            {m{"typ": nil}, nil, Malformed, "not a service's"},
		"no scope":           {typ, m{"scope": nil}, Refused, "no scope"},
		"other scopes":       {typ, m{"scope": "read write"}, Refused, "no scope"},
		"scopes of no words": {typ, m{"scope": 7}, Malformed, "scope"},
		"no name":            {typ, m{"sub": nil}, Refused, "name is empty"},
		"an odd name":        {typ, m{"sub": "a b"}, Refused, "characters"},
		"no expiry":          {typ, m{"exp": nil}, Malformed, "exp"},
		"expired":            {typ, m{"exp": noon.Add(-time.Hour).Unix()}, Expired, ""},
		"another audience":   {typ, m{"aud": "shop"}, WrongAudience, ""},
		"no audience":        {typ, m{"aud": nil}, Malformed, "aud"},
		"another issuer":     {typ, m{"iss": "mallory"}, WrongIssuer, ""},
		"bound to nothing":   {typ, m{"kinds": []string{}}, Malformed, "kinds"},
		"bound to a number":  {typ, m{"kinds": 1}, Malformed, "kinds"},
	} {
		claims := asService(m{"iss": "backend"})
		for k, v := range c.change {
			if claims[k] = v; v == nil {
				delete(claims, k)
			}
		}
		header := m{"typ": nil}
		for k, v := range c.header {
			header[k] = v
		}
		_, err := v.Verify(t.Context(), sign(t, jwt.SigningMethodEdDSA, header, claims, edKey()))
		if ClassOf(err) != c.want || c.want == 0 && err != nil || err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v (%v)", name, err, ClassOf(err))
		}
	}
}

// TestTokensOfOneKindAreNotOfTheOther holds with the same keys on both sides.
func TestTokensOfOneKindAreNotOfTheOther(t *testing.T) {
	t.Parallel()
	players := verifier(t, nil)
	services := serviceVerifier(t, nil)
	key := &SigningKey{EdDSA, edKey()}
	player, err := key.Mint(Grant{Player: "ann", Roles: Admin, Audience: []string{"rooms"}, TTL: time.Hour, Now: noon})
	if err != nil {
		t.Fatal(err)
	}
	service, err := key.MintService(ServiceGrant{Service: "shop", Scopes: Scopes(), Audience: []string{"rooms"}, TTL: time.Hour, Now: noon})
	if err != nil {
		t.Fatal(err)
	}
	if id, err := players.Verify(t.Context(), service); err == nil {
		t.Errorf("a service's token makes the player %v", id)
	}
	if id, err := players.Verify(t.Context(), player); err != nil {
		t.Errorf("a player's token: %v, %v", id, err)
	}
	if s, err := services.Verify(t.Context(), player); err == nil {
		t.Errorf("a player's token makes the service %v", s)
	}
	s, err := services.Verify(t.Context(), service)
	if err != nil || s.Name != "shop" || !slices.Equal(s.Scopes, Scopes()) || !s.May("close") || !s.MayKind("any") {
		t.Errorf("a service's token: %v, %v", s, err)
	}
	if text := fmt.Sprint(slog.AnyValue(s)); strings.Contains(text, string(service)) {
		t.Errorf("it is logged as %s", text)
	}
}

func TestMintService(t *testing.T) {
	t.Parallel()
	key := &SigningKey{HS256, []byte(passphrase)}
	good := ServiceGrant{Service: "shop", Scopes: []string{"post"}, Kinds: []string{"danmaku"}, Issuer: "me", Audience: []string{"rooms"}, TTL: time.Minute, NotBefore: noon, Now: noon}
	token, err := key.MintService(good)
	if err != nil {
		t.Fatal(err)
	}
	s, err := serviceVerifier(t, func(c *Config) { c.Issuer, c.MaxAge = "me", 30*time.Second }).Verify(t.Context(), token)
	if err != nil || s.MayKind("arena") || !s.MayKind("danmaku") || s.May("close") || s.TokenID == "" || !s.Expires.Equal(noon.Add(30*time.Second)) {
		t.Errorf("%+v, %v", s, err)
	}
	for what, change := range map[string]func(*ServiceGrant){
		"name": func(g *ServiceGrant) { g.Service = "" }, "no scope": func(g *ServiceGrant) { g.Scopes = nil },
		"is no scope": func(g *ServiceGrant) { g.Scopes = []string{"all"} }, "kinds": func(g *ServiceGrant) { g.Kinds = []string{""} },
		"audience": func(g *ServiceGrant) { g.Audience = nil }, "expire": func(g *ServiceGrant) { g.TTL = 0 },
	} {
		g := good
		change(&g)
		if _, err := key.MintService(g); err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("%s: %v", what, err)
		}
	}
}
