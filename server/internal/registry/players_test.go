package registry

import "testing"

func TestPlayersAreFoundWhereTheyAre(t *testing.T) {
	t.Parallel()
	p := newPlayers()
	old, newer, other := &Entry{ID: "a-1", Kind: "arena"}, &Entry{ID: "a-2", Kind: "arena"}, &Entry{ID: "w-1", Kind: "walkers"}
	p.joined("ann", old)
	p.joined("ann", newer)
	p.joined("ann", other)
	p.joined("bob", old)
	p.joined("", old) // nobody
	for _, c := range []struct {
		player, kind, id string
		want             *Entry
	}{
		{"ann", "arena", "", newer}, {"ann", "walkers", "", other}, {"ann", "chess", "", nil},
		{"ann", "arena", "a-1", old}, {"ann", "", "a-1", old}, {"ann", "walkers", "a-1", nil}, {"ann", "", "", nil},
		{"bob", "arena", "", old}, {"bob", "arena", "a-2", nil}, {"eve", "arena", "", nil}, {"", "arena", "", nil},
	} {
		if got := p.find(c.player, c.kind, c.id); got != c.want {
			t.Errorf("%s in %q of kind %q: %v", c.player, c.id, c.kind, got)
		}
	}
	p.left("ann", newer)
	p.left("ann", newer) // once more is nothing
	p.left("bob", old)
	if got := p.find("ann", "arena", ""); got != old {
		t.Errorf("after ann has left: %v", got)
	}
	if list := p.of("ann"); len(list) != 2 || list[0] != other || list[1] != old {
		t.Errorf("the rooms of ann: %v", list)
	}
	if _, there := p.in["bob"]; there || len(p.of("bob")) != 0 {
		t.Error("bob is remembered, who is nowhere")
	}
}
