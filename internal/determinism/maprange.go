package determinism

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"
)

// ranges reports a range over a map, or a channel, where the order matters.
func (c *checker) ranges(n *ast.RangeStmt) {
	switch c.typeOf(n.X).(type) {
	case *types.Chan:
		c.report(n.Pos(), "a channel: when something comes is not the room's to say")
	case *types.Map:
		c.order(n, "a range over a map")
	default:
		if call, ok := ast.Unparen(n.X).(*ast.CallExpr); ok {
			if path, name := c.function(call.Fun); path == "maps" && slices.Contains([]string{"Keys", "Values", "All"}, name) {
				c.order(n, "a range over maps."+name)
			}
		}
	}
}

const sorting = "go through slices.Sorted(maps.Keys(m)), a slice or a table"

// order reports a loop over a map in which the order matters.
func (c *checker) order(n *ast.RangeStmt, what string) {
	l := &loop{c: c, n: n, changes: map[*types.Var]bool{}, consts: map[string]string{}, own: span{n.Pos(), n.End()}}
	l.gather()
	if why := l.block(n.Body); why != "" {
		c.report(n.Pos(), "%s, whose order differs each time, and here it matters: %s; %s", what, why, sorting)
	}
}

// mapIterator reports maps.Keys and the like, unless what it gives is sorted, or ranged over, which is looked
// at by itself.
func (c *checker) mapIterator(id *ast.Ident, name string) {
	switch p := c.taker(id).(type) {
	case *ast.RangeStmt:
		return
	case *ast.CallExpr:
		path, fn := c.function(p.Fun)
		switch {
		case path == "slices" && strings.HasPrefix(fn, "Sorted"), path == "maps" && (fn == "Collect" || fn == "Insert"):
			return
		case path == "slices" && fn == "Collect":
			if s, ok := c.stack[slices.Index(c.stack, ast.Node(p))-1].(*ast.AssignStmt); ok && len(s.Lhs) == 1 {
				if c.sortedAfter(s.Lhs[0], p.End()) {
					return
				}
			}
		}
	}
	c.report(id.Pos(), "maps.%s goes in an order that differs each time: give it to slices.Sorted", name)
}

// taker returns what the result of the function goes to that a name is, when it is called.
func (c *checker) taker(id *ast.Ident) ast.Node {
	n := ast.Node(id)
	for i := len(c.stack) - 1; i >= 0; i-- {
		switch s := c.stack[i].(type) {
		case *ast.SelectorExpr:
			n = s
		case *ast.CallExpr:
			if s.Fun != n {
				return s
			}
			n = s
		default:
			return s
		}
	}
	return nil
}

// sortedAfter reports whether something is sorted later in the function that is looked at.
func (c *checker) sortedAfter(what ast.Expr, after token.Pos) (sorted bool) {
	fn, text := c.enclosing(), types.ExprString(what)
	if fn == nil {
		return false
	}
	ast.Inspect(fn, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok || call.Pos() < after || len(call.Args) == 0 {
			return true
		}
		path, name := c.function(call.Fun)
		if path == "slices" && strings.HasPrefix(name, "Sort") || path == "sort" && !strings.HasPrefix(name, "Search") {
			sorted = sorted || strings.Contains(types.ExprString(call.Args[0]), text)
		}
		return true
	})
	return sorted
}

// enclosing returns the innermost function around what is looked at.
func (c *checker) enclosing() ast.Node {
	for i := len(c.stack) - 1; i >= 0; i-- {
		switch c.stack[i].(type) {
		case *ast.FuncDecl, *ast.FuncLit:
			return c.stack[i]
		}
	}
	return nil
}

// loop is one over a map. What it does in each round must not depend on the rounds before it, and what comes
// of all of them not on their order. The methods return why that is not so, or nothing.
type loop struct {
	c       *checker
	n       *ast.RangeStmt
	own     span                // of the loop
	changes map[*types.Var]bool // variables from outside that it changes
	deletes bool                // it takes something out of a map
	returns string              // what it returns, if anything
	consts  map[string]string   // what it sets something to that is the same in all rounds
}

// outside reports whether a variable was there before the loop.
func (l *loop) outside(v *types.Var) bool { return v != nil && !l.own.has(v.Pos()) }

