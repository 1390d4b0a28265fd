package world

import (
	"fmt"
	"maps"
	"strings"
	"testing"
)

func labelled(t *testing.T, setup func(r *Room) error) *Room {
	t.Helper()
	r, _, err := NewRoom(Kind{Name: "k", New: func(r *Room) (Game, error) { return nil, setup(r) }}, Setup{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestLabels(t *testing.T) {
	t.Parallel()
	r := labelled(t, func(r *Room) error { return r.SetLabel("map", "dust") })
	for _, v := range []any{3, int8(3), uint16(3), int64(3), float32(3), 3.0} {
		if err := r.SetLabel("level", v); err != nil || r.Label("level") != 3.0 {
			t.Errorf("%T: %v, %v", v, r.Label("level"), err)
		}
	}
	before, n := r.Labels()
	if n != 2 {
		t.Errorf("after two changes, %d", n)
	}
	for name, v := range map[string]any{"map": "ice", "level": nil, "friendly.fire": true} {
		if err := r.SetLabel(name, v); err != nil {
			t.Error(err)
		}
	}
	got, _ := r.Labels()
	if want := (map[string]any{"map": "ice", "friendly.fire": true}); !maps.Equal(got, want) || r.Label("level") != nil {
		t.Errorf("%v, want %v", got, want)
	}
	if want := (map[string]any{"map": "dust", "level": 3.0}); !maps.Equal(before, want) {
		t.Errorf("what was given out has become %v", before)
	}
	if err := r.SetLabel("nothing", nil); err != nil {
		t.Error(err)
	}
	if _, again := r.Labels(); again != 5 {
		t.Errorf("after five changes, %d", again)
	}
}

func TestLabelsAreBounded(t *testing.T) {
	t.Parallel()
	r := labelled(t, func(*Room) error { return nil })
	for _, name := range []string{"", "1st", "a b", "é", ".a", "a.", "a..b", "a.1", "my.map", "players", "age", "and", strings.Repeat("a", MaxLabelName+1), "a\n"} {
		if r.SetLabel(name, "x") == nil {
			t.Errorf("the name %q is taken", name)
		}
	}
	var zero float64
	for _, v := range []any{[]string{"a"}, 1i, struct{}{}, 1 / zero, zero / zero, strings.Repeat("a", MaxLabelText+1), "\xff", "a\nb"} {
		if r.SetLabel("a", v) == nil {
			t.Errorf("the value %v is taken", v)
		}
	}
	for i := range MaxLabels {
		if err := r.SetLabel(fmt.Sprint("label", i), i); err != nil {
			t.Error(err)
		}
	}
	if r.SetLabel("more", 1) == nil {
		t.Error("there are more than MaxLabels")
	}
	if err := r.SetLabel("label0", "other"); err != nil {
		t.Error(err)
	}
	if err := r.SetLabel("label0", nil); err != nil {
		t.Error(err)
	}
	if err := r.SetLabel("more", 1); err != nil {
		t.Error(err)
	}
}
