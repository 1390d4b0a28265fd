package sim

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/tickroom/tickroom/matchmaking/internal/query"
)

// Arrival is a ticket of a trace: a line of JSON.
type Arrival struct {
	// At is when it comes, in seconds from the beginning.
	At float64 `json:"at"`
	ID string  `json:"id"`
	// Mode is the mode that it is for; empty: any.
	Mode    string    `json:"mode,omitempty"`
	Players []Visitor `json:"players"`
	// Latency is in milliseconds, by region.
	Latency map[string]float64 `json:"latency,omitempty"`
	// Attributes are numbers, strings, bools and lists of strings.
	Attributes map[string]any `json:"attributes,omitempty"`
	Query      string         `json:"query,omitempty"`
	// Patience is after how many seconds it cancels; 0: never.
	Patience float64 `json:"patience,omitempty"`
}

// Visitor is a player of a trace.
type Visitor struct {
	ID string `json:"id"`
	// Rating and Sigma are what is known of the player when it is first seen; from then
	// on its matches tell.
	Rating float64 `json:"rating"`
	Sigma  float64 `json:"sigma,omitempty"` // 0: that of a new player
	// Strength is the true one, by which matches end; none: it is the Rating.
	Strength *float64 `json:"strength,omitempty"`
	Roles    []string `json:"roles,omitempty"`
}

// ReadTrace reads the tickets of a trace, by time. Lines with nothing are passed over.
func ReadTrace(r io.Reader, name string) ([]Arrival, error) {
	var out []Arrival
	sc := bufio.NewScanner(r)
	sc.Buffer(nil, 1<<20)
	for line := 1; sc.Scan(); line++ {
		if len(sc.Bytes()) == 0 {
			continue
		}
		var a Arrival
		if err := json.Unmarshal(sc.Bytes(), &a); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", name, line, err)
		}
		switch {
		case a.ID == "":
			return nil, fmt.Errorf("%s:%d: the ticket has no id", name, line)
		case len(a.Players) == 0:
			return nil, fmt.Errorf("%s:%d: ticket %s has no players", name, line, a.ID)
		case !(a.At >= 0) || a.At > 1e9 || !(a.Patience >= 0):
			return nil, fmt.Errorf("%s:%d: ticket %s: times are seconds, 0 or more", name, line, a.ID)
		}
		for key, v := range a.Attributes {
			var err error
			if a.Attributes[key], err = attribute(v); err != nil {
				return nil, fmt.Errorf("%s:%d: ticket %s: attribute %s %w", name, line, a.ID, key, err)
			}
		}
		out = append(out, a)
	}
	if err := sc.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	slices.SortStableFunc(out, func(a, b Arrival) int { return cmp.Compare(a.At, b.At) })
	return out, nil
}

// attribute returns the value of an attribute as tickets have it.
func attribute(v any) (any, error) {
	list, ok := v.([]any)
	if !ok {
		if query.KindOf(v) == query.None {
			return nil, errors.New("must be a number, a string, a bool or a list of strings")
		}
		return v, nil
	}
	set := make([]string, len(list))
	for i := range list {
		if set[i], ok = list[i].(string); !ok {
			return nil, errors.New("is a list of something else than strings")
		}
	}
	return set, nil
}

// WriteTrace writes tickets as ReadTrace reads them.
func WriteTrace(w io.Writer, as []Arrival) error {
	b := bufio.NewWriter(w)
	enc := json.NewEncoder(b)
	for i := range as {
		if err := enc.Encode(&as[i]); err != nil {
			return err
		}
	}
	return b.Flush()
}
