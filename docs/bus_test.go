package docs

import (
	"os"
	"strings"
	"testing"
)

// TestBusExamples sees that what docs/bus.md shows is in the examples, which are tested where they are.
func TestBusExamples(t *testing.T) {
	t.Parallel()
	shown := 0
	for _, b := range blocks(t, "bus.md") {
		name, ok := strings.CutPrefix(b.info, "from=")
		if !ok {
			continue
		}
		shown++
		file, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(file), b.text) {
			t.Errorf("%s has no such text:\n%s", name, b.text)
		}
	}
	if shown != 5 {
		t.Errorf("%d pieces of code are shown", shown)
	}
}
