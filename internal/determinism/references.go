package determinism

import (
	"go/ast"
	"go/constant"
	"go/types"
	"regexp"
	"slices"
	"strings"
)

// foreign is what of a package games must not use.
type foreign struct {
	path  string         // of the package; with /... behind it, also of those below
	names *regexp.Regexp // of functions, variables, types, and Type.Method; nil: all but types and constants
	why   string
}

func names(list string) *regexp.Regexp { return regexp.MustCompile(`^(` + list + `)$`) }

const (
	clock  = "reads a clock, which says something else each time: count ticks (Room.Tick), or use Room.After, Room.Every and Room.Now"
	random = "is not among the room's random numbers, which a replay has again: use Room.Rand"
	sees   = "reads what is outside the room and differs from one time to the next: use options, messages, or world.Async"
	place  = "tells where something is in memory, which differs each time"
	line   = "depends on when clients were sent something, which is not in the journal: ask the tables and groups themselves"
)

var foreigns = []foreign{
	{"time", names(`Now|Since|Until|After|AfterFunc|Tick|NewTimer|NewTicker|Sleep`), clock},
	{"context", names(`With(Timeout|Deadline)(Cause)?`), clock},
	{"math/rand", names(`Seed|Int|Intn|Int31|Int31n|Int63|Int63n|Uint32|Uint64|Float32|Float64|ExpFloat64|NormFloat64|Perm|Shuffle|Read`), random},
	{"math/rand/v2", names(`N|Int|IntN|Int32|Int32N|Int64|Int64N|Uint|UintN|Uint32|Uint32N|Uint64|Uint64N|Float32|Float64|ExpFloat64|NormFloat64|Perm|Shuffle`), random},
	{"crypto/rand", nil, random},
	{"hash/maphash", names(`MakeSeed|Hash\.\w+`), random},
	{"github.com/google/uuid", names(`New|NewString|NewRandom|NewUUID|NewV6|NewV7|NewDCE\w+`), random},
	{"github.com/gofrs/uuid/...", names(`NewV[1467]`), random},
	{"os/...", nil, sees},
	{"net", names(`(Dial|Listen|Lookup|Resolve|Interface)\w*|FileConn|Pipe`), sees},
	{"net/http", nil, sees},
	{"syscall", nil, sees},
	{"io/ioutil", nil, sees},
	{"runtime", names(`NumCPU|NumGoroutine|GOMAXPROCS|GC|ReadMemStats|Gosched|NumCgoCall`), sees},
	{"reflect", names(`Value\.(Pointer|UnsafePointer|UnsafeAddr)`), place},
	{"reflect", names(`Value\.(MapKeys|MapRange|SetIterKey|SetIterValue)`), "goes through a map in an order that differs each time: sort what it gives"},
	{"reflect", names(`Select`), "takes what comes first, which differs each time"},
	{"sync", names(`Map\.Range`), "goes through a map in an order that differs each time: use a map, and sort its keys"},
	{"sync", names(`Pool\.Get`), "returns what was left over by somebody, or not"},
	{"sync", names(`WaitGroup\.\w+|Cond\.\w+`), "waits for goroutines, which games have none of: world.Async has work done beside the room"},
	{worldPath, names(`Interest\.(Each|EachHash|Hash)|View\.(Len|Middle)`), line},
}

func (f *foreign) has(path, name string, o types.Object) bool {
	if below, ok := strings.CutSuffix(f.path, "/..."); ok {
		if path != below && !strings.HasPrefix(path, below+"/") {
			return false
		}
	} else if path != f.path {
		return false
	}
	if f.names != nil {
		return f.names.MatchString(name)
	}
	switch o.(type) {
	case *types.Func:
		return true
	case *types.Var:
		return !strings.HasPrefix(name, "Err") // sentinel errors are compared with
	}
	return false
}

