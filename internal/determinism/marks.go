package determinism

import (
	"go/ast"
	"go/token"
	"strings"

	"golang.org/x/tools/go/analysis"
)

// checkedMark says that somebody has checked a line or a function, and why it is good.
const checkedMark = "//tickroom:deterministic"

// marks are those of a package.
type marks struct {
	lines map[string]map[int]*mark // by file, and the line that they stand in
	funcs []*mark
}

type mark struct {
	pos   token.Pos
	span  span // of a function
	alone bool // there is nothing else in its line, so that it is about the next one
	used  bool
}

// readMarks finds a package's marks, and reports those that say no reason.
func readMarks(pass *analysis.Pass, files []*ast.File) *marks {
	m := &marks{lines: map[string]map[int]*mark{}}
	for _, f := range files {
		ofFuncs := map[*ast.Comment]*ast.FuncDecl{}
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Doc != nil {
				for _, c := range fn.Doc.List {
					ofFuncs[c] = fn
				}
			}
		}
		code := linesWithCode(pass.Fset, f)
		for _, g := range f.Comments {
			for _, c := range g.List {
				why, ok := strings.CutPrefix(c.Text, checkedMark)
				if !ok || why != "" && why[0] != ' ' && why[0] != '\t' {
					continue
				}
				if strings.TrimSpace(why) == "" {
					pass.Reportf(c.Pos(), "%s says no reason: write why what is here does not differ from one time to the next", checkedMark)
					continue
				}
				k := &mark{pos: c.Pos()}
				if fn := ofFuncs[c]; fn != nil {
					k.span = span{fn.Pos(), fn.End()}
					m.funcs = append(m.funcs, k)
					continue
				}
				p := pass.Fset.Position(c.Pos())
				if m.lines[p.Filename] == nil {
					m.lines[p.Filename] = map[int]*mark{}
				}
				k.alone = !code[p.Line]
				m.lines[p.Filename][p.Line] = k
			}
		}
	}
	return m
}

// linesWithCode returns in which lines something begins that is no comment.
func linesWithCode(fset *token.FileSet, f *ast.File) map[int]bool {
	lines := map[int]bool{}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n.(type) {
		case nil, *ast.CommentGroup, *ast.Comment:
			return false
		case *ast.File:
		default:
			lines[fset.Position(n.Pos()).Line] = true
		}
		return true
	})
	return lines
}

// cover reports whether what was found at a place is marked.
func (m *marks) cover(p token.Position, pos token.Pos) bool {
	for _, line := range []int{p.Line, p.Line - 1} {
		if k := m.lines[p.Filename][line]; k != nil && (line == p.Line || k.alone) {
			k.used = true
			return true
		}
	}
	for _, k := range m.funcs {
		if k.span.has(pos) {
			k.used = true
			return true
		}
	}
	return false
}

// reportUnused reports marks where nothing was found.
func (m *marks) reportUnused(pass *analysis.Pass) {
	report := func(k *mark) {
		if !k.used {
			pass.Reportf(k.pos, "%s stands where nothing is found: take it away", checkedMark)
		}
	}
	for _, lines := range m.lines {
		for _, k := range lines {
			report(k)
		}
	}
	for _, k := range m.funcs {
		report(k)
	}
}
