package quiz

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/tickroom/tickroom/internal/strictyaml"
	quizv1 "github.com/tickroom/tickroom/proto/gen/tickroom/quiz/v1"
	"github.com/tickroom/tickroom/text"
)

// Bounds of a show's file.
const (
	maxQuestions = 100
	minOptions   = 2
	maxOptions   = 6
	maxQuestion  = 300 // characters
	maxOption    = 100 // characters
	maxNote      = 300 // characters
	maxURL       = 500 // bytes
	maxFile      = 128 << 10
	maxPoints    = 10_000
	maxBonus     = 5_000
)

// script is what a show's file says. Times are in seconds.
type script struct {
	Title          string  `yaml:"title" default:"Quiz" min:"1" max:"200"`
	Image          string  `yaml:"image"`
	Mode           string  `yaml:"mode" default:"points" oneof:"elimination points practice"`
	Seconds        float64 `yaml:"seconds" default:"10" min:"1" max:"600"`
	Points         int     `yaml:"points" default:"1000" min:"0" max:"10000"`
	Pause          float64 `yaml:"pause" default:"8" min:"1" max:"600"`
	Revives        int     `yaml:"revives" default:"0" min:"0" max:"20"`
	Late           string  `yaml:"late" default:"auto" oneof:"auto watch play"`
	TeamSize       int     `yaml:"team_size" default:"0" min:"0" max:"100"`
	Shuffle        bool    `yaml:"shuffle"`
	StreakBonus    int     `yaml:"streak_bonus" default:"100" min:"0" max:"1000"`
	MaxStreakBonus int     `yaml:"max_streak_bonus" default:"500" min:"0" max:"5000"`
	Lobby          float64 `yaml:"lobby" default:"0" min:"0" max:"86400"`
	StartWith      int     `yaml:"start_with" default:"0" min:"0" max:"100000000"`
	Again          float64 `yaml:"again" default:"0" min:"0" max:"86400"`
	EndsAfter      float64 `yaml:"ends_after" default:"300" min:"0" max:"86400"`
	MaxCredit      float64 `yaml:"max_credit" default:"0.25" min:"0" max:"2"`
	Lead           float64 `yaml:"lead" default:"0.2" min:"0" max:"2"`

	questions []question
}

// question is one of a script, or one that a host has posed.
type question struct {
	Text    string   `yaml:"text"`
	Image   string   `yaml:"image"`
	Options []string `yaml:"options"`
	Images  []string `yaml:"images"`
	Answer  []string `yaml:"answer"` // letters
	Note    string   `yaml:"note"`
	worth

	key uint32 // the set of options that are right; 0: nobody knows yet
}

// worth is what a question has of its own, or else as the script has it.
type worth struct {
	Seconds float64 `yaml:"seconds" min:"1" max:"600"`
	Points  int     `yaml:"points" min:"0" max:"10000"`
}

var modes = map[string]quizv1.Mode{
	"elimination": quizv1.Mode_MODE_ELIMINATION, "points": quizv1.Mode_MODE_POINTS, "practice": quizv1.Mode_MODE_PRACTICE,
}

// CheckFile returns all that is wrong with a show's file, each with the line and what to do, or
// nil. path is what the errors call the file.
func CheckFile(path string, content []byte) error {
	_, err := parse(path, content)
	return err
}

// parse reads a show's file.
func parse(path string, content []byte) (*script, error) {
	if len(content) > maxFile {
		return nil, fmt.Errorf("%s: the file has %d bytes; a show has at most %d", path, len(content), maxFile)
	}
	s := &script{}
	for _, f := range strictyaml.Fields(s) {
		f.SetDefault()
	}
	d, top := strictyaml.Parse(path, content)
	top.Fields(s)
	list, ok := top.Maps("questions")
	switch {
	case !ok && top.Has("questions"):
		d.Fail("questions", "it must be a list of questions, each `- text: …`")
	case len(list) > maxQuestions:
		d.Fail("questions", "there are %d; a show has at most %d", len(list), maxQuestions)
		list = nil
	}
	for i, m := range list {
		q := question{worth: worth{Seconds: s.Seconds, Points: s.Points}}
		m.Fields(&q)
		m.Done()
		before := d.Problems()
		d.Check(m.Field()+".", &q.worth)
		if before == d.Problems() {
			if at, err := q.settle(); err != nil {
				d.Fail(fmt.Sprintf("questions.%d.%s", i, at), "%v", err)
			}
		}
		s.questions = append(s.questions, q)
	}
	top.Done()
	d.Check("", s)
	if err := checkURL(s.Image); err != nil {
		d.Fail("image", "%v", err)
	}
	if err := checkText(s.Title, 80); err != nil {
		d.Fail("title", "%v", err)
	}
	if err := d.Err(); err != nil {
		return nil, err
	}
	return s, nil
}

