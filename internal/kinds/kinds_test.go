package kinds

import (
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/tickroom/tickroom/world"
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
	for _, folder := range folders { // those in world are public
		if !slices.Contains(names, folder) {
			t.Errorf("the kinds are %v, and the folders %v", names, folders)
		}
	}
}

// TestKindsLeaveNothingOut holds the kinds to their own schemas.
func TestKindsLeaveNothingOut(t *testing.T) {
	t.Parallel()
	for _, e := range All() {
		r, _, err := world.NewRoom(e.Kind, world.Setup{Seed: 1})
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(e.Name, "-show") {
			continue // nobody joins it
		}
		if err := r.Join(&world.Player{Interest: world.NewInterest(r.World), ID: 1, PlayerID: "ann"}, nil); err != nil {
			t.Fatal(err)
		}
		for _, what := range r.Omissions() {
			t.Errorf("%s: %s", e.Name, what)
		}
	}
}

func TestBots(t *testing.T) {
	t.Parallel()
	all := Bots()
	for _, e := range All() {
		b, ok := all[e.Name]
		if ok != (e.NewPilot != nil || e.Behaviour != nil) {
			t.Errorf("%s: bots can play it: %v", e.Name, ok)
		}
		if ok && (b.Schema != e.Schema || b.NewCrew == nil && b.NewPilot(rand.New(rand.NewPCG(1, 2))) == nil) {
			t.Errorf("%s has no schema or no pilot for bots", e.Name)
		}
	}
	if len(all) == 0 {
		t.Error("bots can play nothing")
	}
}
