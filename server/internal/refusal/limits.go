package refusal

import (
	"errors"

	"github.com/tickroom/tickroom/proto/gen/closecode"
	"github.com/tickroom/tickroom/server/internal/limits"
)

// Denied returns the refusal of somebody whom the limits of an address or a player, or a
// ban, keep out. The error is a *limits.Denied; any other is as for Of.
func Denied(err error) *Refusal {
	var d *limits.Denied
	if !errors.As(err, &d) {
		return Of(err)
	}
	code := closecode.TooMany
	if d.Reason == limits.BannedAddress || d.Reason == limits.BannedPlayer {
		code = closecode.Banned
	}
	r := New(code, "%s", d).Because(d.Reason.String())
	if d.Ban.By != "" {
		r.Cause = errors.New("banned by " + d.Ban.By)
	}
	return r
}
