package publicapi

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// TestExamples sees that each public package shows how it is used. What an example
// prints is compared, so it runs: that is what the line "Output:" is for.
func TestExamples(t *testing.T) {
	t.Parallel()
	example := regexp.MustCompile(`(?ms)^func Example\w*\(\) \{\n.*?\t// Output:.*?^\}`)
	for _, p := range public {
		b, err := os.ReadFile(filepath.Join("..", "..", p, "example_test.go"))
		if err != nil {
			t.Error(err)
		} else if !example.Match(b) {
			t.Errorf("%s has no example that runs", p)
		}
	}
}
