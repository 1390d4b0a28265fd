package docs

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// term is a row of the glossary.
type term struct {
	word  string
	types []string
}

func glossary(t *testing.T) []term {
	t.Helper()
	b, err := os.ReadFile("glossary.md")
	if err != nil {
		t.Fatal(err)
	}
	var terms []term
	for line := range strings.Lines(string(b)) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		if len(cells) != 3 || strings.HasPrefix(line, "| ---") || strings.TrimSpace(cells[0]) == "word" {
			continue
		}
		tm := term{word: strings.TrimSpace(cells[0])}
		for _, m := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(cells[2], -1) {
			tm.types = append(tm.types, m[1])
		}
		terms = append(terms, tm)
	}
	return terms
}

// TestGlossary sees that the glossary is sorted, and that what it names is there.
func TestGlossary(t *testing.T) {
	t.Parallel()
	terms := glossary(t)
	if len(terms) < 40 {
		t.Fatalf("the glossary has %d words", len(terms))
	}
	if !slices.IsSortedFunc(terms, func(a, b term) int { return strings.Compare(a.word, b.word) }) {
		t.Error("the glossary is not sorted")
	}
	for _, tm := range terms {
		for _, name := range tm.types {
			var found bool
			if file, class, ok := strings.Cut(name, " "); ok {
				found = declaredTS(t, file, class)
			} else {
				folder, path := "", name
				if i := strings.LastIndex(name, "/"); i >= 0 {
					folder, path = name[:i+1], name[i+1:]
				}
				parts := strings.Split(path, ".")
				found = len(parts) > 1 && declared(t, folder+parts[0], parts[1:])
			}
			if !found {
				t.Errorf("%s: there is no %s", tm.word, name)
			}
		}
	}
}

// declared reports whether a package has something at its top, or a type with a field or
// method. An alias stands for the type that it is.
func declared(t *testing.T, folder string, path []string) bool {
	t.Helper()
	for _, file := range parse(t, filepath.Join("..", folder)) {
		for _, d := range file.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if d.Recv == nil && len(path) == 1 && d.Name.Name == path[0] {
					return true
				}
				if d.Recv != nil && len(path) == 2 && d.Name.Name == path[1] && receiverOf(d) == path[0] {
					return true
				}
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					ts, ok := spec.(*ast.TypeSpec)
					if !ok || ts.Name.Name != path[0] {
						continue
					}
					if len(path) == 1 || hasField(ts.Type, path[1]) {
						return true
					}
					if sel, ok := ts.Type.(*ast.SelectorExpr); ok && ts.Assign.IsValid() {
						return declared(t, imported(file, sel), []string{sel.Sel.Name, path[1]})
					}
				}
			}
		}
	}
	return false
}

// imported returns the folder of the package that a name of another one is from.
func imported(file *ast.File, sel *ast.SelectorExpr) string {
	for _, spec := range file.Imports {
		path := strings.Trim(spec.Path.Value, `"`)
		if pkg, ok := sel.X.(*ast.Ident); ok && strings.HasSuffix(path, "/"+pkg.Name) {
			return strings.TrimPrefix(path, "github.com/tickroom/tickroom/")
		}
	}
	return ""
}

func receiverOf(d *ast.FuncDecl) string {
	typ := d.Recv.List[0].Type
	if star, ok := typ.(*ast.StarExpr); ok {
		typ = star.X
	}
	if index, ok := typ.(*ast.IndexExpr); ok {
		typ = index.X
	}
	if id, ok := typ.(*ast.Ident); ok {
		return id.Name
	}
	return ""
}

func hasField(typ ast.Expr, name string) bool {
	var fields *ast.FieldList
	switch typ := typ.(type) {
	case *ast.StructType:
		fields = typ.Fields
	case *ast.InterfaceType:
		fields = typ.Methods
	default:
		return false
	}
	for _, f := range fields.List {
		if slices.ContainsFunc(f.Names, func(id *ast.Ident) bool { return id.Name == name }) {
			return true
		}
	}
	return false
}

// parse reads the files of a folder, without tests.
func parse(t *testing.T, folder string) []*ast.File {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	var files []*ast.File
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	return files
}

func declaredTS(t *testing.T, file, name string) bool {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", file))
	if err != nil {
		t.Error(err)
	}
	return regexp.MustCompile(`(?m)^export (abstract )?(class|interface|type) ` + name + `\b`).Match(b)
}

// unique are the words whose types have their names for themselves: those of which
// readers would else find several and take one for another.
var unique = []string{"listing", "match", "refusal", "room", "seat", "session", "slot", "team", "ticket"}

// TestOneTypePerWord looks for types that have the name of another word's. Aliases are
// the type that they stand for, and generated messages belong to the protocol.
func TestOneTypePerWord(t *testing.T) {
	t.Parallel()
	words := map[string][]string{} // the types of the glossary, by their names
	for _, tm := range glossary(t) {
		if slices.Contains(unique, tm.word) {
			for _, name := range tm.types {
				_, base, _ := strings.Cut(name, ".")
				words[base] = append(words[base], name)
			}
		}
	}
	if len(words) < len(unique) {
		t.Errorf("of %v the glossary has only %v", unique, words)
	}
	var others []string
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		if name := d.Name(); path != ".." && strings.HasPrefix(name, ".") || slices.Contains([]string{"node_modules", "testdata", "gen", "bin", "out"}, name) {
			return fs.SkipDir
		}
		folder := strings.TrimPrefix(filepath.ToSlash(path), "../")
		for _, file := range parse(t, path) {
			for _, decl := range file.Decls {
				gen, ok := decl.(*ast.GenDecl)
				if !ok {
					continue
				}
				for _, spec := range gen.Specs {
					ts, ok := spec.(*ast.TypeSpec)
					if !ok || ts.Assign.IsValid() {
						continue
					}
					if own, name := words[ts.Name.Name], folder+"."+ts.Name.Name; own != nil && !slices.Contains(own, name) {
						others = append(others, name)
					}
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range others {
		t.Errorf("%s has the name of a word of the glossary and is something else", name)
	}
}
