package publicapi

import (
	"go/types"
	"slices"
	"strings"
)

// isInternal reports whether a path is of an internal package of this module.
func isInternal(path string) bool {
	return strings.HasPrefix(path, module) && slices.Contains(strings.Split(path, "/"), "internal")
}

// published returns the types of internal packages that have a public name too, by way
// of an alias.
func published(pkgs []*types.Package) map[*types.TypeName]bool {
	all := map[*types.TypeName]bool{}
	for _, pkg := range pkgs {
		for _, name := range pkg.Scope().Names() {
			if obj, ok := pkg.Scope().Lookup(name).(*types.TypeName); ok && obj.Exported() {
				if named := publishes(obj); named != nil {
					all[named.Obj()] = true
				}
			}
		}
	}
	return all
}

// leaksOf returns a line for each exported part of a package whose type names a type of
// an internal one that is not public as well: "path.Name: path.Internal".
func leaksOf(pkg *types.Package, public map[*types.TypeName]bool) []string {
	var found []string
	scope := pkg.Scope()
	for _, name := range scope.Names() {
		obj := scope.Lookup(name)
		if !obj.Exported() {
			continue
		}
		report := func(part string) *finder {
			return &finder{public: public, report: func(internal string) { found = append(found, pkg.Path()+"."+part+": "+internal) }}
		}
		tn, ok := obj.(*types.TypeName)
		if !ok {
			report(name).walk(obj.Type())
			continue
		}
		named := publishes(tn)
		if alias, ok := tn.Type().(*types.Alias); ok && named == nil {
			report(name).walk(alias.Rhs())
			continue
		} else if named == nil {
			named = tn.Type().(*types.Named)
		}
		for p := range named.TypeParams().TypeParams() {
			report(name).walk(p.Constraint())
		}
		if s, ok := named.Underlying().(*types.Struct); ok {
			for f := range s.Fields() {
				if f.Exported() {
					report(name + "." + f.Name()).walk(f.Type())
				}
			}
		} else {
			report(name).walk(named.Underlying())
		}
		for _, m := range methods(named) {
			report(name + "." + m.Name()).walk(m.Type())
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// finder goes through a type as far as it is written out, and not into what a name
// stands for: that is looked at where it is declared.
type finder struct {
	public map[*types.TypeName]bool
	report func(internal string)
}

func (f *finder) walk(t types.Type) {
	switch t := t.(type) {
	case *types.Named:
		f.name(t.Obj())
		f.list(t.TypeArgs())
	case *types.Alias:
		f.name(t.Obj())
		f.list(t.TypeArgs())
	case *types.Pointer:
		f.walk(t.Elem())
	case *types.Slice:
		f.walk(t.Elem())
	case *types.Array:
		f.walk(t.Elem())
	case *types.Chan:
		f.walk(t.Elem())
	case *types.Map:
		f.walk(t.Key())
		f.walk(t.Elem())
	case *types.Signature:
		for p := range t.TypeParams().TypeParams() {
			f.walk(p.Constraint())
		}
		f.tuple(t.Params())
		f.tuple(t.Results())
	case *types.Struct:
		for field := range t.Fields() {
			if field.Exported() {
				f.walk(field.Type())
			}
		}
	case *types.Interface:
		for m := range t.ExplicitMethods() {
			f.walk(m.Type())
		}
		for e := range t.EmbeddedTypes() {
			f.walk(e)
		}
	case *types.Union:
		for term := range t.Terms() {
			f.walk(term.Type())
		}
	}
}

func (f *finder) name(obj *types.TypeName) {
	if obj.Pkg() != nil && isInternal(obj.Pkg().Path()) && obj.Exported() && !f.public[obj] {
		f.report(strings.TrimPrefix(obj.Pkg().Path(), module) + "." + obj.Name())
	}
}

func (f *finder) tuple(t *types.Tuple) {
	for v := range t.Variables() {
		f.walk(v.Type())
	}
}

func (f *finder) list(l *types.TypeList) {
	for t := range l.Types() {
		f.walk(t)
	}
}
