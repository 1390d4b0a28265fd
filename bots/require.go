package bots

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// requirement is what a figure of the report must be.
type requirement struct {
	text  string
	path  []string // to the figure, in the report as JSON
	op    string
	limit float64
}

var requirementForm = regexp.MustCompile(`^\s*([a-z0-9_.]+)\s*(<=|>=|==|<|>)\s*([-+0-9.eE]+)\s*$`)

// parseRequirement reads a requirement such as "input_to_state_ms.p99 <= 150". The report is
// an empty one with all figures that there will be.
func parseRequirement(text string, empty *Report) (requirement, error) {
	m := requirementForm.FindStringSubmatch(text)
	if m == nil {
		return requirement{}, fmt.Errorf("the requirement %q is not a figure of the report, one of < <= == >= >, and a number, as in input_to_state_ms.p99 <= 150", text)
	}
	limit, err := strconv.ParseFloat(m[3], 64)
	if err != nil {
		return requirement{}, fmt.Errorf("the requirement %q: %s is no number", text, m[3])
	}
	r := requirement{text: strings.TrimSpace(text), path: strings.Split(m[1], "."), op: m[2], limit: limit}
	if _, err := r.figure(empty); err != nil {
		return requirement{}, fmt.Errorf("the requirement %q: there is no figure %s; there are: %s", text, m[1], strings.Join(figures(empty), ", "))
	}
	return r, nil
}

// unmet returns what is wrong with the report, by the requirement; nothing: it is met.
func (r requirement) unmet(rep *Report) error {
	v, err := r.figure(rep)
	if err != nil {
		return err
	}
	if len(r.path) == 2 {
		if count, err := (requirement{path: []string{r.path[0], "count"}}).figure(rep); err == nil && count == 0 {
			return fmt.Errorf("required %s, and it was never measured", r.text)
		}
	}
	met := false
	switch r.op {
	case "<":
		met = v < r.limit
	case "<=":
		met = v <= r.limit
	case "==":
		met = v == r.limit
	case ">=":
		met = v >= r.limit
	case ">":
		met = v > r.limit
	}
	if met {
		return nil
	}
	return fmt.Errorf("required %s, and it is %s", r.text, strconv.FormatFloat(v, 'g', 6, 64))
}

var errNoFigure = errors.New("no such figure")

// figure returns the figure of a report that the requirement is about.
func (r requirement) figure(rep *Report) (float64, error) {
	at := any(fields(rep))
	for _, name := range r.path {
		m, ok := at.(map[string]any)
		if !ok {
			return 0, errNoFigure
		}
		if at, ok = m[name]; !ok {
			return 0, errNoFigure
		}
	}
	if v, ok := at.(float64); ok {
		return v, nil
	}
	return 0, errNoFigure
}

// fields returns a report as its JSON has it.
func fields(rep *Report) map[string]any {
	b, err := json.Marshal(rep)
	m := map[string]any{}
	if err == nil {
		err = json.Unmarshal(b, &m)
	}
	if err != nil {
		panic(err) // its fields are numbers and texts
	}
	m["failed"] = float64(rep.failed())
	return m
}

// figures returns the names of all figures that can be required, in their order.
func figures(rep *Report) []string {
	var names []string
	for name, v := range fields(rep) {
		switch v := v.(type) {
		case float64:
			names = append(names, name)
		case map[string]any:
			for _, part := range slices.Sorted(maps.Keys(v)) {
				names = append(names, name+"."+part)
			}
		}
	}
	slices.Sort(names)
	return names
}