// settle checks what the tags of a question's fields don't say, and works out its key. It returns
// the field that is wrong with the error.
func (q *question) settle() (field string, err error) {
	if err := q.check(); err != nil {
		var wrong *wrongField
		errors.As(err, &wrong)
		return wrong.field, wrong.err
	}
	q.key = 0
	for _, a := range q.Answer {
		n := -1
		if len(a) == 1 {
			n = int(unicode.ToUpper(rune(a[0]))) - 'A'
		}
		if n < 0 || n >= len(q.Options) {
			return "answer", fmt.Errorf("%q is not allowed; it must be the letter of a right option, from A for the first to %c for the last", a, 'A'+len(q.Options)-1)
		}
		q.key |= 1 << n
	}
	if q.key == 0 {
		return "answer", errors.New("it is missing: the letter of the right option, A for the first")
	}
	return "", nil
}

// wrongField is an error about one field of a question.
type wrongField struct {
	field string
	err   error
}

func (e *wrongField) Error() string { return e.field + ": " + e.err.Error() }

// check returns what is wrong with what contestants are shown of a question, as a *wrongField.
func (q *question) check() error {
	wrong := func(field, format string, args ...any) error { return &wrongField{field, fmt.Errorf(format, args...)} }
	if err := checkText(q.Text, maxQuestion); err != nil {
		return wrong("text", "%w", err)
	}
	if q.Text == "" && q.Image == "" {
		return wrong("text", "it is missing: a question has a text or an image")
	}
	if err := checkURL(q.Image); err != nil {
		return wrong("image", "%w", err)
	}
	if err := checkText(q.Note, maxNote); err != nil {
		return wrong("note", "%w", err)
	}
	if n := len(q.Options); n < minOptions || n > maxOptions {
		return wrong("options", "there are %d; there must be %d to %d", n, minOptions, maxOptions)
	}
	if n := len(q.Images); n != 0 && n != len(q.Options) {
		return wrong("images", "there are %d, and %d options; there must be as many, or none", n, len(q.Options))
	}
	for i, o := range q.Options {
		if err := checkText(o, maxOption); err != nil {
			return wrong("options", "option %c: %w", 'A'+i, err)
		}
		switch {
		case len(q.Images) == 0 && o == "":
			return wrong("options", "option %c is empty; it must have a text or a picture", 'A'+i)
		case len(q.Images) != 0:
			if err := checkURL(q.Images[i]); err != nil {
				return wrong("images", "%w", err)
			}
		}
	}
	return nil
}

// checkText returns what is wrong with a text that is shown.
func checkText(s string, most int) error {
	switch {
	case !utf8.ValidString(s):
		return fmt.Errorf("%q is not valid UTF-8", s)
	case strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) && r != '\n' }):
		return fmt.Errorf("%q has characters that can't be shown", s)
	case len(s) > 8*most || text.Length(s) > most:
		return fmt.Errorf("it has %d characters; there can be %d", text.Length(s), most)
	}
	return nil
}

// checkURL returns what is wrong with the address of a picture; it may be empty.
func checkURL(s string) error {
	switch {
	case s == "":
		return nil
	case len(s) > maxURL:
		return fmt.Errorf("the address has %d bytes; there can be %d", len(s), maxURL)
	case !strings.HasPrefix(s, "https://") && (!strings.HasPrefix(s, "/") || strings.HasPrefix(s, "//")):
		return fmt.Errorf("%q is not allowed; it must be an address that begins with https:// or, on the same server, with /", s)
	case strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) || unicode.IsSpace(r) }) || !utf8.ValidString(s):
		return fmt.Errorf("%q has characters that an address can't have", s)
	}
	return nil
}

// late reports whether who comes late plays.
func (s *script) latePlays() bool {
	return s.Late == "play" || s.Late == "auto" && s.Mode != "elimination"
}
