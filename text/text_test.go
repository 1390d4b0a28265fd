package text_test

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/tickroom/tickroom/text"
)

const (
	family  = "\U0001F468\u200D\U0001F469\u200D\U0001F467\u200D\U0001F466"
	england = "\U0001F3F4\U000E0067\U000E0062\U000E0065\U000E006E\U000E0067\U000E007F"
	germany = "\U0001F1E9\U0001F1EA"
	kiss    = "\U0001F469\U0001F3FD\u200D\u2764\uFE0F\u200D\U0001F48B\u200D\U0001F468\U0001F3FD"
	persian = "\u0645\u06CC\u200C\u062E\u0648\u0627\u0647\u0645"
)

func TestNamesOfAllLanguages(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"Ann Lee":                             "Ann Lee",
		"":                                    "",
		"  \u3000 ":                           "",
		"  Ann \u00a0 Lee\u3000":              "Ann Lee",
		"\u5f20\u3000\u4f1f":                  "\u5f20 \u4f1f",
		persian:                               persian,
		"\u0915\u094D\u200D\u0937":            "\u0915\u094D\u200D\u0937",
		"\u0e19\u0e49\u0e33":                  "\u0e19\u0e49\u0e4d\u0e32",
		"Zo\u0308e":                           "Zöe",
		"\uff21\uff42\uff43":                  "Abc",
		norm.NFD.String("\uae40\uc5f0\uc544"): "\uae40\uc5f0\uc544",
		family:                                family,
		"The " + family + " Smiths":           "The " + family + " Smiths",
		england + germany:                     england + germany,
		kiss:                                  kiss,
		"I \u2764\uFE0F Go":                   "I \u2764\uFE0F Go",
		"No 1\uFE0F\u20E3":                    "No 1\uFE0F\u20E3",
		"new \U0001FAE9":                      "new \U0001FAE9",
		"\u845b\U000E0100":                    "\u845b",
		"\u05d3\u05d5\u05d3":                  "\u05d3\u05d5\u05d3",
		"O\u2019Brien-L\u00f3pez jr.":         "O\u2019Brien-L\u00f3pez jr.",
	} {
		got, err := text.Name(in, 20)
		if err != nil || got != want {
			t.Errorf("Name(%+q) = %+q, %v; want %+q", in, got, err, want)
		}
		if again, err := text.Name(got, 20); err != nil || again != got {
			t.Errorf("Name(%+q) = %+q, %v: it is a name already", got, again, err)
		}
		if got := text.CleanName(in, 20); got != want {
			t.Errorf("CleanName(%+q) = %+q; want %+q", in, got, want)
		}
	}
}

func TestWhatIsNoName(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]struct {
		err   error
		clean string
	}{
		"\u202Enna":                        {text.ErrCharacter, "nna"},
		"\u200B":                           {text.ErrCharacter, ""},
		"a\u200Db":                         {text.ErrCharacter, "ab"},
		"\u3164":                           {text.ErrCharacter, ""},
		"\u115F":                           {text.ErrCharacter, ""},
		"\uFFA0":                           {text.ErrCharacter, ""},
		"\u2800 \u2800":                    {text.ErrInvisible, ""},
		"\uFFFC":                           {text.ErrCharacter, ""},
		"a\nb":                             {text.ErrCharacter, "ab"},
		"a\x00":                            {text.ErrCharacter, "a"},
		"\uE000":                           {text.ErrCharacter, ""},
		"\uFDD0":                           {text.ErrCharacter, ""},
		"\uFEFFbom":                        {text.ErrCharacter, "bom"},
		"a\xff":                            {text.ErrNotUTF8, "a"},
		"a\U000E0067\U000E007F":            {text.ErrCharacter, "a"},
		"x" + strings.Repeat("\u0301", 16): {text.ErrCharacter, "x"},
		strings.Repeat("ab", 10) + "c":     {text.ErrTooLong, strings.Repeat("ab", 10)},
		strings.Repeat(family, 21):         {text.ErrTooLong, strings.Repeat(family, 20)},
	} {
		got, err := text.Name(in, 20)
		if !errors.Is(err, want.err) || got != "" {
			t.Errorf("Name(%+q) = %+q, %v; want %v", in, got, err, want.err)
		} else if !strings.HasPrefix(err.Error(), "the name ") || !utf8.ValidString(err.Error()) {
			t.Errorf("Name(%+q): %q", in, err)
		}
		if got := text.CleanName(in, 20); got != want.clean {
			t.Errorf("CleanName(%+q) = %+q; want %+q", in, got, want.clean)
		}
	}
}

