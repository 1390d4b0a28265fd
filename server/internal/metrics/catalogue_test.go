package metrics

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write docs/metrics.md anew")

const docs = "../../../docs"

// TestDocs holds the table in docs/metrics.md to the declarations.
func TestDocs(t *testing.T) {
	t.Parallel()
	const begin, end = "<!-- begin of the table: go test ./server/internal/metrics -run Docs -update -->\n", "<!-- end of the table -->\n"
	name := filepath.Join(docs, "metrics.md")
	page, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(page), begin)
	old, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("there is no table between %q and %q", begin, end)
	}
	table := "\n" + table() + "\n"
	if old == table {
		return
	}
	if !*update {
		t.Fatalf("docs/metrics.md does not have what is declared; add -update to write it anew. It should have:\n%s", table)
	}
	if err := os.WriteFile(name, []byte(before+begin+table+end+after), 0o644); err != nil {
		t.Fatal(err)
	}
}

func table() string {
	var b strings.Builder
	b.WriteString("| metric | class | labels | what it is |\n| --- | --- | --- | --- |\n")
	for _, d := range declared {
		labels := make([]string, len(d.labels))
		for i, l := range d.labels {
			labels[i] = "`" + l.name + "`"
			if len(l.values) > 0 {
				labels[i] += ": " + strings.Join(l.values, ", ")
			}
		}
		fmt.Fprintf(&b, "| `%s_%s` | %s | %s | %s |\n", prefix, d.name, d.class, strings.Join(labels, "; "), d.help)
	}
	return b.String()
}

// TestOtherDocs finds metrics in the docs that there are not.
func TestOtherDocs(t *testing.T) {
	t.Parallel()
	known := map[string]bool{"tickroom_out": true, "tickroom_opt": true} // flags of protoc
	for _, d := range declared {
		known[prefix+"_"+d.name] = true
	}
	pages, err := filepath.Glob(docs + "/*.md")
	if err != nil || len(pages) == 0 {
		t.Fatalf("no docs: %v", err)
	}
	names := regexp.MustCompile(`\btickroom_[a-z_]+`)
	for _, page := range pages {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names.FindAllString(string(text), -1) {
			if !known[name] {
				t.Errorf("%s tells of %s, which there is not", filepath.Base(page), name)
			}
		}
	}
}

// TestEveryCountIsExported finds a Count without its line in countOf, and two that share
// one.
func TestEveryCountIsExported(t *testing.T) {
	t.Parallel()
	seen := map[string]Count{}
	for i, c := range countOf {
		if c.metric == nil {
			t.Errorf("Count %d has no line in countOf; if it is not to be exported, say notExported there", i)
			continue
		}
		if c.counter == notExported {
			continue
		}
		key := c.name + " " + c.value
		if first, twice := seen[key]; twice {
			t.Errorf("Counts %d and %d are both exported as %s", first, i, key)
		}
		seen[key] = Count(i)
	}
	for _, d := range declared {
		if d.class != "counter" || len(d.labels) != 2 || d.labels[0].name != byKind.name || d == resumes.metric {
			continue
		}
		for _, v := range d.labels[1].values {
			if _, ok := seen[d.name+" "+v]; !ok {
				t.Errorf("nothing counts %s with %s %q", d.name, d.labels[1].name, v)
			}
		}
	}
}

// TestEveryCountIsCounted records a tick in which everything was counted, each another
// number of times, and finds all of it in what the kind exports.
func TestEveryCountIsCounted(t *testing.T) {
	t.Parallel()
	m := New("test")
	var s TickStats
	for i := range s.Counts {
		s.Counts[i] = 1000 + i
	}
	sum := s.Counts
	sum.Add(&s.Counts)
	m.Kind("arena").Tick(&TickStats{Counts: sum})
	got := text(t, m)
	for i, c := range countOf {
		if c.counter == notExported {
			continue
		}
		labels := `{kind="arena"`
		if len(c.labels) > 1 {
			labels += fmt.Sprintf(`,%s=%q`, c.labels[1].name, c.value)
		}
		if line := fmt.Sprintf("\n%s_%s%s} %d\n", prefix, c.name, labels, 2*(1000+i)); !strings.Contains(got, line) {
			t.Errorf("there is no line %q", line)
		}
	}
}
