package holdings

import (
	"bytes"
	"flag"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tickroom/tickroom/server/config"
)

var update = flag.Bool("update", false, "write testdata anew")

func TestTables(t *testing.T) {
	t.Parallel()
	open := config.Default()
	open.Access.ConnectionsPerAddress, open.Access.Handshakes, open.Access.RoomsPerPlayer, open.Access.Exempt = 0, 0, 0, nil
	for name, c := range map[string]*config.Config{"defaults": config.Default(), "unlimited": open} {
		var got bytes.Buffer
		if err := Write(&got, c); err != nil {
			t.Fatal(err)
		}
		path := "testdata/" + name + ".txt"
		if *update {
			if err := os.WriteFile(path, got.Bytes(), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), got.String()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