func TestLines(t *testing.T) {
	t.Parallel()
	same := []string{
		"hello", " hello ", "\u4f60\u597d\u3000\u4e16\u754c", "Ah\u00a0!", "10\u202f000\u202f\u20ac", persian,
		family + " " + england, "\u0e2a\u0e27\u0e31\u0e2a\u200b\u0e14\u0e35", "\u05e9\u05dc\u05d5\u05dd\u200f!", "co\u00adop",
		"\u845b\U000E0100", "\u0600\u0661", "\U0001FAE9", "\u2067abc\u2069 d", kiss, "q\u0323\u0307",
	}
	for _, s := range same {
		if got, err := text.Line("text", s, 20); err != nil || got != s {
			t.Errorf("Line(%+q) = %+q, %v", s, got, err)
		}
	}
	for in, want := range map[string]string{
		"\uFEFFhi":           "hi",
		"\u202A+1 23\u202C!": "+1 23!",
		"\u2067abc":          "\u2067abc\u2069",
		"a\u2069b":           "ab",
	} {
		if got, err := text.Line("text", in, 20); err != nil || got != want {
			t.Errorf("Line(%+q) = %+q, %v; want %+q", in, got, err, want)
		}
	}
	for in, want := range map[string]error{
		"":                                 text.ErrInvisible,
		" \u3000\u200B\u200D":              text.ErrInvisible,
		"\u3164\u115F\u2800":               text.ErrInvisible,
		"\u202A\u202C":                     text.ErrInvisible,
		"a\u202Eb":                         text.ErrCharacter,
		"a\u202Db":                         text.ErrCharacter,
		"\u0301":                           text.ErrInvisible,
		"a\nb":                             text.ErrCharacter,
		"a\u2028b":                         text.ErrCharacter,
		"a\tb":                             text.ErrCharacter,
		"a\u0085b":                         text.ErrCharacter,
		"a\uFFFCb":                         text.ErrCharacter,
		"\uE000":                           text.ErrCharacter,
		"\U0001FFFE":                       text.ErrCharacter,
		"\U000E0067\U000E007F":             text.ErrCharacter,
		"x" + strings.Repeat("\u0301", 16): text.ErrCharacter,
		"\xc3\x28":                         text.ErrNotUTF8,
		strings.Repeat("é", 21):            text.ErrTooLong,
	} {
		if got, err := text.Line("text", in, 20); !errors.Is(err, want) || got != "" {
			t.Errorf("Line(%+q) = %+q, %v; want %v", in, got, err, want)
		} else if !strings.HasPrefix(err.Error(), "the text ") || !utf8.ValidString(err.Error()) {
			t.Errorf("Line(%+q): %q", in, err)
		}
	}
}

func TestLengths(t *testing.T) {
	t.Parallel()
	s := "Zo\u0308e" + family + england + germany
	if n := text.Length(s); n != 6 {
		t.Errorf("Length = %d, want 6", n)
	}
	for n, want := range map[int]string{0: "", 2: "Zo\u0308", 4: "Zo\u0308e" + family, 6: s, 9: s} {
		if got := text.Cut(s, n); got != want {
			t.Errorf("Cut(%d) = %+q, want %+q", n, got, want)
		}
	}
	for n, want := range map[int]string{0: "", 1: "Z", 3: "Z", 4: "Zo\u0308", 5: "Zo\u0308e", 20: "Zo\u0308e", 100: s} {
		if got := text.CutBytes(s, n); got != want {
			t.Errorf("CutBytes(%d) = %+q, want %+q", n, got, want)
		}
	}
}

// FuzzTexts holds names and lines to what is promised of any text.
func FuzzTexts(f *testing.F) {
	for _, s := range []string{family, england, kiss, persian, "\u202Ea", "a\u2067b\u2069", "\uFDFA", "\u1100\u1161\u11A8", "1\uFE0F\u20E3"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for what, got := range map[string]func() (string, error){
			"name":  func() (string, error) { return text.Name(s, 16) },
			"clean": func() (string, error) { return text.CleanName(s, 16), nil },
			"line":  func() (string, error) { return text.Line("line", s, 16) },
		} {
			out, err := got()
			if err != nil {
				if out != "" || !utf8.ValidString(err.Error()) {
					t.Fatalf("%s %+q: %+q, %v", what, s, out, err)
				}
				continue
			}
			if !utf8.ValidString(out) || text.Length(out) > 16 || strings.ContainsAny(out, "\n\r\u2028\u2029\u202E\u202A\uFEFF\x00") {
				t.Fatalf("%s %+q = %+q", what, s, out)
			}
			var again string
			if what == "line" {
				again, err = text.Line("line", out, 16)
			} else {
				again, err = text.Name(out, 16)
			}
			if err != nil || again != out {
				t.Fatalf("%s %+q = %+q, and that %+q, %v", what, s, out, again, err)
			}
		}
	})
}
