package newgame

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// names are what a game can be called: they become packages and kinds.
var names = regexp.MustCompile(`^[a-z][a-z0-9]{0,30}$`)

// taken are names that are not free in a schema.
var taken = []string{"tickroom", "google"}

// modules are paths of modules, as far as they are looked at here.
var modules = regexp.MustCompile(`^[A-Za-z0-9._~-]+(/[A-Za-z0-9._~-]+)*$`)

// nameOf returns the name of a game in a directory: that of the directory, with what can't
// be in a name left out.
func nameOf(dir string) (string, error) {
	base := filepath.Base(dir)
	name := strings.Map(func(r rune) rune {
		if r < 128 && (unicode.IsLetter(r) || unicode.IsDigit(r)) {
			return unicode.ToLower(r)
		}
		return -1
	}, base)
	if err := checkName(name); err != nil {
		return "", fmt.Errorf("the folder's name, %q, does not make a name for the game: %w; give one with --name", base, err)
	}
	return name, nil
}

func checkName(name string) error {
	if !names.MatchString(name) {
		return fmt.Errorf("%q is not a letter from a to z and then letters or digits, at most 31 of them", name)
	}
	if slices.Contains(taken, name) {
		return fmt.Errorf("%q is taken", name)
	}
	return nil
}

// titleOf returns the name that people read.
func titleOf(dir, name string) string {
	words := strings.FieldsFunc(filepath.Base(dir), func(r rune) bool { return r == '-' || r == '_' || r == ' ' || r == '.' })
	title := strings.Join(words, " ")
	if strings.ToLower(strings.Join(words, "")) != name {
		title = name // the folder is called otherwise
	}
	return strings.ToUpper(title[:1]) + title[1:]
}
