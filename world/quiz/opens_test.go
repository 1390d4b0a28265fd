package quiz

import (
	"context"
	"errors"
	"testing"

	"github.com/tickroom/tickroom/world"
)

// TestMayOpen asks who may have which show opened.
func TestMayOpen(t *testing.T) {
	t.Parallel()
	read := func(_ context.Context, file string) ([]byte, error) {
		if file != "shows/friday.yaml" && file != "one.yaml" {
			return nil, errors.New("no such file")
		}
		return nil, nil
	}
	for _, c := range []struct {
		opens, file, show string
		usual, host, may  bool
	}{
		{"files", "shows/*.yaml", "friday", false, false, true},
		{"files", "shows/*.yaml", "monday", false, false, false},
		{"files", "shows/*.yaml", "monday", false, true, true},
		{"files", "shows/*.yaml", "main", true, false, false},
		{"files", "one.yaml", "main", true, false, true},
		{"files", "one.yaml", "other", false, false, false},
		{"files", "gone.yaml", "main", true, false, false},
		{"files", "", "main", true, false, true},
		{"files", "", "other", false, false, false},
		{"files", "", "other", false, true, true},
		{"files", "none", "main", true, false, false},
		{"files", "none", "main", true, true, true},
		{"hosts", "shows/*.yaml", "friday", false, false, false},
		{"hosts", "shows/*.yaml", "friday", false, true, true},
		{"anybody", "shows/*.yaml", "friday", false, false, true},
		{"anybody", "shows/*.yaml", "monday", false, false, false},
		{"anybody", "one.yaml", "other", false, false, true},
		{"anybody", "", "other", false, false, true},
		{"anybody", "none", "other", false, false, true},
	} {
		o := &world.Opening{Show: c.show, Usual: c.usual, House: map[string]string{"role": "host"}, Stage: map[string]string{"opens": c.opens, "file": c.file}}
		if c.host {
			o.Roles = []string{"player", "host"}
		}
		if err := mayOpen(t.Context(), o, read); (err == nil) != c.may {
			t.Errorf("%+v: %v", c, err)
		}
	}
	if _, _, err := world.NewRoom(ShowKind(nil), world.Setup{Options: map[string]string{"opens": "nobody"}}); err == nil {
		t.Error("nobody may open shows, and that is no error")
	}
}
