package mode

import (
	"fmt"
	"math"

	"github.com/tickroom/tickroom/internal/strictyaml"
)

// Problem is what is wrong with a field of a mode. Its Field is the one in the
// configuration file, with dots.
type Problem = strictyaml.Problem

// Validate returns all that is wrong with the mode.
func (m *Mode) Validate() []Problem {
	var out problems
	m.validateFormat(&out)
	out.window("rating.window", "rating.widen", "", &m.Rating.Window)
	out = append(out, strictyaml.Check("rating.", &m.Rating)...)
	out = append(out, strictyaml.Check("rating.", &m.Rating.Options)...)
	m.validateLatency(&out)
	m.validateBalance(&out)
	m.validateRoles(&out)
	out.number("party.max", float64(m.Party.Max), 1, float64(max(m.Format.Size, 1)))
	out = append(out, strictyaml.Check("", m)...)
	if m.Bots.Enabled {
		out.number("bots.max", float64(m.Bots.Max), 1, float64(max(1, m.Format.Players()-1)))
		out.number("bots.min_players", float64(m.Bots.MinPlayers), 1, float64(max(1, m.Format.Players())))
	}
	if m.Quality == (Quality{}) {
		out.add("quality", "all weights are 0; one at least must be more")
	}
	return out
}

func (m *Mode) validateFormat(out *problems) {
	f := m.Format
	if f.FreeForAll {
		out.number("players.max", float64(f.Size), 2, MaxPlayers)
		out.number("players.min", float64(f.MinSize), 2, float64(f.Size))
		*out = append(*out, strictyaml.Check("players.", &f)...)
		return
	}
	out.number("teams.count", float64(f.Teams), 2, MaxTeams)
	out.number("teams.size", float64(f.Size), 1, MaxPlayers)
	out.number("teams.min_size", float64(f.MinSize), 1, float64(f.Size))
	if f.Teams > 0 && f.Size > 0 && f.Players() > MaxPlayers {
		out.add("teams.size", "%d teams of %d are %d players; there can be %d", f.Teams, f.Size, f.Players(), MaxPlayers)
	}
	*out = append(*out, strictyaml.Check("teams.", &f)...)
}

func (m *Mode) validateLatency(out *problems) {
	out.window("latency.cap", "latency.widen", "ms", &m.Latency.Cap)
	if n := len(m.Latency.Regions); n > MaxRegions {
		out.add("latency.regions", "there are %d; there can be %d", n, MaxRegions)
	}
	for _, r := range m.Latency.Regions {
		if r.Name == "" {
			out.add("latency.regions", "a region needs a name")
		}
		if r.Cap != nil {
			out.window("latency.regions."+r.Name+".cap", "latency.regions."+r.Name+".widen", "ms", r.Cap)
		}
	}
}

func (m *Mode) validateBalance(out *problems) {
	w := m.Balance
	out.window("balance.cap", "balance.widen", "", &w)
	if !(w.Base >= 0.5 && w.Max() <= 1) {
		out.add("balance.cap", "%v to %v is not allowed; it must be from 0.5 to 1", w.Base, w.Max())
	} else if w.Base < 1 && (m.Format.FreeForAll || m.Format.Teams != 2) {
		out.add("balance.cap", "it is for two teams")
	}
}

func (m *Mode) validateRoles(out *problems) {
	if len(m.Roles) == 0 {
		return
	}
	if m.Format.FreeForAll {
		out.add("roles", "there are no teams to have roles in")
		return
	}
	if len(m.Roles) > MaxRoles {
		out.add("roles", "there are %d; there can be %d", len(m.Roles), MaxRoles)
	}
	sum := 0
	for _, r := range m.Roles {
		if r.Name == "" {
			out.add("roles", "a role needs a name")
		}
		out.number("roles."+r.Name, float64(r.Count), 1, float64(m.Format.Size))
		sum += r.Count
	}
	if sum != m.Format.Size {
		out.add("roles", "they add up to %d players; a team has %d", sum, m.Format.Size)
	}
	if m.Format.MinSize != m.Format.Size {
		out.add("teams.min_size", "%d is not allowed where there are roles; it must be %d, as teams.size", m.Format.MinSize, m.Format.Size)
	}
}

type problems []Problem

func (p *problems) add(field, format string, args ...any) {
	*p = append(*p, Problem{Field: field, Text: fmt.Sprintf(format, args...)})
}

func (p *problems) number(field string, x, low, high float64) {
	if !(x >= low && x <= high) {
		p.add(field, "%v is not allowed; it must be from %v to %v", x, low, high)
	}
}

func (p *problems) window(base, widen, unit string, w *Window) {
	if !(w.Base >= 0) {
		p.add(base, "%v%s is not allowed; it must be 0 or more", w.Base, unit)
	}
	if len(w.Steps) > 0 && w.Pace != 0 {
		p.add(widen, "it goes by steps or at a pace, not both")
	}
	if len(w.Steps) > MaxSteps {
		p.add(widen, "there are %d steps; there can be %d", len(w.Steps), MaxSteps)
	}
	last := Step{-1, w.Base}
	for i, s := range w.Steps {
		at := fmt.Sprintf("%s.%d.", widen, i)
		*p = append(*p, strictyaml.Check(at, &s)...)
		if s.After <= last.After {
			p.add(at+"after", "%v is not later than the %v before", s.After, last.After)
		}
		if !(s.To > last.To) {
			p.add(at+"to", "%v%s is not wider than the %v%s before", s.To, unit, last.To, unit)
		}
		last = s
	}
	if w.Pace != 0 {
		*p = append(*p, strictyaml.Check(widen+".", w)...)
		if !(w.Pace > 0) || math.IsInf(w.Pace, 0) {
			p.add(widen+".per_second", "%v%s is not allowed; it must be more than 0", w.Pace, unit)
		}
		if !(w.Cap > w.Base) || math.IsInf(w.Cap, 0) {
			p.add(widen+".to", "%v%s is not wider than the %v%s at first", w.Cap, unit, w.Base, unit)
		}
	}
}
