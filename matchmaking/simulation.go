package matchmaking

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/tickroom/tickroom/matchmaking/internal/sim"
	"github.com/tickroom/tickroom/matchmaking/mode"
)

// Simulation plays the same tickets through one or several variants of a mode, in virtual
// time, and reports how long tickets waited and how good the matches were. The same seed leads
// to the same tickets and the same reports. Its methods are called in their order, from one
// goroutine.
type Simulation struct {
	seed     uint64
	modes    []mode.Mode // of the variants
	variants []sim.Options
	people   sim.Population // of the first variant
	tickets  []sim.Arrival
	reports  []*sim.Report
}

// NewSimulation returns a simulation without variants and tickets.
func NewSimulation(seed uint64) *Simulation { return &Simulation{seed: seed} }

// Add adds a variant: a mode of a configuration file, by name, whose text has the modes and,
// below the key simulation, the players. With an empty name it is the mode of the first
// variant, or, for the first, the only one in the file. With firstCome the matcher keeps the
// rules but takes tickets in the order in which they come. The error lists what is wrong with
// the file.
func (s *Simulation) Add(file string, text []byte, name string, firstCome bool) error {
	people, modes, err := sim.Load(file, text)
	if err != nil {
		return err
	}
	if name == "" && len(s.modes) > 0 {
		name = s.modes[0].Name
	}
	if name == "" && len(modes) == 1 {
		name = modes[0].Name
	}
	md, ok := mode.Find(modes, name)
	if !ok {
		var names []string
		for _, m := range modes {
			names = append(names, m.Name)
		}
		if name == "" {
			return fmt.Errorf("%s has several modes; choose one with --mode: %s", file, strings.Join(names, ", "))
		}
		return fmt.Errorf("%s has no mode %q; it has: %s", file, name, strings.Join(names, ", "))
	}
	if len(s.modes) == 0 {
		s.people = people
	}
	s.modes = append(s.modes, md)
	s.variants = append(s.variants, sim.Options{
		Name: strings.TrimSuffix(filepath.Base(file), filepath.Ext(file)), Seed: s.seed,
		Interval: people.Interval, Match: people.Match, FirstCome: firstCome,
	})
	return nil
}

// Generate makes up the tickets of so many hours from midnight UTC on, as the first variant's
// players send them.
func (s *Simulation) Generate(hours float64, tickets int) {
	s.tickets = sim.Generate(s.people, s.modes[0], s.seed, hours, tickets)
}

// ReadTrace reads the tickets, a JSON object a line. name is that of the file, for errors.
func (s *Simulation) ReadTrace(r io.Reader, name string) (err error) {
	s.tickets, err = sim.ReadTrace(r, name)
	return err
}

// WriteTrace writes the tickets, as ReadTrace reads them.
func (s *Simulation) WriteTrace(w io.Writer) error { return sim.WriteTrace(w, s.tickets) }

// Run plays the tickets through all variants. progress is called now and then with the name
// of the variant under way, and which part of all is done, from 0 to 1.
func (s *Simulation) Run(ctx context.Context, progress func(variant string, done float64)) error {
	for i, o := range s.variants {
		o.Progress = func(part float64) { progress(o.Name, (float64(i)+part)/float64(len(s.variants))) }
		r, err := sim.Run(ctx, s.modes[i], s.tickets, o)
		if err != nil {
			return err
		}
		s.reports = append(s.reports, r)
	}
	return nil
}

// WriteTable writes the reports side by side, as text.
func (s *Simulation) WriteTable(w io.Writer) error { return sim.Table(w, s.reports...) }

// WritePage writes the reports as an HTML page with plots.
func (s *Simulation) WritePage(w io.Writer) error { return sim.Page(w, s.reports...) }

// WriteJSON writes the reports as a JSON list.
func (s *Simulation) WriteJSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(s.reports)
}
