package mode

import (
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/tickroom/tickroom/internal/strictyaml"
)

// Parse reads the modes of a configuration file: what is below its key modes, in the
// order of the file. The file may have other keys at its top level only if they are
// named. The error names all that is wrong, a line each, with its place in the file.
func Parse(path string, text []byte, others ...string) ([]Mode, error) {
	d, top := strictyaml.Parse(path, text)
	for _, key := range others {
		top.Has(key)
	}
	all := top.Sub("modes")
	var modes []Mode
	for _, name := range all.Keys() {
		sub := all.Sub(name)
		if sub == nil {
			continue
		}
		m, before := New(name), d.Problems()
		m.read(sub)
		sub.Done()
		// Whether it makes sense as a whole is a question once all could be read.
		if d.Problems() == before {
			for _, p := range m.Validate() {
				d.Fail(sub.Field()+"."+p.Field, "%s", p.Text)
			}
		}
		modes = append(modes, m)
	}
	top.Done()
	if d.Problems() == 0 && len(modes) == 0 {
		d.Fail("modes", "there are no modes; one could be\n  modes:\n    duel: {}")
	}
	return modes, d.Err()
}

// Find returns the mode of a name, and whether there is one.
func Find(modes []Mode, name string) (Mode, bool) {
	i := slices.IndexFunc(modes, func(m Mode) bool { return m.Name == name })
	if i < 0 {
		return Mode{}, false
	}
	return modes[i], true
}

func (m *Mode) read(f *strictyaml.Map) {
	m.readFormat(f)
	if r := f.Sub("room"); r != nil {
		r.Fields(&m.Room)
		if o := r.Sub("options"); o != nil {
			m.Room.Options = map[string]string{}
			for _, key := range o.Keys() {
				var v string
				o.Value(key, &v)
				m.Room.Options[key] = v
			}
		}
		r.Done()
	}
	if r := f.Sub("rating"); r != nil {
		readWindow(r, "window", &m.Rating.Window, "a number, or any", number)
		r.Fields(&m.Rating)
		r.Fields(&m.Rating.Options)
		r.Done()
	}
	if l := f.Sub("latency"); l != nil {
		m.readLatency(l)
		l.Done()
	}
	if b := f.Sub("balance"); b != nil {
		readWindow(b, "cap", &m.Balance, "a chance from 0.5 to 1", number)
		b.Done()
	}
	if r := f.Sub("roles"); r != nil {
		for _, name := range r.Keys() {
			role := Role{Name: name}
			r.Value(name, &role.Count)
			m.Roles = append(m.Roles, role)
		}
	}
	// Whoever has a section about bots or backfill wants them.
	m.Backfill.Enabled = f.Has("backfill")
	if f.Has("bots") {
		m.Bots.Enabled, m.Bots.Max = true, max(1, m.Format.Players()-1)
	}
	f.Fields(m)
}

// readFormat reads teams or players, and sets what depends on them.
func (m *Mode) readFormat(f *strictyaml.Map) {
	teams, players := f.Sub("teams"), f.Sub("players")
	switch {
	case teams != nil && players != nil:
		f.Bad("players", "left out where there are teams; it is for those without")
	case players != nil:
		m.Format = Format{FreeForAll: true, Teams: 1, Size: 8, MinSize: -1}
		players.Value("max", &m.Format.Size)
		players.Value("min", &m.Format.MinSize)
		players.Value("start_after", &m.Format.StartAfter)
		players.Done()
	case teams != nil:
		m.Format.MinSize = -1
		teams.Fields(&m.Format)
		teams.Done()
	}
	if m.Format.MinSize == -1 {
		m.Format.MinSize = m.Format.Size
	}
	m.Party.Max = max(1, m.Format.Size)
}

func (m *Mode) readLatency(l *strictyaml.Map) {
	const values = "a time such as 80ms, or any"
	readWindow(l, "cap", &m.Latency.Cap, values, milliseconds)
	regions := l.Sub("regions")
	for _, name := range regions.Keys() {
		region := Region{Name: name}
		if r := regions.Sub(name); r != nil {
			c := m.Latency.Cap
			readWindow(r, "cap", &c, values, milliseconds)
			if r.Has("cap") || r.Has("widen") {
				region.Cap = &c
			}
			r.Done()
		}
		m.Latency.Regions = append(m.Latency.Regions, region)
	}
}

func number(s string) (float64, bool) {
	x, err := strconv.ParseFloat(s, 64)
	return x, err == nil && !math.IsNaN(x) && !math.IsInf(x, 0)
}

func milliseconds(s string) (float64, bool) {
	d, err := time.ParseDuration(s)
	return float64(d) / float64(time.Millisecond), err == nil
}

// readWindow reads a limit and how it widens. A limit that is given alone does not
// widen; one that is not given is that of w. what says which values are allowed.
func readWindow(f *strictyaml.Map, key string, w *Window, what string, value func(string) (float64, bool)) {
	read := func(f *strictyaml.Map, key string, to *float64) {
		s, ok := f.Scalar(key, what)
		if !ok {
			return
		}
		x, ok := value(s)
		if s == "any" {
			x, ok = math.Inf(1), true
		}
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
		return
	}
	w.Steps, w.Pace, w.After, w.Cap = nil, 0, 0, 0
	if list, ok := f.Maps("widen"); ok {
		for _, s := range list {
			var step Step
			s.Value("after", &step.After)
			read(s, "to", &step.To)
			s.Need("after", "to")
			s.Done()
			w.Steps = append(w.Steps, step)
		}
	} else if s := f.Sub("widen"); s != nil {
		s.Value("after", &w.After)
		read(s, "per_second", &w.Pace)
		read(s, "to", &w.Cap)
		s.Need("per_second", "to")
		s.Done()
	}
}
