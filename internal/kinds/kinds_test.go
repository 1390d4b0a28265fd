package kinds

import (
	"math/rand/v2"
	"os"
	"slices"
	"testing"
)

// TestAll holds the list to the folders beside it: a kind that is not in it would be
// built and tested, and never run.
func TestAll(t *testing.T) {
	t.Parallel()
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	var folders, names []string
	for _, e := range entries {
		if e.IsDir() && e.Name() != "testdata" {
			folders = append(folders, e.Name())
		}
	}
	for _, e := range All() {
		names = append(names, e.Name)
		if e.Doc == "" || e.Schema == nil {
			t.Errorf("%s has no Doc or no Schema", e.Name)
		}
	}
	slices.Sort(names)
	if !slices.Equal(names, folders) {
		t.Errorf("the kinds are %v, and the folders %v", names, folders)
	}
}

func TestBots(t *testing.T) {
	t.Parallel()
	all := Bots()
	for _, e := range All() {
		b, ok := all[e.Name]
		if ok != (e.NewPilot != nil) {
			t.Errorf("%s: bots can play it: %v", e.Name, ok)
		}
		if ok && (b.Schema != e.Schema || b.NewPilot(rand.New(rand.NewPCG(1, 2))) == nil) {
			t.Errorf("%s has no schema or no pilot for bots", e.Name)
		}
	}
	if len(all) == 0 {
		t.Error("bots can play nothing")
	}
}
