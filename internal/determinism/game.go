package determinism

import (
	"go/ast"
	"go/token"
	"go/types"
	"strings"

	"golang.org/x/tools/go/analysis"
)

// worldPath is the package that games are made with.
const worldPath = "github.com/tickroom/tickroom/world"

// gameMark says in a file that its package is a game's, though no type of it is a world.Game.
const gameMark = "//tickroom:game"

// isGame reports whether a package is one of a game.
func isGame(pass *analysis.Pass, files []*ast.File) bool {
	for _, f := range files {
		for _, g := range f.Comments {
			for _, c := range g.List {
				if c.Pos() < f.Package && (c.Text == gameMark || strings.HasPrefix(c.Text, gameMark+" ")) {
					return true
				}
			}
		}
	}
	game := gameInterface(pass.Pkg)
	if game == nil {
		return false
	}
	scope := pass.Pkg.Scope()
	for _, name := range scope.Names() {
		t, ok := scope.Lookup(name).(*types.TypeName)
		if !ok || types.IsInterface(t.Type()) {
			continue
		}
		if types.Implements(t.Type(), game) || types.Implements(types.NewPointer(t.Type()), game) {
			return true
		}
	}
	return false
}

// gameInterface returns world.Game, nil if the package does not import it.
func gameInterface(p *types.Package) *types.Interface {
	for _, i := range p.Imports() {
		if i.Path() != worldPath {
			continue
		}
		if o := i.Scope().Lookup("Game"); o != nil {
			game, _ := o.Type().Underlying().(*types.Interface)
			return game
		}
	}
	return nil
}

// beside returns the parts of files that run beside rooms: what is given to world.Async as its work, what
// Kind.Opens is set to, and the functions that nothing but those uses.
func beside(pass *analysis.Pass, files []*ast.File) (spans []span) {
	funcs := map[types.Object]*ast.FuncDecl{}
	uses := map[types.Object][]token.Pos{}
	for _, f := range files {
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncDecl:
				funcs[pass.TypesInfo.Defs[n.Name]] = n
			case *ast.Ident:
				if o := origin(pass.TypesInfo.Uses[n]); o != nil {
					uses[o] = append(uses[o], n.Pos())
				}
			case *ast.CallExpr:
				c := checker{pass: pass}
				if path, name := c.function(n.Fun); path == worldPath && name == "Async" && len(n.Args) > 2 {
					spans = append(spans, span{n.Args[2].Pos(), n.Args[2].End()})
				}
			case *ast.KeyValueExpr:
				key, ok := n.Key.(*ast.Ident)
				if !ok || key.Name != "Opens" {
					break
				}
				if v, ok := pass.TypesInfo.Uses[key].(*types.Var); ok && v.IsField() && v.Pkg().Path() == worldPath {
					spans = append(spans, span{n.Value.Pos(), n.Value.End()})
				}
			}
			return true
		})
	}
	within := func(p token.Pos) bool {
		for _, s := range spans {
			if s.has(p) {
				return true
			}
		}
		return false
	}
	for found := true; found; {
		found = false
		for o, decl := range funcs {
			if o == nil || o.Exported() || len(uses[o]) == 0 || within(decl.Pos()) {
				continue
			}
			all := true
			for _, p := range uses[o] {
				all = all && within(p)
			}
			if all {
				spans = append(spans, span{decl.Pos(), decl.End()})
				found = true
			}
		}
	}
	return spans
}

// origin returns the generic function that one is of, and other objects as they are.
func origin(o types.Object) types.Object {
	if f, ok := o.(*types.Func); ok {
		return f.Origin()
	}
	return o
}
