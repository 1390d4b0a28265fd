package world_test

import (
	"maps"
	"strings"
	"testing"

	"github.com/tickroom/tickroom/world"
)

func TestWhatClientsMayAskFor(t *testing.T) {
	t.Parallel()
	k := world.Kind{Name: "tag", Options: []world.Option{
		{Name: "map", Default: "field", Clients: true, Check: world.OneOf("field", "yard", "roof")},
		{Name: "title", Clients: true},
		{Name: "size", Default: "40"},
	}}
	type options = map[string]string
	for _, c := range []struct {
		asked, base, want options
		says              string
	}{
		{nil, nil, options{}, ""},
		{options{"map": "yard"}, nil, options{"map": "yard"}, ""},
		{options{"map": "field", "title": ""}, nil, options{}, ""}, // as they would be anyway
		{options{"map": "yard"}, options{"map": "yard"}, options{}, ""},
		{options{"map": "field"}, options{"map": "yard"}, options{"map": "field"}, ""},
		{options{"title": "Grüße"}, nil, options{"title": "Grüße"}, ""},
		{options{"map": "moon"}, nil, nil, `option map="moon": it must be one of: field, yard, roof`},
		{options{"size": "1000"}, nil, nil, `no option "size" that clients may choose; those are: map, title`},
		{options{"siez": "1"}, nil, nil, `no option "siez"`},
		{options{"title": strings.Repeat("x", 65)}, nil, nil, "65 bytes; there can be 64"},
		{options{"title": "a\x00"}, nil, nil, "can't be shown"},
		{options{"title": "\xff"}, nil, nil, "can't be shown"},
	} {
		got, err := k.Asked(c.asked, c.base)
		if (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) || err == nil && !maps.Equal(got, c.want) {
			t.Errorf("%v beside %v: %v, %v; want %v, %q", c.asked, c.base, got, err, c.want, c.says)
		}
	}
	if _, err := (&world.Kind{Name: "bare"}).Asked(options{"a": "b"}, nil); err == nil || !strings.Contains(err.Error(), "those are: none") {
		t.Errorf("a kind without options: %v", err)
	}
}

// TestShowNames names the show that a room is a house of.
func TestShowNames(t *testing.T) {
	t.Parallel()
	k := world.Kind{Name: "k", Show: &world.ShowOf{Kind: "k-show", Option: "of"}, Options: []world.Option{{Name: "of", Default: "main", Clients: true}}}
	for options, want := range map[string]string{"": "main", "Other.1": "Other.1"} {
		with := map[string]string{"of": options}
		if options == "" {
			delete(with, "of")
		}
		if got := k.ShowName(with); got != want {
			t.Errorf("%q: %q", options, got)
		}
	}
	if none := (&world.Kind{}).ShowName(map[string]string{"of": "x"}); none != "" {
		t.Errorf("%q", none)
	}
	for name, good := range map[string]bool{"a": true, "Live_7-b.c": true, strings.Repeat("x", 64): true, "": false, "..": false, ".a": false, "a/b": false, "a b": false, "é": false, strings.Repeat("x", 65): false} {
		if err := world.CheckShowName(name); (err == nil) != good {
			t.Errorf("%q: %v", name, err)
		}
		if _, err := k.Asked(map[string]string{"of": name}, nil); (err == nil) != good {
			t.Errorf("a client asks for %q: %v", name, err)
		}
	}
}
