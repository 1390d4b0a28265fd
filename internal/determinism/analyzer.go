// Package determinism finds what makes a game do something else when it is called the same: the order of
// maps, clocks, goroutines, random numbers that are not the world's, addresses used as values, and the
// like. docs/determinism.md has the rules. It reads code, and so finds what can be seen there: what a
// package of somebody else does is known of the standard library alone.
//
// Packages that have a type that is a world.Game are looked at, and those that say
// "//tickroom:game" above their package clause. Tests, and work that runs beside rooms (world.Async,
// Kind.Opens), may do what they like.
//
// A line that was checked by hand says so, itself or in the line above, and a function in its
// documentation: "//tickroom:deterministic why".
package determinism

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"strings"

	"golang.org/x/tools/go/analysis"
)

// Analyzer is the check, for programs that run such.
var Analyzer = newAnalyzer()

const doc = `find what makes a game of tickroom do something else when it is called the same

Replays, black boxes and rooms that outlive their server need games that are deterministic. The check
reports, in packages with a type that is a world.Game: ranges over maps where the order matters, clocks
and timers, goroutines, channels and select, random numbers that are not the room's, addresses used
as values, files, the network and the environment, variables of the package that rooms change, and what
depends on clients' lines.

What was checked by hand is marked, in the line or above it: //tickroom:deterministic why`

func newAnalyzer() *analysis.Analyzer {
	all := false
	a := &analysis.Analyzer{Name: "determinism", Doc: doc, URL: "https://github.com/tickroom/tickroom/blob/main/docs/determinism.md"}
	a.Flags.BoolVar(&all, "every", false, "look at all packages that are named, not only at those of games")
	a.Run = func(pass *analysis.Pass) (any, error) {
		files := sources(pass)
		if all || isGame(pass, files) {
			newChecker(pass, files).run()
		}
		return nil, nil
	}
	return a
}

// sources returns the files of a package that are neither tests nor generated.
func sources(pass *analysis.Pass) (files []*ast.File) {
	for _, f := range pass.Files {
		if !strings.HasSuffix(pass.Fset.File(f.FileStart).Name(), "_test.go") && !ast.IsGenerated(f) {
			files = append(files, f)
		}
	}
	return files
}

// checker looks at one package.
type checker struct {
	pass   *analysis.Pass
	files  []*ast.File
	marks  *marks
	beside []span // what runs beside rooms

	stack []ast.Node // from the file to the node that is looked at
}

// span is a part of a file.
type span struct{ from, to token.Pos }

func (s span) has(p token.Pos) bool { return s.from <= p && p < s.to }

func newChecker(pass *analysis.Pass, files []*ast.File) *checker {
	return &checker{pass: pass, files: files, marks: readMarks(pass, files), beside: beside(pass, files)}
}

func (c *checker) run() {
	for _, f := range c.files {
		ast.PreorderStack(f, nil, func(n ast.Node, stack []ast.Node) bool {
			c.stack = stack
			c.look(n)
			return true
		})
	}
	c.marks.reportUnused(c.pass)
}

// look reports what is wrong with a node, but not with those in it.
func (c *checker) look(n ast.Node) {
	switch n := n.(type) {
	case *ast.Ident:
		c.reference(n)
	case *ast.RangeStmt:
		c.ranges(n)
	case *ast.GoStmt:
		c.report(n.Pos(), "a goroutine: when it runs is not the room's to say; world.Async has work done beside the room")
	case *ast.SelectStmt:
		c.report(n.Pos(), "select: which of its channels comes first differs each time; world.Async hands what came of work over between two ticks")
	case *ast.SendStmt:
		c.report(n.Arrow, "a channel: when it is read is not the room's to say")
	case *ast.UnaryExpr:
		if n.Op == token.ARROW {
			c.report(n.OpPos, "a channel: when something comes is not the room's to say")
		}
	case *ast.CallExpr:
		c.call(n)
	case *ast.AssignStmt:
		for _, l := range n.Lhs {
			c.assigned(l)
		}
	case *ast.IncDecStmt:
		c.assigned(n.X)
	}
}

// report reports a finding, unless it is marked as checked or is beside the room.
func (c *checker) report(pos token.Pos, format string, args ...any) {
	if c.isBeside(pos) || c.marks.cover(c.pass.Fset.Position(pos), pos) {
		return
	}
	c.pass.Report(analysis.Diagnostic{Pos: pos, Category: "determinism", Message: fmt.Sprintf(format, args...)})
}

func (c *checker) isBeside(pos token.Pos) bool {
	for _, s := range c.beside {
		if s.has(pos) {
			return true
		}
	}
	return false
}

// typeOf returns the type of an expression without its name, nil if it is not known.
func (c *checker) typeOf(e ast.Expr) types.Type {
	t := c.pass.TypesInfo.TypeOf(e)
	if t == nil {
		return nil
	}
	return t.Underlying()
}

// function returns the package's path and the name of the function that an expression is, empty if it
// is none; of a method the name is Type.Method.
func (c *checker) function(e ast.Expr) (path, name string) {
	switch e := ast.Unparen(e).(type) {
	case *ast.Ident:
		return qualified(c.pass.TypesInfo.Uses[e])
	case *ast.SelectorExpr:
		return qualified(c.pass.TypesInfo.Uses[e.Sel])
	case *ast.IndexExpr:
		return c.function(e.X)
	case *ast.IndexListExpr:
		return c.function(e.X)
	}
	return "", ""
}

// qualified returns the package's path and the name of what is one of a package's, with the type before
// that of a method; empty if it is something else.
func qualified(o types.Object) (path, name string) {
	if o == nil || o.Pkg() == nil {
		return "", ""
	}
	if f, ok := o.(*types.Func); ok {
		if recv := f.Signature().Recv(); recv != nil {
			t := recv.Type()
			if p, ok := types.Unalias(t).(*types.Pointer); ok {
				t = p.Elem()
			}
			named, ok := types.Unalias(t).(*types.Named)
			if !ok {
				return "", ""
			}
			return o.Pkg().Path(), named.Obj().Name() + "." + o.Name()
		}
	}
	if o.Parent() != o.Pkg().Scope() {
		return "", ""
	}
	return o.Pkg().Path(), o.Name()
}
