package quiz

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/tickroom/tickroom/internal/strictyaml"
	quizv1 "github.com/tickroom/tickroom/proto/gen/tickroom/quiz/v1"
)

func TestBuiltIn(t *testing.T) {
	t.Parallel()
	s, err := parse("built-in", builtIn)
	if err != nil {
		t.Fatal(err)
	}
	if len(s.questions) < 5 || modes[s.Mode] != quizv1.Mode_MODE_PRACTICE {
		t.Errorf("%d questions of mode %s", len(s.questions), s.Mode)
	}
}

func TestFile(t *testing.T) {
	t.Parallel()
	s, err := parse("f", []byte(`
title: 周五
mode: elimination
seconds: 8
revives: 1
questions:
  - text: Which of these are even?
    image: https://example.com/a.png
    options: [1, "2", 3, 4]
    images: [/1.png, /2.png, /3.png, /4.png]
    answer: [b, D]
    seconds: 20
    points: 50
    note: Both count.
  - {image: /x.png, options: ["", "yes"], images: [/a, ""], answer: A}
`))
	if err != nil {
		t.Fatal(err)
	}
	q := s.questions[0]
	if q.key != 0b1010 || q.Seconds != 20 || q.Points != 50 || q.Options[0] != "1" || s.questions[1].Seconds != 8 || s.latePlays() {
		t.Errorf("read as %+v", s)
	}
}

// TestFileProblems looks that everything wrong with a file is said, with its line.
func TestFileProblems(t *testing.T) {
	t.Parallel()
	good := "{text: q, options: [a, b], answer: A}"
	for text, want := range map[string]string{
		"mode: knockout":                  `f:1:7: mode: "knockout" is not allowed; it must be one of elimination, points, practice`,
		"titel: x":                        `f:1:1: there is no field "titel"; did you mean title?`,
		"title: x\nseconds: 0":            "f:2:10: seconds: 0 is not allowed; it must be from 1 to 600",
		"revives: 1.5":                    `f:1:10: revives: "1.5" is not allowed; it must be a whole number`,
		"questions: 3":                    "f:1:12: questions: it must be a list of questions, each `- text: …`",
		"questions:\n- {options: [a, b]}": "f:2:3: questions.0.text: it is missing",
		"questions:\n- " + good + "\n- {text: q, options: [a], answer: A}":                   "f:3:13: questions.1.options: there are 1; there must be 2 to 6",
		"questions:\n- {text: q, options: [a, b, c], answer: D}":                             `f:2:41: questions.0.answer: "D" is not allowed; it must be the letter of a right option, from A for the first to C for the last`,
		"questions:\n- {text: q, options: [a, b], answer: a, points: -1}":                    "f:2:49: questions.0.points: -1 is not allowed; it must be from 0 to 10000",
		"questions:\n- {text: q, options: [a, ''], answer: A}":                               "questions.0.options: option B is empty; it must have a text or a picture",
		"questions:\n- {text: q, options: [a, b], answer: A, image: 'javascript:x'}":         `questions.0.image: "javascript:x" is not allowed; it must be an address that begins with https://`,
		"questions:\n- {text: q, options: [a, b], answer: A, image: 'http://x/y.png'}":       `questions.0.image: "http://x/y.png" is not allowed; it must be an address that begins with https://`,
		"questions:\n- {text: q, options: [a, b], answer: A, images: [/x]}":                  "questions.0.images: there are 1, and 2 options; there must be as many, or none",
		"questions:\n- {text: " + strings.Repeat("x", 301) + ", options: [a, b], answer: A}": "questions.0.text: it has 301 characters; there can be 300",
		"questions:\n- {text: q, options: [a, b], answer: []}":                               "questions.0.answer: it is missing: the letter of the right option, A for the first",
		"questions:\n" + strings.Repeat("- "+good+"\n", 101):                                 "there are 101; a show has at most 100",
		"questions:\n- {text: q, options: [a, b], answer: A, anwser: B}":                     `there is no field "anwser"; did you mean answer?`,
		"a: b: c": "f:1:5: mapping values are not allowed in this context",
		"title: x\nquestions:\n  - text: 'what?\n    options: [a, b]\n": "f:3:11: found unexpected end of stream",
		"questions:\n- {text: q, options: [a, b}\n":                     "f:2:26: did not find expected ',' or ']'",
		"title: 问答\nseconds: 5\n\tpoints: 3":                            "f:3:1: ",
		"title: @x":                                                     "f:1:8: found character that cannot start any token",
		strings.Repeat("#", maxFile+1):                                  "a show has at most 131072",
	} {
		err := CheckFile("f", []byte(text))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.80q:\n got %v\nwant %s", text, err, want)
		}
	}
	if err := CheckFile("f", []byte("questions:\n- "+good)); err != nil {
		t.Error(err)
	}
	// In the order of the lines, and each once.
	err := CheckFile("f", []byte("titel: x\nmode: knockout\nquestions:\n- {text: q, options: [a]}\n- {text: q, options: [a, b]}\nrevives: -1"))
	var lines []string
	for line := range strings.Lines(fmt.Sprintln(err)) {
		lines = append(lines, strings.Split(line, ":")[1])
	}
	if got := strings.Join(lines, " "); got != "1 2 4 5 6" {
		t.Errorf("told of the lines %s:\n%v", got, err)
	}
}

// TestDocumentation reads the file that docs/quiz.md shows.
func TestDocumentation(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/quiz.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(page), "```yaml file=friday.yaml\n")
	text, _, ok := strings.Cut(rest, "```")
	if !ok {
		t.Fatal("docs/quiz.md shows no file")
	}
	s, err := parse("friday.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if len(s.questions) != 2 || s.questions[0].key != 2 {
		t.Errorf("it is read as %+v", s)
	}
	for _, f := range strictyaml.Fields(s) {
		if !strings.Contains(string(page), "`"+f.Key+"`") {
			t.Errorf("docs/quiz.md does not tell of the field %s", f.Key)
		}
	}
}