// reference reports a name that stands for something of another package that games must not use.
func (c *checker) reference(id *ast.Ident) {
	o := origin(c.pass.TypesInfo.Uses[id])
	if o == nil || o.Pkg() == nil || o.Pkg() == c.pass.Pkg {
		return
	}
	path, name := qualified(o)
	for i := range foreigns {
		if f := &foreigns[i]; f.has(path, name, o) {
			short := o.Pkg().Name() + "." + name
			if path == worldPath && strings.HasPrefix(name, "View.") && !c.follows() {
				continue
			}
			c.report(id.Pos(), "%s %s", short, f.why)
			return
		}
	}
	if path == "maps" && slices.Contains([]string{"Keys", "Values", "All"}, name) {
		c.mapIterator(id, name)
	}
}

// follows reports whether a view may be one that follows an entity: that of one which is told where to
// look at depends on the game alone. Which one it is can't be seen, so what counts is whether
// the package has views that follow.
func (c *checker) follows() bool {
	for _, o := range c.pass.TypesInfo.Uses {
		if path, name := qualified(o); path == worldPath && name == "View.Follow" {
			return true
		}
	}
	return false
}

// call reports calls that are wrong by what they are given.
func (c *checker) call(n *ast.CallExpr) {
	if c.pass.TypesInfo.Types[n.Fun].IsType() {
		c.conversion(n)
		return
	}
	if id, ok := ast.Unparen(n.Fun).(*ast.Ident); ok && id.Name == "make" && len(n.Args) > 0 {
		if _, builtin := c.pass.TypesInfo.Uses[id].(*types.Builtin); builtin {
			if _, is := c.typeOf(n.Args[0]).(*types.Chan); is {
				c.report(n.Pos(), "a channel: games have no goroutines; world.Async has work done beside the room")
			}
		}
	}
	if path, _ := c.function(n.Fun); path != "fmt" && path != "log/slog" && path != "log" {
		return
	}
	for _, a := range n.Args {
		v := c.pass.TypesInfo.Types[a].Value
		if v != nil && v.Kind() == constant.String && address.MatchString(strings.ReplaceAll(constant.StringVal(v), "%%", "")) {
			c.report(a.Pos(), "%%p %s", place)
		}
	}
}

// address finds the verb for addresses.
var address = regexp.MustCompile(`%[-+# 0-9.*\[\]]*p`)

// conversion reports addresses that become numbers.
func (c *checker) conversion(n *ast.CallExpr) {
	if len(n.Args) != 1 {
		return
	}
	to, ok := c.typeOf(n.Fun).(*types.Basic)
	from, was := c.typeOf(n.Args[0]).(*types.Basic)
	if ok && was && to.Kind() == types.Uintptr && from.Kind() == types.UnsafePointer {
		c.report(n.Pos(), "an address as a number %s", place)
	}
}

// assigned reports a variable of a package that is changed, by the expression that it is changed by.
func (c *checker) assigned(e ast.Expr) {
	v := root(c.pass.TypesInfo, e)
	if v == nil || v.Pkg() == nil || v.Parent() != v.Pkg().Scope() || c.inInit() {
		return
	}
	if id, ok := e.(*ast.Ident); ok && id.Name == "_" {
		return
	}
	c.report(e.Pos(), "%s is a variable of the package, which all rooms share, and a room and its replay as well: make it a field of the game", v.Name())
}

// inInit reports whether what is looked at runs before any room does.
func (c *checker) inInit() bool {
	for _, n := range c.stack {
		if f, ok := n.(*ast.FuncDecl); ok {
			return f.Recv == nil && f.Name.Name == "init"
		}
	}
	return true
}

// root returns the variable that an expression is a part of, as x of x.f[i], nil if there is none. What is
// behind a pointer that a function returns is part of none.
func root(info *types.Info, e ast.Expr) *types.Var {
	for {
		switch x := e.(type) {
		case *ast.Ident:
			v, _ := info.ObjectOf(x).(*types.Var)
			return v
		case *ast.SelectorExpr:
			if s := info.Selections[x]; s == nil {
				v, _ := info.Uses[x.Sel].(*types.Var) // of another package
				return v
			}
			e = x.X
		case *ast.IndexExpr:
			e = x.X
		case *ast.StarExpr:
			e = x.X
		case *ast.ParenExpr:
			e = x.X
		default:
			return nil
		}
	}
}
