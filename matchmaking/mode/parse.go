package mode

import (
	"math"
	"slices"
	"strconv"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/tickroom/tickroom/matchmaking/internal/fields"
)

// Parse reads the modes of a configuration file: what is below its key modes, in the
// order of the file. The file may have other keys at its top level only if they are
// named. The error names all that is wrong, a line each, with its place in the file.
func Parse(path string, text []byte, others ...string) ([]Mode, error) {
	d, top := fields.Parse(path, text)
	for _, key := range others {
		top.Node(key)
	}
	modes := parse(d, top.Sub("modes"))
	top.Done()
	if d.Problems() == 0 && len(modes) == 0 {
		d.Fail("modes", "there are no modes; one could be\n  modes:\n    duel: {}")
	}
	return modes, d.Err()
}

// ParseNode reads the modes from what is below the key modes of a file.
func ParseNode(path string, n *yaml.Node) ([]Mode, error) {
	d := fields.New(path)
	return parse(d, d.Map(n, "modes")), d.Err()
}

func parse(d *fields.Document, all *fields.Map) []Mode {
	var out []Mode
	for _, name := range all.Keys() {
		m := New(name)
		sub := all.Sub(name)
		if sub == nil {
			continue
		}
		before := d.Problems()
		m.read(sub)
		sub.Done()
		// Whether it makes sense as a whole is a question once all could be read.
		if d.Problems() == before {
			for _, p := range m.Validate() {
				d.Fail(sub.Field()+"."+p.Field, "%s", p.Text)
			}
		}
		out = append(out, m)
	}
	return out
}

func (m *Mode) read(f *fields.Map) {
	m.readFormat(f)
	if r := f.Sub("room"); r != nil {
		r.Text("kind", &m.Room.Kind)
		if o := r.Sub("options"); o != nil {
			m.Room.Options = map[string]string{}
			for _, key := range o.Keys() {
				var v string
				o.Text(key, &v)
				m.Room.Options[key] = v
			}
		}
		r.Done()
	}
	if r := f.Sub("rating"); r != nil {
		readWindow(r, "window", &m.Rating.Window, "a number, or any", number)
		party := string(m.Rating.Party)
		r.Choice("party", &party, string(Mean), string(Highest), string(Each))
		m.Rating.Party = Measure(party)
		o := &m.Rating.Options
		r.Float("start", &o.Mu)
		r.Float("uncertainty", &o.Sigma)
		r.Float("beta", &o.Beta)
		r.Float("tau", &o.Tau)
		r.Float("draws", &o.DrawRate)
		r.Done()
	}
	if l := f.Sub("latency"); l != nil {
		readWindow(l, "cap", &m.Latency.Cap, latencyValues, milliseconds)
		regions := l.Sub("regions")
		for _, name := range regions.Keys() {
			region := Region{Name: name}
			if r := regions.Sub(name); r != nil {
				if r.Has("cap") || r.Has("widen") {
					c := m.Latency.Cap
					readWindow(r, "cap", &c, latencyValues, milliseconds)
					region.Cap = &c
				} else {
					r.Node("cap")
					r.Node("widen")
				}
				r.Done()
			}
			m.Latency.Regions = append(m.Latency.Regions, region)
		}
		l.Done()
	}
	if b := f.Sub("balance"); b != nil {
		readWindow(b, "cap", &m.Balance, "a chance from 0.5 to 1", number)
		b.Done()
	}
	if r := f.Sub("roles"); r != nil {
		for _, name := range r.Keys() {
			role := Role{Name: name}
			r.Int(name, &role.Count)
			m.Roles = append(m.Roles, role)
		}
	}
	if p := f.Sub("party"); p != nil {
		p.Int("max", &m.Party.Max)
		p.Float("advantage", &m.Party.Advantage)
		p.Done()
	}
	if b := f.Sub("backfill"); b != nil {
		m.Backfill.Enabled = true
		b.Bool("enabled", &m.Backfill.Enabled)
		b.Duration("after", &m.Backfill.After)
		b.Duration("max_age", &m.Backfill.MaxAge)
		b.Int("max_seats", &m.Backfill.MaxSeats)
		b.Done()
	}
	if b := f.Sub("bots"); b != nil {
		m.Bots.Enabled = true
		m.Bots.Max = max(1, m.Format.Players()-1)
		b.Bool("enabled", &m.Bots.Enabled)
		b.Duration("after", &m.Bots.After)
		b.Int("max", &m.Bots.Max)
		b.Int("min_players", &m.Bots.MinPlayers)
		b.Done()
	}
	f.Duration("timeout", &m.Timeout)
	if q := f.Sub("quality"); q != nil {
		q.Float("rating", &m.Quality.Rating)
		q.Float("balance", &m.Quality.Balance)
		q.Float("latency", &m.Quality.Latency)
		q.Float("party", &m.Quality.Party)
		q.Done()
	}
}

