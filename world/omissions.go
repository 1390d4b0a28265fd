package world

import (
	"fmt"
	"slices"
)

// Omissions returns what the game seems to have left out so far, in sentences for its author: what
// the schema declares and nobody handles, replies that no client can read, players who see nothing.
// Some of it may be meant so; but clients would hear nothing of it. Servers log it as a warning, once
// for each kind of room.
func (r *Room) Omissions() []string {
	var all []string
	if s := r.schema; s != nil {
		if s.Input != "" && r.input == nil {
			all = append(all, fmt.Sprintf("inputs (%s) are passed over: no handler was set with world.OnInput", s.Input))
		}
		for i := range s.Commands {
			c := &s.Commands[i]
			if h, ok := r.commands[c.ID]; !ok {
				all = append(all, fmt.Sprintf("the command %s is refused as unknown: no handler was set with world.OnCommand or world.OnOrder", c.Name))
			} else if what := h.replies(c); what != "" {
				all = append(all, what)
			}
		}
		for _, c := range s.Components {
			if !slices.ContainsFunc(r.cores, func(t *core) bool { return t.comp.ID == c.ID }) {
				all = append(all, fmt.Sprintf("the component %s has no table, made with world.NewTable: no client will see one", c.Name))
			}
		}
	}
	if r.blind {
		all = append(all, "a player saw nothing after Join: the game subscribes it to a group with Player.Subscribe or Player.Watch")
	}
	return all
}
