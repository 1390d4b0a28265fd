package link

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"sync"
)

// Profile is what a line is like. Times are in milliseconds.
type Profile struct {
	// Name is what the profile is called.
	Name string `json:"name,omitempty"`
	// Text says in a few words what the profile is like.
	Text string `json:"text,omitempty"`
	// Up is the direction to the server, Down the one from it.
	Up   Direction `json:"up"`
	Down Direction `json:"down"`
	// Burst is what comes over the line now and then, in both directions.
	Burst Burst `json:"burst,omitzero"`
	// Stall is when nothing passes. What was sent meanwhile passes at its end.
	Stall Episodes `json:"stall,omitzero"`
	// Trace, if there is one, adds to the delay what was measured elsewhere, from its beginning to its
	// end and again. It is in order of time, which begins with 0.
	Trace []Sample `json:"trace,omitempty"`
}

// Direction is what one direction of a line is like when nothing comes over it.
type Direction struct {
	// Delay is how long a byte takes at least.
	Delay float64 `json:"delay_ms"`
	// Jitter is how much longer it takes on average; it is distributed exponentially, so that one of a
	// hundred takes 4.6 times as much longer.
	Jitter float64 `json:"jitter_ms,omitempty"`
	// Rate is how many bytes pass in a second; 0: any number.
	Rate float64 `json:"bytes_per_second,omitempty"`
	// Loss is the share of packets that are lost, from 0 to 0.9. TCP sends them again.
	Loss float64 `json:"loss,omitempty"`
}

// Episodes are spans of time.
type Episodes struct {
	// Every is how long it is on average from the end of one to the beginning of the next; 0: there are none.
	Every float64 `json:"every_ms,omitempty"`
	// For is how long one lasts on average: evenly distributed from half of it to one and a half times.
	For float64 `json:"for_ms,omitempty"`
	// Regular has them come and last as long as said, and not on average.
	Regular bool `json:"regular,omitempty"`
}

// Burst is what a line is like in episodes, in addition to what it always is.
type Burst struct {
	Episodes
	Jitter float64 `json:"jitter_ms,omitempty"`
	Loss   float64 `json:"loss,omitempty"`
}

// Sample is a piece of a trace.
type Sample struct {
	// At is when it begins.
	At float64 `json:"at_ms"`
	// Delay is what is added in each direction from then on.
	Delay float64 `json:"delay_ms"`
}

//go:embed profiles.json
var profilesJSON []byte

// Profiles returns the profiles that have names, from good to bad.
var Profiles = sync.OnceValue(func() []Profile {
	var list []Profile
	if err := strict(bytes.NewReader(profilesJSON), &list); err != nil {
		panic(fmt.Sprintf("link: profiles.json: %v", err))
	}
	return list
})

// Named returns the profile of a name. The error says which there are.
func Named(name string) (Profile, error) {
	var names []string
	for _, p := range Profiles() {
		if p.Name == name {
			return p, nil
		}
		names = append(names, p.Name)
	}
	return Profile{}, fmt.Errorf("link: there is no profile %q; there are %s", name, strings.Join(names, ", "))
}

// Read reads a profile, or the trace of one, as JSON: an object as those in profiles.json are, which is
// what [Profiles] returns. Fields that it does not know are an error.
func Read(r io.Reader) (Profile, error) {
	var p Profile
	if err := strict(r, &p); err != nil {
		return Profile{}, fmt.Errorf("link: the profile: %w", err)
	}
	return p, p.Validate()
}

func strict(r io.Reader, into any) error {
	d := json.NewDecoder(r)
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("there is something behind it")
	}
	return nil
}

// Validate reports what is wrong with a profile.
func (p *Profile) Validate() error {
	var wrong []error
	check := func(name string, v, most float64) {
		if !(v >= 0 && v <= most) {
			wrong = append(wrong, fmt.Errorf("link: %s is %v, which must be from 0 to %v", name, v, most))
		}
	}
	const long, much = 3_600_000, 1e12
	for _, d := range []struct {
		name string
		Direction
	}{{"up", p.Up}, {"down", p.Down}} {
		check(d.name+".delay_ms", d.Delay, long)
		check(d.name+".jitter_ms", d.Jitter, long)
		check(d.name+".bytes_per_second", d.Rate, much)
		check(d.name+".loss", d.Loss, mostLoss)
	}
	check("burst.jitter_ms", p.Burst.Jitter, long)
	check("burst.loss", p.Burst.Loss, mostLoss)
	for _, e := range []struct {
		name string
		Episodes
	}{{"burst", p.Burst.Episodes}, {"stall", p.Stall}} {
		check(e.name+".every_ms", e.Every, long)
		check(e.name+".for_ms", e.For, long)
		if (e.Every > 0) != (e.For > 0) {
			wrong = append(wrong, fmt.Errorf("link: %s needs both every_ms and for_ms", e.name))
		}
	}
	before := math.Inf(-1)
	for i, s := range p.Trace {
		check(fmt.Sprintf("trace[%d].delay_ms", i), s.Delay, long)
		if !(s.At > before) || i == 0 && s.At != 0 {
			wrong = append(wrong, fmt.Errorf("link: trace[%d].at_ms is %v; a trace begins with 0 and is in order", i, s.At))
		}
		before = s.At
	}
	return errors.Join(wrong...)
}