func (l *loop) info() *types.Info { return l.c.pass.TypesInfo }

// gather notes what variables from outside the loop changes.
func (l *loop) gather() {
	note := func(e ast.Expr) {
		if v := root(l.info(), e); l.outside(v) {
			l.changes[v] = true
		}
	}
	ast.Inspect(l.n.Body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			for _, e := range n.Lhs {
				note(e)
			}
		case *ast.IncDecStmt:
			note(n.X)
		case *ast.CallExpr:
			l.deletes = l.deletes || l.builtin(n, "delete") || l.builtin(n, "clear")
		}
		return true
	})
}

func (l *loop) block(b *ast.BlockStmt) string {
	if b == nil {
		return ""
	}
	return l.list(b.List)
}

func (l *loop) list(all []ast.Stmt) string {
	for _, s := range all {
		if why := l.stmt(s); why != "" {
			return why
		}
	}
	return ""
}

func (l *loop) stmt(s ast.Stmt) string {
	switch s := s.(type) {
	case nil, *ast.EmptyStmt:
		return ""
	case *ast.BlockStmt:
		return l.block(s)
	case *ast.BranchStmt:
		return l.branch(s)
	case *ast.IfStmt:
		return l.condition(s)
	case *ast.SwitchStmt:
		return first(l.stmt(s.Init), l.pure(s.Tag), l.cases(s.Body))
	case *ast.ForStmt:
		return first(l.stmt(s.Init), l.pure(s.Cond), l.stmt(s.Post), l.block(s.Body))
	case *ast.RangeStmt:
		if s.Tok == token.ASSIGN {
			return "it sets a variable from outside in turn"
		}
		return first(l.pure(s.X), l.block(s.Body))
	case *ast.DeclStmt:
		return l.decl(s)
	case *ast.AssignStmt:
		return l.assign(s)
	case *ast.IncDecStmt:
		return l.sum(s.X, nil)
	case *ast.ExprStmt:
		return l.statement(s.X)
	case *ast.ReturnStmt:
		return l.result(s)
	}
	return "it does more than can be seen to be the same in any order"
}

func first(all ...string) string {
	for _, s := range all {
		if s != "" {
			return s
		}
	}
	return ""
}

func (l *loop) branch(s *ast.BranchStmt) string {
	if s.Tok == token.CONTINUE || s.Tok == token.BREAK && l.inner(s) || s.Tok == token.FALLTHROUGH {
		return ""
	}
	return "it ends with what comes first"
}

// inner reports whether a break is one of a loop or switch within the loop.
func (l *loop) inner(s *ast.BranchStmt) (inner bool) {
	if s.Label != nil {
		return false
	}
	ast.Inspect(l.n.Body, func(n ast.Node) bool {
		switch n.(type) {
		case *ast.ForStmt, *ast.RangeStmt, *ast.SwitchStmt, *ast.TypeSwitchStmt:
			inner = inner || n.Pos() <= s.Pos() && s.End() <= n.End()
		}
		return true
	})
	return inner
}

func (l *loop) cases(b *ast.BlockStmt) string {
	for _, s := range b.List {
		c := s.(*ast.CaseClause)
		for _, e := range c.List {
			if why := l.pure(e); why != "" {
				return why
			}
		}
		if why := l.list(c.Body); why != "" {
			return why
		}
	}
	return ""
}

// condition allows, beside what is the same in any order, to keep the highest or lowest of something.
func (l *loop) condition(s *ast.IfStmt) string {
	if why := l.stmt(s.Init); why != "" {
		return why
	}
	if l.keepsMost(s) {
		return ""
	}
	return first(l.pure(s.Cond), l.block(s.Body), l.stmt(s.Else))
}

// keepsMost reports whether an if is "if x > most { most = x }".
func (l *loop) keepsMost(s *ast.IfStmt) bool {
	cond, ok := ast.Unparen(s.Cond).(*ast.BinaryExpr)
	if !ok || s.Else != nil || len(s.Body.List) != 1 || !slices.Contains([]token.Token{token.LSS, token.GTR, token.LEQ, token.GEQ}, cond.Op) {
		return false
	}
	set, ok := s.Body.List[0].(*ast.AssignStmt)
	if !ok || set.Tok != token.ASSIGN || len(set.Lhs) != 1 {
		return false
	}
	to, from := types.ExprString(set.Lhs[0]), types.ExprString(set.Rhs[0])
	x, y := types.ExprString(cond.X), types.ExprString(cond.Y)
	return (x == to && y == from || x == from && y == to) && l.pure(set.Rhs[0]) == ""
}