// readFormat reads teams or players, and sets what depends on them.
func (m *Mode) readFormat(f *fields.Map) {
	teams, players := f.Sub("teams"), f.Sub("players")
	switch {
	case teams != nil && players != nil:
		f.Bad("players", "left out where there are teams; it is for those without")
	case players != nil:
		m.Format = Format{FreeForAll: true, Teams: 1, Size: 8, MinSize: -1}
		players.Int("max", &m.Format.Size)
		players.Int("min", &m.Format.MinSize)
		players.Duration("start_after", &m.Format.StartAfter)
		players.Done()
	case teams != nil:
		m.Format = Format{Teams: 2, Size: 1, MinSize: -1}
		teams.Int("count", &m.Format.Teams)
		teams.Int("size", &m.Format.Size)
		teams.Int("min_size", &m.Format.MinSize)
		teams.Duration("start_after", &m.Format.StartAfter)
		teams.Done()
	}
	if m.Format.MinSize == -1 {
		m.Format.MinSize = m.Format.Size
	}
	m.Party.Max = max(1, m.Format.Size)
}

const latencyValues = "a time such as 80ms, or any"

func number(s string) (float64, bool) {
	x, err := strconv.ParseFloat(s, 64)
	return x, err == nil && !math.IsNaN(x) && !math.IsInf(x, 0)
}

func milliseconds(s string) (float64, bool) {
	d, err := time.ParseDuration(s)
	return float64(d) / float64(time.Millisecond), err == nil
}

// readWindow reads a limit and how it widens. A limit that is given alone does not
// widen; one that is not given is that of w.
func readWindow(f *fields.Map, key string, w *Window, what string, value func(string) (float64, bool)) {
	read := func(f *fields.Map, key string, to *float64) {
		s, ok := f.Scalar(key, what)
		if !ok {
			return
		}
		if s == "any" {
			*to = math.Inf(1)
			return
		}
		x, ok := value(s)
		if !ok {
			f.Bad(key, what)
			return
		}
		*to = x
	}
	if f.Has(key) {
		*w = Window{}
	}
	read(f, key, &w.Base)
	if !f.Has("widen") {
		f.Node("widen")
		return
	}
	w.Steps, w.Pace, w.After, w.Cap = nil, 0, 0, 0
	if f.IsList("widen") {
		for _, s := range f.Maps("widen", "") {
			step := Step{}
			s.Duration("after", &step.After)
			read(s, "to", &step.To)
			for _, need := range []string{"after", "to"} {
				if !s.Has(need) {
					s.Need(need)
				}
			}
			s.Done()
			w.Steps = append(w.Steps, step)
		}
		return
	}
	s := f.Sub("widen")
	if s == nil {
		return
	}
	s.Duration("after", &w.After)
	read(s, "per_second", &w.Pace)
	read(s, "to", &w.Cap)
	for _, need := range []string{"per_second", "to"} {
		if !s.Has(need) {
			s.Need(need)
		}
	}
	s.Done()
}

// Find gives the mode with the name.
func Find(modes []Mode, name string) (Mode, bool) {
	i := slices.IndexFunc(modes, func(m Mode) bool { return m.Name == name })
	if i < 0 {
		return Mode{}, false
	}
	return modes[i], true
}
