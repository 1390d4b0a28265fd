package world

import (
	"bytes"
	"testing"

	walkersv1 "github.com/tickroom/tickroom/proto/gen/tickroom/walkers/v1"
)

// TestBodiesOfThoseWithEventsOfTheirOwn: a client that was sent something for itself alone shares what comes
// after that with the others again, while the event is still remembered.
func TestBodiesOfThoseWithEventsOfTheirOwn(t *testing.T) {
	t.Parallel()
	w := New(Config{})
	g := w.NewGroup("g")
	table := NewTable[walkersv1.Walker](w)
	row := table.Set(w.Spawn(g), walkersv1.Walker{})
	clients := make([]*Interest, 60)
	for i := range clients {
		clients[i] = NewInterest(w)
		clients[i].Subscribe(g)
	}
	w.Commit()
	for tick := range uint32(6) {
		row.Health++
		if tick == 2 {
			for _, in := range clients[20:] {
				in.emit(&walkersv1.Heard{Text: "for you"})
			}
		}
		now := w.Commit()
		var sc Scratch
		for i, in := range clients {
			got := in.AppendSince(nil, &sc, now-1, now-1)
			if want := in.AppendSince(nil, new(Scratch), now-1, now-1); !bytes.Equal(got, want) {
				t.Fatalf("tick %d, client %d: %x, alone %x", now, i, got, want)
			}
			if own := bytes.Contains(got, []byte("for you")); own != (tick == 2 && i >= 20) {
				t.Fatalf("tick %d, client %d has its own event: %t", now, i, own)
			}
		}
		want := len(clients) - fewClients - 1
		if tick == 2 {
			want = 20 - fewClients - 1
		}
		if sc.bodies.hits != want {
			t.Errorf("tick %d: %d clients were sent what was there, want %d", tick, sc.bodies.hits, want)
		}
	}
}