func (l *loop) decl(s *ast.DeclStmt) string {
	g, ok := s.Decl.(*ast.GenDecl)
	if !ok {
		return ""
	}
	for _, spec := range g.Specs {
		if v, ok := spec.(*ast.ValueSpec); ok {
			for _, e := range v.Values {
				if why := l.pure(e); why != "" {
					return why
				}
			}
		}
	}
	return ""
}

func (l *loop) assign(s *ast.AssignStmt) string {
	switch {
	case s.Tok == token.ASSIGN && len(s.Lhs) == 1 && len(s.Rhs) == 1:
		if l.collects(s) {
			if l.c.sortedAfter(s.Lhs[0], l.n.End()) {
				return ""
			}
			return types.ExprString(s.Lhs[0]) + " is filled in that order, and not sorted afterwards"
		}
		if l.most(s.Lhs[0], s.Rhs[0]) {
			return ""
		}
	case s.Tok != token.ASSIGN && s.Tok != token.DEFINE:
		return l.sum(s.Lhs[0], s.Rhs[0])
	}
	for _, e := range s.Rhs {
		if why := l.pure(e); why != "" {
			return why
		}
	}
	if s.Tok == token.DEFINE {
		return ""
	}
	for i, e := range s.Lhs {
		if why := l.sets(e, s.Rhs[min(i, len(s.Rhs)-1)]); why != "" {
			return why
		}
	}
	return ""
}

// collects reports whether an assignment is "x = append(x, ...)" with values that are the same in any order.
func (l *loop) collects(s *ast.AssignStmt) bool {
	call, ok := ast.Unparen(s.Rhs[0]).(*ast.CallExpr)
	if !ok || !l.builtin(call, "append") || len(call.Args) < 2 || types.ExprString(call.Args[0]) != types.ExprString(s.Lhs[0]) {
		return false
	}
	if !l.outside(root(l.info(), s.Lhs[0])) {
		return false
	}
	for _, e := range call.Args[1:] {
		if l.pure(e) != "" {
			return false
		}
	}
	return true
}

// most reports whether an assignment is "x = max(x, y)" or with min.
func (l *loop) most(to, from ast.Expr) bool {
	call, ok := ast.Unparen(from).(*ast.CallExpr)
	if !ok || !l.builtin(call, "max") && !l.builtin(call, "min") {
		return false
	}
	own := 0
	for _, a := range call.Args {
		if types.ExprString(a) == types.ExprString(to) {
			own++
		} else if l.pure(a) != "" {
			return false
		}
	}
	return own == 1
}

// sum says why adding to something depends on the order: floating-point numbers are rounded, and texts
// are put together.
func (l *loop) sum(to, what ast.Expr) string {
	if what != nil {
		if why := l.pure(what); why != "" {
			return why
		}
	}
	if b, ok := l.c.typeOf(to).(*types.Basic); !ok || b.Info()&types.IsInteger == 0 {
		if v := root(l.info(), to); v != nil && !l.outside(v) || l.perKey(to) {
			return ""
		}
		return types.ExprString(to) + " comes out otherwise in another order, as numbers that are rounded and texts do"
	}
	return ""
}

// sets says why setting something to a value depends on the order: the last one stays.
func (l *loop) sets(to, value ast.Expr) string {
	v := root(l.info(), to)
	switch {
	case isBlank(to):
		return ""
	case v == nil:
		return "it sets something of which can't be seen whose it is"
	case !l.outside(v):
		return "" // of this round: a variable in it, or what the map has here
	case l.perKey(to):
		return "" // once
	case l.constant(value):
		what, is := types.ExprString(to), types.ExprString(value)
		if was, ok := l.consts[what]; !ok || was == is {
			l.consts[what] = is
			return "" // whichever comes last
		}
	}
	return types.ExprString(to) + " stays as what comes last has set it"
}

func isBlank(e ast.Expr) bool {
	id, ok := e.(*ast.Ident)
	return ok && id.Name == "_"
}

