package strictyaml

import (
	"bytes"
	"regexp"
	"sort"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// atLine is what the parser says of the place: a line, if it is not the first, and at times another one.
var atLine = regexp.MustCompile(`^yaml: (line \d+: )?`)

// syntax reads a text as YAML, and returns what is wrong with its syntax; empty: nothing.
func syntax(text []byte, into *yaml.Node) string {
	if err := yaml.Unmarshal(text, into); err != nil {
		return atLine.ReplaceAllString(err.Error(), "")
	}
	return ""
}

// broken returns where a text is wrong, of which is known what is, from 1: at the end of a beginning of it that is wrong in
// the same way, where a shorter one is not.
func broken(text []byte, what string) (line, column int) {
	n := sort.Search(len(text), func(n int) bool { return syntax(text[:n+1], new(yaml.Node)) == what })
	before := text[:min(n, len(text))]
	at := bytes.LastIndexByte(before, '\n') + 1
	return 1 + bytes.Count(before, []byte{'\n'}), 1 + utf8.RuneCount(before[at:])
}
