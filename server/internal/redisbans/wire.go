package redisbans

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/tickroom/tickroom/server/internal/limits"
)

// stored is a ban as it is in Redis. Fields are only ever added.
type stored struct {
	Player  string    `json:"player,omitempty"`
	Network string    `json:"network,omitempty"`
	Until   time.Time `json:"until,omitzero"`
	Reason  string    `json:"reason,omitempty"`
	By      string    `json:"by,omitempty"`
	Since   time.Time `json:"since,omitzero"`
}

func encode(b limits.Ban) (string, error) {
	s := stored{Player: b.Player, Until: b.Until.UTC(), Reason: b.Reason, By: b.By, Since: b.Since.UTC()}
	if b.Player == "" {
		s.Network = b.Prefix.String()
	}
	text, err := json.Marshal(s)
	if err != nil {
		return "", fmt.Errorf("limits: a ban of %s: %w", b.Subject(), err)
	}
	return string(text), nil
}

func decode(text string) (limits.Ban, error) {
	var s stored
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		return limits.Ban{}, fmt.Errorf("limits: redis: %.60q is no ban: %w", text, err)
	}
	b := limits.Ban{Player: s.Player, Until: s.Until, Reason: s.Reason, By: s.By, Since: s.Since}
	if s.Network != "" {
		p, err := netip.ParsePrefix(s.Network)
		if err != nil {
			return limits.Ban{}, fmt.Errorf("limits: redis: a ban: %w", err)
		}
		b.Prefix = p
	}
	b, err := b.Check()
	if err != nil {
		return limits.Ban{}, fmt.Errorf("limits: redis: %w", err)
	}
	return b, nil
}

// change is a ban that was added or removed.
type change struct {
	epoch   string
	version int64
	removed bool
	subject string
	ban     limits.Ban // unless removed
}

// decodeChange reads what is told on the channel.
func decodeChange(text string) (change, error) {
	f := strings.SplitN(text, " ", 4)
	if len(f) != 4 || f[2] != "+" && f[2] != "-" {
		return change{}, fmt.Errorf("limits: redis: %.60q is no change of bans", text)
	}
	c := change{epoch: f[0], removed: f[2] == "-", subject: f[3]}
	var err error
	if c.version, err = strconv.ParseInt(f[1], 10, 64); err != nil {
		return change{}, fmt.Errorf("limits: redis: a change of bans: %w", err)
	}
	if !c.removed {
		if c.ban, err = decode(f[3]); err != nil {
			return change{}, err
		}
		c.subject = c.ban.Subject()
	}
	return c, nil
}

// decodeItem reads a ban as it is kept.
func decodeItem(text string) (version int64, b limits.Ban, err error) {
	v, rest, _ := strings.Cut(text, " ")
	if version, err = strconv.ParseInt(v, 10, 64); err != nil {
		return 0, limits.Ban{}, fmt.Errorf("limits: redis: a ban: %w", err)
	}
	b, err = decode(rest)
	return version, b, err
}
