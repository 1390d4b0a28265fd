package journal_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/tickroom/tickroom/internal/journal"
	"github.com/tickroom/tickroom/world"
)

// reads are the methods of world.Room that a Caller leaves to it: they read, or take what the game
// gives away, or are the game's own.
var reads = strings.Fields(`After Alive AppendRandom AppendTableHashes Checkpoint Commit Committed Destroy Dt End Entities EntityHash Every Float Group GroupOf Hash Heard ID Int Jobs
	Label Labels Listen Lock Locked Move NewGroup NewSpatialGroup Now Omissions Over Place PlayerCount Players Position Post Rand
	Report Rest RestoredPlayers Retuned Running Saves SetLabel ShowEpoch Spawn SpectatorCount Spectators TakeJobs TakePosts TakeResult
	TakeTold TakesMessages Tell Text Tick Ticks Topics TopicsAgain Unlisten Unlock Unlocks Unposted`)

// A method of world.Room by which something reaches the game must be the Caller's, too: else it is in
// no journal.
func TestCallerHasAllCalls(t *testing.T) {
	t.Parallel()
	room, caller := reflect.TypeFor[*world.Room](), reflect.TypeFor[*journal.Caller]()
	own := ownMethods(t)
	for i := range room.NumMethod() {
		name := room.Method(i).Name
		switch {
		case own[name] && slices.Contains(reads, name):
			t.Errorf("%s is the Caller's, and in the list of those that are not", name)
		case !own[name] && !slices.Contains(reads, name):
			t.Errorf("world.Room.%s is not the Caller's: if something reaches the game by it, make it one there; else add it to the list", name)
		}
	}
	for _, name := range reads {
		if _, ok := caller.MethodByName(name); !ok {
			t.Errorf("world.Room has no %s any more", name)
		}
	}
}

// ownMethods returns the names of the methods that are the Caller's own, and not the room's.
func ownMethods(t *testing.T) map[string]bool {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "caller.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	own := map[string]bool{}
	for _, d := range file.Decls {
		if f, ok := d.(*ast.FuncDecl); ok && f.Recv != nil {
			own[f.Name.Name] = true
		}
	}
	return own
}

// list is a recorder that keeps the names of calls.
type list struct{ calls []string }

func (l *list) Begin(k *world.Kind, with *world.Setup) {
	l.calls = append(l.calls, "begin "+k.Name+" "+with.ID)
}
func (l *list) Record(c *journal.Call)                 { l.calls = append(l.calls, c.Op.String()) }
func (l *list) RecordInput(*world.Player, world.Input) { l.calls = append(l.calls, "input") }
func (l *list) Stepped(r *world.Room) {
	l.calls = append(l.calls, fmt.Sprint("stepped ", r.Committed()))
}

// witness is a game that writes down that it is called, in a recorder's list.
type witness struct{ *list }

func (w witness) Join(*world.Player, []byte) error { w.calls = append(w.calls, "Join"); return nil }
func (w witness) Leave(*world.Player)              { w.calls = append(w.calls, "Leave") }
func (w witness) Tick()                            { w.calls = append(w.calls, "Tick") }
func (w witness) Away(*world.Player)               { w.calls = append(w.calls, "Away") }
func (w witness) Back(*world.Player)               { w.calls = append(w.calls, "Back") }
func (w witness) Deaf(string)                      { w.calls = append(w.calls, "Deaf") }
func (w witness) Hears(string, bool)               { w.calls = append(w.calls, "Hears") }

// Each call is told to the recorder before it is made.
func TestCallsAreRecordedFirst(t *testing.T) {
	t.Parallel()
	l := &list{}
	k := world.Kind{Name: "k", New: func(*world.Room) (world.Game, error) {
		l.calls = append(l.calls, "New")
		return witness{l}, nil
	}}
	c, err := journal.New(k, world.Setup{ID: "r"}, l)
	if err != nil {
		t.Fatal(err)
	}
	p := &world.Player{Interest: world.NewInterest(c.World), ID: 1, InputSeq: 3}
	if err := c.Join(p, nil); err != nil {
		t.Fatal(err)
	}
	c.SetNow(5)
	c.HandleDeaf("room/r")
	c.HandleHears("room/r", false)
	c.SetAway(p, true)
	c.SetAway(p, false)
	c.SetRoles(p, []string{"host"})
	_ = c.HandleInput(p, world.Input{Seq: 4})
	c.NumberAnew(p)
	c.Step()
	c.Leave(p)
	want := "begin k r,New,join,Join,now,deaf,Deaf,hears,Hears,away,Away,back,Back,roles,input,anew,step,Tick,stepped 1,leave,Leave"
	if got := strings.Join(l.calls, ","); got != want {
		t.Errorf("the recorder and the game were called\n%s\nwant\n%s", got, want)
	}
	if p.InputSeq != 0 || !slices.Equal(p.Roles, []string{"host"}) {
		t.Errorf("the player has roles %v, and its last input is %d", p.Roles, p.InputSeq)
	}
}
