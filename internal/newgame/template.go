package newgame

import (
	"embed"
	"io/fs"
	"path"
	"strings"
)

// template holds the files of a new game. They are a module's that compiles here, with
// this folder for its path; go.mod is made.
//
//go:embed all:template
var template embed.FS

// What stands in the template for what a game has of its own.
const (
	templateModule = "github.com/tickroom/tickroom/internal/newgame/template"
	templateTitle  = "My game"
	templateName   = "mygame"
)

// files returns the files of a new game by their paths, but for those that are generated.
func (g *game) files() (map[string][]byte, error) {
	own := strings.NewReplacer(
		templateModule, g.module,
		templateTitle, g.title,
		templateName, g.name,
		`"CLIENT"`, `"`+g.source.client+`"`,
		"(TICKROOM)", "("+g.source.docs+")",
		"NOTE\n", g.source.note,
	)
	all := map[string][]byte{}
	err := fs.WalkDir(template, "template", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || generated(name) {
			return err
		}
		text, err := template.ReadFile(name)
		if err != nil {
			return err
		}
		name = strings.ReplaceAll(strings.TrimPrefix(name, "template/"), templateName, g.name)
		if path.Base(name) == "gitignore" {
			name = path.Join(path.Dir(name), ".gitignore")
		}
		all[name] = []byte(own.Replace(string(text)))
		return nil
	})
	return all, err
}

// generated reports whether the file is made anew for each game, or is of no game at all.
func generated(name string) bool {
	return strings.HasSuffix(name, ".tickroom.go") || strings.Contains(name, "/gen/") || strings.Contains(name, "/node_modules/")
}
