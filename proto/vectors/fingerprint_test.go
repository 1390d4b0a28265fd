package vectors

import (
	"fmt"
	"hash/fnv"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	arenav1 "github.com/tickroom/tickroom/proto/gen/tickroom/arena/v1"
	walkersv1 "github.com/tickroom/tickroom/proto/gen/tickroom/walkers/v1"
	testschemav1 "github.com/tickroom/tickroom/proto/internal/testschema/gen"
	"github.com/tickroom/tickroom/proto/schema"
)

const fingerprintFile = "fingerprint.txt"

const fingerprintHead = `# What the fingerprints of some schemas are made of; docs/protocol.md, "The schema", explains it.
# Written by: go test ./proto/vectors -update
#
# A line is a key, ": " and a value. Empty lines and those that begin with # say nothing.
#
# schema:       a schema begins: its package
# text:         a line of the text, without the line feed that ends it
# fingerprint:  the 64-bit FNV-1a hash of the text, in hexadecimal digits
`

// TestFingerprints holds the schemas' fingerprints against the file, and against the hash
// of its text.
func TestFingerprints(t *testing.T) {
	t.Parallel()
	b := &strings.Builder{}
	b.WriteString(fingerprintHead)
	for _, s := range []*schema.Schema{walkersv1.Schema, arenav1.Schema, testschemav1.Schema} {
		fmt.Fprintf(b, "\nschema: %s\n", s.Package)
		text := s.FingerprintText()
		for line := range strings.Lines(text) {
			fmt.Fprintf(b, "text: %s", line)
		}
		h := fnv.New64a()
		_, _ = h.Write([]byte(text))
		fmt.Fprintf(b, "fingerprint: %016x\n", h.Sum64())
		if got := s.Fingerprint(); got != h.Sum64() {
			t.Errorf("%s: the fingerprint is %016x, and the hash of its text %016x", s.Package, got, h.Sum64())
		}
	}
	if *update {
		if err := os.WriteFile(fingerprintFile, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	file, err := os.ReadFile(fingerprintFile)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(file), b.String()); diff != "" {
		t.Errorf("%s is not what the code makes (- file, + code); if the change is meant: go test ./proto/vectors -update\n%s", fingerprintFile, diff)
	}
}
