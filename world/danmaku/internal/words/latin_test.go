package words

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"golang.org/x/text/unicode/norm"
	"golang.org/x/text/unicode/runenames"

	"github.com/mtibben/confusables"
)

var update = flag.Bool("update", false, "write latin.go anew")

// named are the names of characters that are a letter of the alphabet in another dress.
var named = regexp.MustCompile(`^(?:LATIN (?:(?:SMALL|CAPITAL) )?LETTER|LATIN SUBSCRIPT SMALL LETTER|REGIONAL INDICATOR SYMBOL LETTER|NEGATIVE (?:CIRCLED|SQUARED) LATIN CAPITAL LETTER|MODIFIER LETTER(?: SMALL| CAPITAL)?)` +
	`(?: (?:SMALL CAPITAL|TURNED|REVERSED|INVERTED|SIDEWAYS|DOTLESS|CLOSED|OPEN|SCRIPT|BARRED|LONG|STRETCHED|BLACKLETTER|INSULAR|MIDDLE-WELSH|ANGLICANA))* ([A-Z])(?: WITH .*)?$`)

// TestLatin has each character that is named after a letter of the alphabet compared as that letter. What does
// not follow from NFKC and the confusables is in the table latin.
func TestLatin(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString("package words\n\n// latin are characters that are named after a letter of a to z, as far as that does not follow from their\n// decomposition or from the confusables. It is written by go test -update.\nvar latin = map[rune]byte{\n")
	for r := rune(0x80); r <= unicode.MaxRune; r++ {
		m := named.FindStringSubmatch(runenames.Name(r))
		if m == nil || strings.Contains(runenames.Name(r), "WITH SMALL LETTER") { // that is two
			continue
		}
		letter := strings.ToLower(m[1])
		if !plainly(r, letter) {
			fmt.Fprintf(&b, "\t%#x: '%s', // %s\n", r, letter, runenames.Name(r))
		}
		if got := string(Normalise(string(r)).Key()); !*update && got != ascii[letter[0]] {
			t.Errorf("%U %s is compared as %q", r, runenames.Name(r), got)
		}
	}
	b.WriteString("}\n")
	if *update {
		if err := os.WriteFile("latin.go", []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// plainly reports whether a character is a letter without the table.
func plainly(r rune, letter string) bool {
	s := norm.NFKD.String(string(r))
	if strings.EqualFold(s[:1], letter) {
		return true
	}
	s = strings.ToLower(confusables.Skeleton(strings.ToLower(norm.NFKC.String(string(r)))))
	return s[:1] == letter && len(s) == 1
}