// perKey reports whether an expression is what a map or a slice has at the loop's key.
func (l *loop) perKey(e ast.Expr) bool {
	x, ok := ast.Unparen(e).(*ast.IndexExpr)
	if !ok {
		return false
	}
	id, ok := ast.Unparen(x.Index).(*ast.Ident)
	key, is := l.n.Key.(*ast.Ident)
	return ok && is && l.info().ObjectOf(key) == l.info().ObjectOf(id) && l.info().ObjectOf(key) != nil
}

// constant reports whether a value is the same in all rounds.
func (l *loop) constant(e ast.Expr) bool {
	if e == nil {
		return false
	}
	tv := l.info().Types[e]
	return tv.Value != nil || tv.IsNil()
}

// statement allows to delete from maps and to clear.
func (l *loop) statement(e ast.Expr) string {
	call, ok := ast.Unparen(e).(*ast.CallExpr)
	if !ok {
		return l.pure(e)
	}
	if l.builtin(call, "delete") || l.builtin(call, "clear") {
		for _, a := range call.Args[1:] {
			if why := l.pure(a); why != "" {
				return why
			}
		}
		return ""
	}
	return "it calls " + types.ExprString(call.Fun) + ", which may do something"
}

// result allows to return constants, the same ones wherever the loop returns: whether there is something,
// not what.
func (l *loop) result(s *ast.ReturnStmt) string {
	var values []string
	for _, e := range s.Results {
		if !l.constant(e) {
			return "it returns what comes first"
		}
		values = append(values, types.ExprString(e))
	}
	is := strings.Join(values, ", ") + " "
	if l.returns != "" && l.returns != is || len(l.changes) > 0 || l.deletes {
		return "it ends with what comes first"
	}
	l.returns = is
	return ""
}

func (l *loop) builtin(call *ast.CallExpr, name string) bool {
	id, ok := ast.Unparen(call.Fun).(*ast.Ident)
	if !ok || id.Name != name {
		return false
	}
	_, ok = l.info().Uses[id].(*types.Builtin)
	return ok
}

// harmless are packages whose functions only compute.
var harmless = []string{"math", "math/bits", "strings", "bytes", "strconv", "unicode", "unicode/utf8", "cmp", "errors"}

// pure says why an expression may do something, or have another value in another order.
func (l *loop) pure(e ast.Expr) (why string) {
	if e == nil {
		return ""
	}
	ast.Inspect(e, func(n ast.Node) bool {
		if why != "" {
			return false
		}
		switch n := n.(type) {
		case *ast.CallExpr:
			why = l.pureCall(n)
		case *ast.IndexExpr:
			return !l.perKey(n)
		case *ast.Ident:
			if v, ok := l.info().Uses[n].(*types.Var); ok && l.changes[v] && !v.IsField() {
				why = v.Name() + " is what the rounds before have made of it"
			}
		case *ast.UnaryExpr:
			if n.Op == token.ARROW {
				why = "it reads from a channel"
			}
		case *ast.FuncLit:
			why = "it makes a function, which may do something"
		}
		return why == ""
	})
	return why
}

func (l *loop) pureCall(n *ast.CallExpr) string {
	if l.info().Types[n.Fun].IsType() {
		return ""
	}
	if id, ok := ast.Unparen(n.Fun).(*ast.Ident); ok {
		if _, ok := l.info().Uses[id].(*types.Builtin); ok {
			if slices.Contains([]string{"len", "cap", "min", "max", "real", "imag", "make", "new", "complex"}, id.Name) {
				return ""
			}
		}
	}
	path, name := l.c.function(n.Fun)
	switch {
	case slices.Contains(harmless, path) && !strings.Contains(name, "."):
		return ""
	case path == "slices" && slices.Contains([]string{"Contains", "Index", "Equal", "Clone", "Max", "Min", "BinarySearch"}, name):
		return ""
	case path == "time" && strings.HasPrefix(name, "Duration."):
		return ""
	case strings.HasPrefix(method(name), "Get") && strings.Contains(name, "."):
		return "" // of generated messages
	}
	return "it calls " + types.ExprString(n.Fun) + ", which may do something"
}

func method(name string) string {
	_, m, _ := strings.Cut(name, ".")
	return m
}
