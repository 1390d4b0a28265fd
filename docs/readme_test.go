package docs

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestReadmeShowsTheGame sees that the code in the README is that of
// docs/your-first-game.md, which is run.
func TestReadmeShowsTheGame(t *testing.T) {
	var game strings.Builder
	for _, b := range blocks(t, "your-first-game.md") {
		game.WriteString(b.text)
	}
	n := 0
	for _, b := range blocks(t, "../README.md") {
		if strings.HasPrefix(b.text, "make ") {
			continue
		}
		n++
		if !strings.Contains(game.String(), b.text) {
			t.Errorf("this is not in docs/your-first-game.md:\n%s", b.text)
		}
	}
	if n != 3 {
		t.Errorf("there are %d blocks of code", n)
	}
}

// TestReadmeListsAllPages sees that each page of docs/ is in the README's list.
func TestReadmeListsAllPages(t *testing.T) {
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	pages, err := filepath.Glob("*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range append(pages, "decisions/README.md", "../CONTRIBUTING.md", "../SECURITY.md", "../CHANGELOG.md") {
		if link := "](" + filepath.ToSlash(filepath.Join("docs", page)) + ")"; !strings.Contains(string(readme), link) {
			t.Errorf("the README does not lead to %s", page)
		}
	}
}

// TestLinks sees that the pages' links to files and headings lead somewhere.
func TestLinks(t *testing.T) {
	var pages []string
	for _, pattern := range []string{"*.md", "decisions/*.md", "../*.md"} {
		found, err := filepath.Glob(pattern)
		if err != nil || len(found) == 0 {
			t.Fatalf("%s: %d pages, %v", pattern, len(found), err)
		}
		pages = append(pages, found...)
	}
	link := regexp.MustCompile(`\]\(([^)#]*)(#[^)]*)?\)`)
	for _, page := range pages {
		b, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		prose := regexp.MustCompile("(?s)```.*?```").ReplaceAllString(string(b), "")
		for _, m := range link.FindAllStringSubmatch(prose, -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			target := page
			if m[1] != "" {
				target = filepath.Join(filepath.Dir(page), m[1])
			}
			text, err := os.ReadFile(target)
			if err != nil {
				if info, err := os.Stat(target); err == nil && info.IsDir() {
					continue
				}
				t.Errorf("%s links to %s, which is not there", page, m[1])
				continue
			}
			if m[2] != "" && !hasHeading(string(text), m[2][1:]) {
				t.Errorf("%s links to %s, and there is no such heading", page, m[0])
			}
		}
	}
}

// hasHeading reports whether a page has a heading with an anchor, as GitHub makes
// them.
func hasHeading(text, anchor string) bool {
	for line := range strings.Lines(text) {
		if h := strings.TrimLeft(line, "#"); h != line {
			h = strings.ToLower(strings.TrimSpace(h))
			h = regexp.MustCompile(`[^\p{L}\p{N} _-]`).ReplaceAllString(h, "")
			if strings.ReplaceAll(h, " ", "-") == anchor {
				return true
			}
		}
	}
	return false
}
