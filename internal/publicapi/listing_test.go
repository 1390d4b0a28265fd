package publicapi

import (
	"cmp"
	"fmt"
	"go/constant"
	"go/types"
	"slices"
	"strings"
)

// listing returns what a package exports, in the way of `go doc -all` without the
// comments: constants, variables, functions, then each type with its exported fields
// and its methods, all by name. Structs and interfaces with parts that are not exported
// say so, since whoever has none can write literals of them and implementations.
// An alias of a type of an internal package is that type for users, and listed like
// one of the package's own.
func listing(pkg *types.Package) string {
	var consts, vars, funcs, typs []string
	scope := pkg.Scope()
	for _, name := range scope.Names() { // sorted
		obj := scope.Lookup(name)
		if !obj.Exported() {
			continue
		}
		switch obj := obj.(type) {
		case *types.Const:
			consts = append(consts, constLine(obj))
		case *types.Var:
			vars = append(vars, "var "+obj.Name()+" "+typeString(pkg, obj.Type()))
		case *types.Func:
			funcs = append(funcs, "func "+obj.Name()+signature(pkg, obj))
		case *types.TypeName:
			typs = append(typs, typeLines(pkg, obj))
		}
	}
	var parts []string
	for _, lines := range [][]string{consts, vars, funcs} {
		if len(lines) > 0 {
			parts = append(parts, strings.Join(lines, "\n")+"\n")
		}
	}
	parts = append(parts, typs...)
	head := fmt.Sprintf("package %s // import %q\n", pkg.Name(), pkg.Path())
	return strings.Join(append([]string{head}, parts...), "\n")
}

func constLine(c *types.Const) string {
	line := "const " + c.Name()
	if b, ok := c.Type().(*types.Basic); !ok || b.Info()&types.IsUntyped == 0 {
		line += " " + typeString(c.Pkg(), c.Type())
	}
	value := c.Val().String()
	if c.Val().Kind() == constant.String {
		value = c.Val().ExactString()
	}
	return line + " = " + value
}

func typeLines(pkg *types.Package, obj *types.TypeName) string {
	var b strings.Builder
	b.WriteString("type " + obj.Name())
	named := publishes(obj)
	if alias, ok := obj.Type().(*types.Alias); ok {
		b.WriteString(typeParams(pkg, alias.TypeParams()) + " = " + typeString(pkg, alias.Rhs()))
		if named == nil {
			return b.String() + "\n"
		}
	} else {
		named = obj.Type().(*types.Named)
		b.WriteString(typeParams(pkg, named.TypeParams()))
	}
	b.WriteString(" ")
	switch u := named.Underlying().(type) {
	case *types.Struct:
		b.WriteString(structLines(pkg, u))
	case *types.Interface:
		b.WriteString(interfaceLines(pkg, u))
	default:
		b.WriteString(typeString(pkg, u) + "\n")
	}
	for _, m := range methods(named) {
		b.WriteString("func (" + receiver(named, m) + ") " + m.Name() + signature(pkg, m) + "\n")
	}
	return b.String()
}

// publishes returns the type of an internal package that an alias makes public, or nil.
func publishes(obj *types.TypeName) *types.Named {
	alias, ok := obj.Type().(*types.Alias)
	if !ok {
		return nil
	}
	named, ok := alias.Rhs().(*types.Named)
	if !ok || named.Obj().Pkg() == nil || !isInternal(named.Obj().Pkg().Path()) {
		return nil
	}
	return named
}

func structLines(pkg *types.Package, s *types.Struct) string {
	var lines []string
	hidden := false
	for f := range s.Fields() {
		switch {
		case !f.Exported():
			hidden = true
		case f.Embedded():
			lines = append(lines, typeString(pkg, f.Type()))
		default:
			lines = append(lines, f.Name()+" "+typeString(pkg, f.Type()))
		}
	}
	if hidden {
		lines = append(lines, "// and unexported fields")
	}
	return block("struct", lines)
}

func interfaceLines(pkg *types.Package, i *types.Interface) string {
	var lines []string
	hidden := false
	for e := range i.EmbeddedTypes() {
		lines = append(lines, typeString(pkg, e))
	}
	for m := range i.ExplicitMethods() {
		if m.Exported() {
			lines = append(lines, m.Name()+signature(pkg, m))
		} else {
			hidden = true
		}
	}
	slices.Sort(lines)
	if hidden {
		lines = append(lines, "// and unexported methods")
	}
	return block("interface", lines)
}

func block(what string, lines []string) string {
	if len(lines) == 0 {
		return what + "{}\n"
	}
	return what + " {\n\t" + strings.Join(lines, "\n\t") + "\n}\n"
}

// methods returns the exported methods of a type and its pointer, by name, with those
// that it has from embedded fields which are not exported themselves. Those of exported
// ones follow from the field.
func methods(named *types.Named) []*types.Func {
	if types.IsInterface(named) {
		return nil
	}
	var all []*types.Func
	set := types.NewMethodSet(types.NewPointer(named))
	for sel := range set.Methods() {
		m := sel.Obj().(*types.Func)
		if !m.Exported() {
			continue
		}
		if path := sel.Index(); len(path) > 1 {
			if s, ok := named.Underlying().(*types.Struct); !ok || s.Field(path[0]).Exported() {
				continue
			}
		}
		all = append(all, m)
	}
	slices.SortFunc(all, func(a, b *types.Func) int { return cmp.Compare(a.Name(), b.Name()) })
	return all
}

// receiver returns T or *T, with the names of type parameters.
func receiver(named *types.Named, m *types.Func) string {
	name := named.Obj().Name()
	if params := named.TypeParams(); params.Len() > 0 {
		var names []string
		for p := range params.TypeParams() {
			names = append(names, p.Obj().Name())
		}
		name += "[" + strings.Join(names, ", ") + "]"
	}
	if _, ok := m.Signature().Recv().Type().(*types.Pointer); ok {
		return "*" + name
	}
	return name
}

func typeParams(pkg *types.Package, list *types.TypeParamList) string {
	if list.Len() == 0 {
		return ""
	}
	var params []string
	for p := range list.TypeParams() {
		params = append(params, p.Obj().Name()+" "+typeString(pkg, p.Constraint()))
	}
	return "[" + strings.Join(params, ", ") + "]"
}

func signature(pkg *types.Package, f *types.Func) string {
	sig := f.Signature()
	s := types.TypeString(sig, qualifier(pkg))
	return typeParams(pkg, sig.TypeParams()) + s[strings.Index(s, "func")+len("func"):][skipParams(sig, s):]
}

// skipParams returns how much of what follows "func" are type parameters, which
// types.TypeString puts there as well.
func skipParams(sig *types.Signature, s string) int {
	if sig.TypeParams().Len() == 0 {
		return 0
	}
	depth := 0
	for i, r := range s[len("func"):] {
		switch r {
		case '[':
			depth++
		case ']':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return 0
}

func typeString(pkg *types.Package, t types.Type) string { return types.TypeString(t, qualifier(pkg)) }

// qualifier writes the package's own names without its name, and others with theirs.
func qualifier(pkg *types.Package) types.Qualifier {
	return func(other *types.Package) string {
		if other == pkg {
			return ""
		}
		return other.Name()
	}
}
