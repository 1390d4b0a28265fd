package registry

import "testing"

func TestPlayersAreFoundWhereTheyAre(t *testing.T) {
	t.Parallel()
	p := newPlayers()
	old, newer, other := &Entry{ID: "a-1", Kind: "arena"}, &Entry{ID: "a-2", Kind: "arena"}, &Entry{ID: "w-1", Kind: "walkers"}
	p.joined("ann", stay{in: old})
	p.joined("ann", stay{in: newer})
	p.joined("ann", stay{in: other})
	p.joined("ann", stay{old, true})
	p.joined("bob", stay{in: old})
	p.joined("", stay{in: old}) // nobody
	for _, c := range []struct {
		player, kind, id string
		watches          bool
		want             *Entry
	}{
		{"ann", "arena", "", false, newer}, {"ann", "walkers", "", false, other}, {"ann", "chess", "", false, nil},
		{"ann", "arena", "a-1", false, old}, {"ann", "", "a-1", false, old}, {"ann", "walkers", "a-1", false, nil}, {"ann", "", "", false, nil},
		{"ann", "arena", "", true, old}, {"ann", "walkers", "", true, nil}, {"ann", "arena", "a-2", true, nil}, {"bob", "arena", "a-1", true, nil},
		{"bob", "arena", "", false, old}, {"bob", "arena", "a-2", false, nil}, {"eve", "arena", "", false, nil}, {"", "arena", "", false, nil},
	} {
		if got := p.find(c.player, c.kind, c.id, "", c.watches); got != c.want {
			t.Errorf("%s in %q of kind %q, watches %t: %v", c.player, c.id, c.kind, c.watches, got)
		}
	}
	if list := p.of("ann"); len(list) != 3 || list[0] != old {
		t.Errorf("the rooms of ann: %v", list)
	}
	p.left("ann", stay{old, true})
	p.left("ann", stay{in: newer})
	p.left("ann", stay{in: newer}) // once more is nothing
	p.left("bob", stay{in: old})
	if got := p.find("ann", "arena", "", "", false); got != old {
		t.Errorf("after ann has left: %v", got)
	}
	if list := p.of("ann"); len(list) != 2 || list[0] != other || list[1] != old {
		t.Errorf("the rooms of ann: %v", list)
	}
	if _, there := p.in["bob"]; there || len(p.of("bob")) != 0 {
		t.Error("bob is remembered, who is nowhere")
	}
}
