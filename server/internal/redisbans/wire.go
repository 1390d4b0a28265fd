package redisbans

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/tickroom/tickroom/internal/redisdata"
	"github.com/tickroom/tickroom/server/internal/limits"
)

func decode(text string) (limits.Ban, error) {
	var b limits.Ban
	err := redisdata.Decode(text, &b)
	if err == nil {
		b, err = b.Check()
	}
	if err != nil {
		return limits.Ban{}, fmt.Errorf("limits: a ban: %w", err)
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
