package cli

import (
	"time"

	"github.com/tickroom/tickroom/internal/identity"
	"github.com/tickroom/tickroom/server/config"
)

// hostsFor is how long the token for hosts' pages is good for that serve prints.
const hostsFor = 12 * time.Hour

// hostToken makes a token for hosts' pages, and has the server take it, for this run alone; it
// returns none where others than this machine's users might connect, or who is who is
// configured.
func (p Program) hostToken(cfg *config.Config) (string, error) {
	addr, err := config.ParseAddr(cfg.Listen)
	if err != nil || len(p.HostPages) == 0 || !addr.Loopback() || cfg.Identity.HasKeys() ||
		cfg.Identity.Guests != config.GuestsAuto || len(cfg.Access.TrustedProxies) > 0 {
		return "", nil //nolint:nilerr // the server says what is wrong with the address
	}
	key, err := identity.NewSigningKey(identity.HS256)
	if err != nil {
		return "", err
	}
	grant := identity.Grant{Player: "host", Name: "Host", Roles: identity.Player | identity.Host | identity.Moderator, TTL: hostsFor}
	if len(cfg.Identity.Audience) > 0 {
		grant.Audience = cfg.Identity.Audience[:1]
	}
	grant.Issuer = cfg.Identity.Issuer
	token, err := key.Mint(grant)
	if err != nil {
		return "", err
	}
	cfg.Identity.Secret = config.Secret(key.Secret())
	return string(token), nil
}
