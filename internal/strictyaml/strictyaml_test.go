package strictyaml

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

type word string

type sample struct {
	Name   word          `yaml:"name" default:"x" max:"5"`
	Level  string        `yaml:"level" default:"info" oneof:"debug info warn"`
	On     bool          `yaml:"on"`
	Count  int           `yaml:"count" default:"3" min:"1" max:"1e3"`
	Seed   uint64        `yaml:"seed"`
	Rate   float64       `yaml:"rate" default:"1" above:"0" max:"10"`
	List   []string      `yaml:"list" max:"3"`
	Inside inside        `yaml:"inside"`
	Wait   time.Duration `yaml:"wait" default:"5s" min:"100ms" max:"1m"`
	Other  map[string]string
	Embedded
}

type Embedded struct {
	More bool `yaml:"more"`
}

type inside struct {
	Low  int    `yaml:"low" min:"-1"`
	Must string `yaml:"must" default:"m" min:"1"`
}

func defaults() *sample {
	s := &sample{}
	for _, f := range Fields(s) {
		f.SetDefault()
	}
	return s
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	want := &sample{Name: "x", Level: "info", Count: 3, Rate: 1, Inside: inside{Must: "m"}, Wait: 5 * time.Second}
	if d := cmp.Diff(want, defaults()); d != "" {
		t.Error(d)
	}
	var keys []string
	for _, f := range Fields(want) {
		keys = append(keys, f.Key+"/"+f.Name+"/"+f.Type()+"/"+f.Default()+"/"+f.Allowed())
	}
	if d := cmp.Diff([]string{
		"name/sample.Name/string/x/at most 5", "level/sample.Level/string/info/one of debug, info, warn", "on/sample.On/bool//",
		"count/sample.Count/int/3/from 1 to 1e3", "seed/sample.Seed/uint64//", "rate/sample.Rate/float/1/more than 0, at most 10",
		"list/sample.List/strings//at most 3", "inside.low/inside.Low/int//-1 or more", "inside.must/inside.Must/string/m/1 or more",
		"wait/sample.Wait/duration/5s/from 100ms to 1m", "more/Embedded.More/bool//",
	}, keys); d != "" {
		t.Error(d)
	}
}

// TestSet sets each field from text, and reads back what it shows.
func TestSet(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"name=abc": "abc", "name=": "", "name=longer": `"longer" has a length of 6; it must be at most 5`,
		"level=warn": "warn", "level=wran": `"wran" is not allowed; it must be one of debug, info, warn; did you mean warn?`,
		"on=true": "true", "on=1": "true", "on=yes": `"yes" is not allowed; it must be true or false`,
		"count=0x10": "16", "count=0": "0 is not allowed; it must be from 1 to 1e3", "count=1001": "1001 is not allowed; it must be from 1 to 1e3",
		"count=1.5":                 `"1.5" is not allowed; it must be a whole number`,
		"seed=18446744073709551615": "18446744073709551615", "seed=-1": `"-1" is not allowed; it must be a whole number from 0 on`,
		"rate=0.5": "0.5", "rate=0": "0 is not allowed; it must be more than 0, at most 10", "rate=NaN": `"NaN" is not allowed; it must be a number`,
		"list=a, b,,": "a,b", `list="a,b",c`: `"a,b",c`, "list=": "", "list=a,b,c,d": "there are 4; there must be at most 3",
		`list=a"b`: `"a""b"`, "list=a\n": "a", "list=a\nb": `"a\nb" is not allowed; it must be a list on one line, with commas between its items and quotes around an item that has commas`,
		"inside.low=-1": "-1", "inside.low=-2": "-2 is not allowed; it must be -1 or more", "inside.must=": "a value is missing",
		"wait=1500ms": "1.5s", "wait=5": `"5" is not allowed; it must be a time such as 500ms, 30s or 1m30s`, "wait=1h": "1h0m0s is not allowed; it must be from 100ms to 1m",
	} {
		key, value, _ := strings.Cut(text, "=")
		for _, f := range Fields(defaults()) {
			if f.Key != key {
				continue
			}
			var got string
			if err := f.Set(value); err != nil {
				got = err.Error()
			} else if got = f.String(); f.Set(got) != nil || f.String() != got {
				t.Errorf("%s: %q becomes %q", text, got, f.String())
			}
			if got != want {
				t.Errorf("%s: %s, want %s", text, got, want)
			}
		}
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	s := defaults()
	s.Rate, s.List, s.Inside.Low = math.NaN(), []string{"a", ""}, -9
	want := []Problem{
		{"p.rate", "NaN is not allowed; it must be a number"},
		{"p.list", "an item is empty"},
		{"p.inside.low", "-9 is not allowed; it must be -1 or more"},
	}
	if d := cmp.Diff(want, Check("p.", s)); d != "" {
		t.Error(d)
	}
}

func TestRead(t *testing.T) {
	t.Parallel()
	text := "name: &n abc\nlist: [*n, b]\ninside:\n  low: 7\n  must: *n\nwait: 1s\nlevel:\n"
	s := defaults()
	d, top := Parse("f", []byte(text))
	top.Fields(s)
	top.Done()
	if err := d.Err(); err != nil {
		t.Fatal(err)
	}
	want := &sample{Name: "abc", Count: 3, Rate: 1, List: []string{"abc", "b"}, Inside: inside{7, "abc"}, Wait: time.Second}
	if diff := cmp.Diff(want, s); diff != "" {
		t.Error(diff)
	}

	for text, want := range map[string]string{
		"":                         "",
		"3":                        "f:1:1: \"3\" can't stand here; fields are expected, one `key: value` a line",
		"a: 1\na: b: c":            "f:2:5: mapping values are not allowed in this context",
		"nme: x":                   `f:1:1: there is no field "nme"; did you mean name?`,
		"z: x":                     `f:1:1: there is no field "z"; there are count, inside, level, list, more, name, on, rate, seed, wait`,
		"inside: {lwo: 1}":         `f:1:10: inside: there is no field "lwo"; did you mean low?`,
		"inside: 3":                "f:1:9: inside: \"3\" can't stand here; fields are expected, one `key: value` a line",
		"count: 1\ncount: 2":       "f:2:1: count: it is there twice",
		"count:":                   "f:1:7: count: nothing is not allowed; it must be a whole number",
		"count: [1]":               "f:1:8: count: a list is not allowed; it must be a whole number",
		"name: [1]":                "f:1:7: name: a list is not allowed; it must be a plain value",
		"list: [[1]]":              "f:1:8: list: a list is not allowed; it must be a list of plain values",
		"<<: {a: 1}":               "f:1:1: a key must be a plain word",
		"count: 0\nwait: 5":        "f:1:8: count: 0 is not allowed; it must be from 1 to 1e3\nf:2:7: wait: \"5\" is not allowed; it must be a time such as 500ms, 30s or 1m30s",
		"list: [a, '']\nrate: 0.0": "f:1:1: list: an item is empty\nf:2:7: rate: 0 is not allowed; it must be more than 0, at most 10",
	} {
		s := defaults()
		d, top := Parse("f", []byte(text))
		top.Fields(s)
		top.Done()
		d.Check("", s)
		got := ""
		if err := d.Err(); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%q:\n got %s\nwant %s", text, got, want)
		}
	}
}
