package world_test

import (
	"slices"
	"strings"
	"testing"

	walkersv1 "github.com/tickroom/tickroom/proto/gen/tickroom/walkers/v1"
	"github.com/tickroom/tickroom/world"
)

func TestOmissions(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		make func(r *world.Room)
		says []string // a part of each
	}{
		"nothing is handled": {func(*world.Room) {}, []string{"inputs (WalkerInput)", "command Shout is refused", "component Walker has no table"}},
		"all is there": {func(r *world.Room) {
			world.NewTable[walkersv1.Walker](r.World)
			world.OnInput(r, func(*world.Player, *walkersv1.WalkerInput) {})
			world.OnCommand(r, func(*world.Player, *walkersv1.Shout) (*walkersv1.ShoutReply, error) { return nil, nil })
		}, nil},
		"another reply": {func(r *world.Room) {
			world.NewTable[walkersv1.Walker](r.World)
			world.OnInput(r, func(*world.Player, *walkersv1.WalkerInput) {})
			world.OnCommand(r, func(*world.Player, *walkersv1.Shout) (*walkersv1.Heard, error) { return nil, nil })
		}, []string{"replies with a walkersv1.Heard, and clients read a ShoutReply"}},
		"no reply": {func(r *world.Room) {
			world.NewTable[walkersv1.Walker](r.World)
			world.OnInput(r, func(*world.Player, *walkersv1.WalkerInput) {})
			world.OnOrder(r, func(*world.Player, *walkersv1.Shout) error { return nil })
		}, []string{"command Shout has no reply"}},
	} {
		r, _, err := world.NewRoom(kind(func(r *world.Room) error { c.make(r); return nil }), world.Setup{Seed: 1})
		if err != nil {
			t.Fatal(err)
		}
		got := r.Omissions()
		if len(got) != len(c.says) {
			t.Errorf("%s: %q", name, got)
		}
		for _, want := range c.says {
			if !slices.ContainsFunc(got, func(s string) bool { return strings.Contains(s, want) }) {
				t.Errorf("%s: %q is not in %q", name, want, got)
			}
		}
	}
}

func TestAPlayerWhoSeesNothingIsAnOmission(t *testing.T) {
	t.Parallel()
	d := newDiary(t)
	before := len(d.room.Omissions())
	for id := range uint32(2) {
		if err := d.room.Join(d.player(id+1, "p", false), nil); err != nil {
			t.Fatal(err)
		}
	}
	if got := d.room.Omissions(); len(got) != before+1 || !strings.Contains(got[before], "saw nothing") {
		t.Errorf("%q", got)
	}
}
