package storetest_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/tickroom/tickroom/matchmaking/store"
)

var nodeCases = map[string]func(t *testing.T, a, b store.Nodes){
	"beat and leave": func(t *testing.T, a, b store.Nodes) {
		is := func(wanted ...store.Node) {
			t.Helper()
			got, err := b.Nodes(t.Context())
			ok(t, err)
			same(t, "nodes", got, wanted)
		}
		is()
		n1 := store.Node{ID: "n1", URL: "wss://n1.test", Region: "eu", Kinds: []string{"arena", "quiz"}, Spare: 1.5, Rooms: 2, Clients: 30, MaxRooms: 10, MaxClients: 100}
		n2 := store.Node{ID: "n2", Draining: true}
		ok(t, a.Beat(t.Context(), n2, time.Minute))
		ok(t, a.Beat(t.Context(), n1, time.Minute))
		is(n1, n2)
		n1.Spare, n1.Draining, n2.Draining = -0.25, true, false
		ok(t, b.Beat(t.Context(), n1, time.Minute))
		ok(t, a.Beat(t.Context(), n2, time.Minute))
		is(n1, n2)
		ok(t, a.Leave(t.Context(), "n1"))
		ok(t, a.Leave(t.Context(), "n1"))
		is(n2)
	},
	"silence": func(t *testing.T, a, b store.Nodes) {
		ok(t, a.Beat(t.Context(), store.Node{ID: "n1"}, 30*time.Millisecond))
		ok(t, a.Beat(t.Context(), store.Node{ID: "n2"}, time.Minute))
		until(t, "a node that is silent is forgotten", func() bool {
			got, err := b.Nodes(t.Context())
			ok(t, err)
			return len(got) == 1 && got[0].ID == "n2"
		})
		// It comes back.
		ok(t, a.Beat(t.Context(), store.Node{ID: "n1"}, time.Minute))
		got, err := b.Nodes(t.Context())
		ok(t, err)
		if len(got) != 2 {
			t.Fatalf("%d nodes; want 2", len(got))
		}
	},
	"many": func(t *testing.T, a, b store.Nodes) {
		for i := range 250 {
			ok(t, a.Beat(t.Context(), store.Node{ID: fmt.Sprintf("%03d", i*7%250)}, time.Minute))
		}
		got, err := b.Nodes(t.Context())
		ok(t, err)
		if len(got) != 250 || got[0].ID != "000" || got[249].ID != "249" {
			t.Fatalf("%d nodes", len(got))
		}
	},
}
