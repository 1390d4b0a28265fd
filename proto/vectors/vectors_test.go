package vectors

import (
	"bytes"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"

	"github.com/tickroom/tickroom/netcode"
	"github.com/tickroom/tickroom/netcode/replica"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	"github.com/tickroom/tickroom/proto/schema"
	"github.com/tickroom/tickroom/world"
)

var update = flag.Bool("update", false, "write frames.txt and parts.txt anew, and its quotes in docs/protocol.md")

const head = `# Test vectors of the frame protocol, tickroom.v1; docs/protocol.md explains the protocol.
# Written by: go test ./proto/vectors -update
#
# A line is a key, ": " and a value. Empty lines and those that begin with # say nothing.
# The frames of a sequence are sent to one client, one after the other.
#
# sequence:    a sequence begins; its schema follows
# component:   id and name of a component
# field:       number, name, kind and options of a field of it
# frame:       a frame begins: one binary message
# about:       what is to be seen in it, for people
# hex:         bytes of the message, up to a #
# client:      the message is one to the server; each of these lines is something it says
# refused:     why a client must refuse the message; go on with what was held before it
#
# And of a message from the server, after it has been applied:
# tick:        of the client
# state_hash:  of all that the client holds
# row:         component, entity, hash of the row, and the fields that are not zero, as JSON:
#              quantised values in steps, 64 bits as decimal strings, floats and doubles as their
#              bits in hex, bytes in hex
# quantised:   component, entity, and the values of its quantised fields, in the game's units
# input_ack:   if it is not 0
# hash:        the state hash that the message brings, if it does
# input_early: how early inputs come, if the message says so
# event, entity_hash, reply, pong, welcome, resumed, inputs, identity, auth: what else it brings

`

const partsHead = `# Test vectors of frames in parts, for clients that ask for them in their hello: Hello.parts.
# The form is that of frames.txt. After a part that is not the last one a client holds what it
# held before; then it makes of the last one what it would of the whole frame.
# Written by: go test ./proto/vectors -update

`

// TestVectors builds the sequences and holds them against the files.
func TestVectors(t *testing.T) {
	files := map[string]string{fileName: written(head, sequences(t)), partsFile: written(partsHead, []*sequence{inParts(t), partsRefused(t)})}
	if *update {
		for name, text := range files {
			if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		quote(t, files[fileName]+"\n\n"+files[partsFile])
	}
	for name, text := range files {
		file, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(file), text); diff != "" {
			t.Errorf("%s is not what the code makes (- file, + code); if the change is meant: go test ./proto/vectors -update\n%s", name, diff)
		}
	}
}

func written(head string, all []*sequence) string {
	b := &strings.Builder{}
	b.WriteString(head)
	for _, s := range all {
		s.write(b)
	}
	return strings.TrimRight(b.String(), "\n") + "\n"
}

// TestClients plays the file to all decoders of this repository, and to one that
// shares no code with them.
func TestClients(t *testing.T) {
	text, err := readFile()
	if err != nil {
		t.Fatal(err)
	}
	all, err := parse(text)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range all {
		t.Run(s.name, func(t *testing.T) { play(t, s) })
	}
}

func play(t *testing.T, s *sequence) {
	sch, err := schema.FromProto(s.schema)
	if err != nil {
		t.Fatal(err)
	}
	rep, slow := replica.New(sch), newNaive(s.schema)
	var history [][]byte // what rep was given
	for _, f := range s.frames {
		if f.client {
			if diff := cmp.Diff(f.want, clientLines(t, f.bytes)); diff != "" {
				t.Errorf("%s (- file, + stock protobuf):\n%s", f.name, diff)
			}
			if diff := cmp.Diff(f.want, parsedLines(t, f.bytes)); diff != "" {
				t.Errorf("%s (- file, + netcode):\n%s", f.name, diff)
			}
			continue
		}
		m := new(tickroomv1.ServerFrame)
		err := proto.Unmarshal(f.bytes, m)
		next := slow.clone()
		if err == nil {
			m, err = next.whole(m)
		}
		if err == nil {
			err = next.apply(m)
		}
		errReplica := rep.Apply(f.bytes)
		if f.refused != "" {
			if err == nil || errReplica == nil {
				t.Errorf("%s: it must be refused; naive: %v, replica: %v", f.name, err, errReplica)
			}
			// What broke it is to be forgotten.
			rep.Reset()
			for _, b := range history {
				if err := rep.Apply(b); err != nil {
					t.Fatal(err)
				}
			}
			continue
		}
		if err != nil || errReplica != nil {
			t.Fatalf("%s: naive: %v, replica: %v", f.name, err, errReplica)
		}
		history = append(history, f.bytes)
		slow = next
		if diff := cmp.Diff(f.want, append(slow.lines(), saidLines(m)...)); diff != "" {
			t.Errorf("%s (- file, + naive):\n%s", f.name, diff)
		}
		got := held(s.schema, rep)
		if diff := cmp.Diff(slow.lines(), got.lines()); diff != "" {
			t.Errorf("%s (- naive, + replica):\n%s", f.name, diff)
		}
		if got.hash() != rep.Hash() {
			t.Errorf("%s: the replica's hash is %016x, by the book it is %016x", f.name, rep.Hash(), got.hash())
		}
		if m.Hash != nil && m.GetHash() != rep.Hash() {
			t.Errorf("%s: the server's hash is %016x, the replica's %016x", f.name, m.GetHash(), rep.Hash())
		}
		if diff := cmp.Diff(saidLines(m), frameLines(rep.Frame())); diff != "" {
			t.Errorf("%s (- stock protobuf, + replica):\n%s", f.name, diff)
		}
	}
}

// held returns what a replica holds in the form of the naive client.
func held(s *tickroomv1.Schema, rep *replica.Replica) *naive {
	c := newNaive(s)
	c.tick = rep.Tick()
	for _, comp := range s.GetComponents() {
		table := rep.Table(comp.GetId())
		for e, cells := range table.All() {
			r := row{}
			for i := range table.Component().Fields {
				f := &table.Component().Fields[i]
				r[uint32(f.Number)] = cellValue(f, cells)
			}
			c.rows[rowKey{comp.GetId(), e}] = r
		}
	}
	return c
}

func cellValue(f *schema.Field, c schema.Cells) any {
	num := func(v int64) any {
		if f.Kind == schema.Uint64 || f.Kind == schema.Double {
			return uint64(v)
		}
		return v
	}
	item := func(b []byte) any {
		if f.Kind == schema.String {
			return string(b)
		}
		return slices.Clone(b)
	}
	switch {
	case !f.InBlob():
		return num(c.Nums[f.Cell])
	case !f.Repeated:
		return item(c.Blobs[f.Cell])
	}
	list := []any{}
	cell := c.Blobs[f.Cell]
	if f.Kind == schema.String || f.Kind == schema.Bytes {
		for len(cell) > 0 {
			var b []byte
			b, cell = schema.NextItem(cell)
			list = append(list, item(b))
		}
		return list
	}
	for i := range schema.NumLen(cell) {
		list = append(list, num(schema.NumAt(cell, i)))
	}
	return list
}

// saidLines says what a frame brings besides rows.
func saidLines(m *tickroomv1.ServerFrame) []string {
	var out []string
	say := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	if m.GetInputAck() != 0 {
		say("input_ack: %d", m.GetInputAck())
	}
	if m.Hash != nil {
		say("hash: %016x", m.GetHash())
	}
	if m.InputEarly != nil {
		say("input_early: %d", m.GetInputEarly())
	}
	for _, e := range m.GetEvents() {
		say("event: %d of tick %d, data 0x%x", e.GetEvent(), m.GetTick()-e.GetAge(), e.GetData())
	}
	for _, h := range m.GetEntityHashes() {
		say("entity_hash: entity %d, group %d, %016x", h.GetEntity(), h.GetGroup(), h.GetHash())
	}
	if w := m.GetWelcome(); w != nil {
		say("welcome: player %d, room %q, kind %q, %g ticks per second, fingerprint %016x, %d components", w.GetPlayer(), w.GetRoom(), w.GetKind(), w.GetTickRate(), w.GetFingerprint(), len(w.GetSchema().GetComponents()))
		if w.GetResumed() {
			say("resumed: input %d, command %d, events missed %t, spectator %t, held for %g s", w.GetInputSeq(), w.GetCommandId(), w.GetEventsMissed(), w.GetSpectator(), w.GetHoldSeconds())
		}
		if w.GetNeutralAfter() != 0 || w.GetRewindTicks() != 0 {
			say("inputs: neutral after %d, rewind %d", w.GetNeutralAfter(), w.GetRewindTicks())
		}
		if w.GetPlayerId() != "" {
			say("identity: player %q, expires %d", w.GetPlayerId(), w.GetExpiresUs())
		}
	}
	for _, r := range m.GetReplies() {
		say("reply: to %d, code %d, error %q, data 0x%x", r.GetId(), r.GetCode(), r.GetError(), r.GetData())
	}
	for _, p := range m.GetPongs() {
		say("pong: client %d, server %d, tick %d", p.GetClientTimeUs(), p.GetServerTimeUs(), p.GetTick())
	}
	if a := m.GetAuth(); a != nil {
		say("auth: expires %d, error %q, renew %t", a.GetExpiresUs(), a.GetError(), a.GetRenew())
	}
	return out
}

// frameLines is saidLines for what the replica has parsed.
func frameLines(f *replica.Frame) []string {
	m := &tickroomv1.ServerFrame{Tick: f.Tick, InputAck: f.InputAck, Welcome: f.Welcome, Auth: f.Auth}
	if f.HasHash {
		m.Hash = &f.Hash
	}
	if f.HasInputEarly {
		m.InputEarly = proto.Int32(int32(f.InputEarly))
	}
	for _, e := range f.Events {
		m.Events = append(m.Events, &tickroomv1.EventData{Event: e.ID, Age: e.Age, Data: e.Data})
	}
	for _, h := range f.EntityHashes {
		m.EntityHashes = append(m.EntityHashes, &tickroomv1.EntityHash{Entity: h.Entity, Group: h.Group, Hash: h.Hash})
	}
	for _, r := range f.Replies {
		m.Replies = append(m.Replies, &tickroomv1.Reply{Id: r.ID, Code: r.Code, Error: r.Error, Data: r.Data})
	}
	for _, p := range f.Pongs {
		m.Pongs = append(m.Pongs, &tickroomv1.Pong{ClientTimeUs: p.ClientTimeUS, ServerTimeUs: p.ServerTimeUS, Tick: p.Tick})
	}
	return saidLines(m)
}

// clientLines says what is in a ClientFrame, read with a stock protobuf runtime.
func clientLines(t *testing.T, b []byte) []string {
	m := new(tickroomv1.ClientFrame)
	if err := proto.Unmarshal(b, m); err != nil {
		t.Fatal(err)
	}
	return clientFrameLines(m)
}

// parsedLines is clientLines for what the server's parser makes of it.
func parsedLines(t *testing.T, b []byte) []string {
	var f netcode.ClientFrame
	if err := f.Parse(b); err != nil {
		t.Fatal(err)
	}
	m := &tickroomv1.ClientFrame{Ack: f.Ack, Every: f.Every, Mismatch: f.Mismatch, Token: string(f.Token)}
	for _, in := range f.Inputs {
		m.Inputs = append(m.Inputs, &tickroomv1.Input{Seq: in.Seq, Tick: in.Tick, Data: in.Data, Sees: in.Sees})
	}
	for _, c := range f.Commands {
		m.Commands = append(m.Commands, &tickroomv1.CommandData{Id: c.ID, Command: c.Command, Data: c.Data})
	}
	if f.Ping {
		m.Ping = &tickroomv1.Ping{ClientTimeUs: f.PingTime}
	}
	if f.Hello != nil {
		m.Hello = new(tickroomv1.Hello)
		if err := proto.Unmarshal(f.Hello, m.Hello); err != nil {
			t.Fatal(err)
		}
	}
	return clientFrameLines(m)
}

func clientFrameLines(m *tickroomv1.ClientFrame) []string {
	var out []string
	say := func(format string, args ...any) { out = append(out, "client: "+fmt.Sprintf(format, args...)) }
	if h := m.GetHello(); h != nil {
		say("hello: version %d, kind %q, room %q, name %q, fingerprint %016x, hash every %d, every %d, data 0x%x",
			h.GetVersion(), h.GetKind(), h.GetRoom(), h.GetName(), h.GetFingerprint(), h.GetHashEvery(), h.GetEvery(), h.GetData())
		if h.GetSpectate() {
			say("hello: spectate")
		}
		if h.GetResume() != "" {
			say("hello: resume %q at tick %d", h.GetResume(), h.GetResumeTick())
		}
		if h.GetToken() != "" {
			say("hello: token %q", h.GetToken())
		}
		if h.GetSeat() != "" {
			say("hello: seat %q", h.GetSeat())
		}
		if h.GetParts() {
			say("hello: parts")
		}
		if h.GetOrJoin() {
			say("hello: or join")
		}
		for _, name := range slices.Sorted(maps.Keys(h.GetOptions())) {
			say("hello: option %s %q", name, h.GetOptions()[name])
		}
	}
	if m.GetAck() != 0 {
		say("ack %d", m.GetAck())
	}
	for _, in := range m.GetInputs() {
		say("input %d for tick %d, data 0x%x", in.GetSeq(), in.GetTick(), in.GetData())
		if in.GetSees() != 0 {
			say("seeing %g", float64(in.GetTick())-float64(in.GetSees())/world.BackPerTick)
		}
	}
	for _, c := range m.GetCommands() {
		say("command %d, number %d, data 0x%x", c.GetCommand(), c.GetId(), c.GetData())
	}
	if p := m.GetPing(); p != nil {
		say("ping %d", p.GetClientTimeUs())
	}
	if m.GetEvery() != 0 {
		say("every %d", m.GetEvery())
	}
	if m.GetMismatch() {
		say("mismatch")
	}
	if m.GetToken() != "" {
		say("token %q", m.GetToken())
	}
	return out
}

// TestFileIsWhole sees that no feature is without a vector: every field of every
// message of the protocol, and every kind alone, repeated, absolute and as a
// difference.
func TestFileIsWhole(t *testing.T) {
	text, err := readFile()
	if err != nil {
		t.Fatal(err)
	}
	all, err := parse(text)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, s := range all {
		for _, f := range s.frames {
			for _, l := range annotate(f.bytes, f.client) {
				_, what, _ := strings.Cut(l, "# ")
				name, _, _ := strings.Cut(what, ":")
				name, _, _ = strings.Cut(name, ",")
				seen[name] = true
			}
		}
		for _, c := range s.schema.GetComponents() {
			for _, f := range c.GetFields() {
				seen[fmt.Sprint(f.GetKind(), f.GetRepeated())] = true
			}
		}
	}
	for _, m := range []proto.Message{
		&tickroomv1.ServerFrame{}, &tickroomv1.Table{}, &tickroomv1.EventData{}, &tickroomv1.EntityHash{}, &tickroomv1.Welcome{}, &tickroomv1.Component{},
		&tickroomv1.ComponentField{}, &tickroomv1.Reply{}, &tickroomv1.Pong{}, &tickroomv1.Auth{}, &tickroomv1.ClientFrame{}, &tickroomv1.Input{}, &tickroomv1.CommandData{}, &tickroomv1.Ping{}, &tickroomv1.Hello{}, &tickroomv1.Part{},
	} {
		fields := m.ProtoReflect().Descriptor().Fields()
		for i := range fields.Len() {
			if name := string(fields.Get(i).Name()); !seen[name] {
				t.Errorf("no vector has the field %s of %s", name, m.ProtoReflect().Descriptor().Name())
			}
		}
	}
	for _, k := range slices.Sorted(maps.Keys(tickroomv1.Kind_name)) {
		for _, repeated := range []bool{false, true} {
			if kind := tickroomv1.Kind(k); kind != 0 && !seen[fmt.Sprint(kind, repeated)] {
				t.Errorf("no vector has %s, repeated %t", kind, repeated)
			}
		}
	}
}

const (
	page  = "../../docs/protocol.md"
	fence = "```"
)

// TestQuotes holds the vectors that docs/protocol.md quotes against the file. A
// quote is a block that opens with ```vector.
func TestQuotes(t *testing.T) {
	text, err := readFile()
	if err != nil {
		t.Fatal(err)
	}
	doc, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	blocks := strings.Split(string(doc), fence+"vector\n")[1:]
	if len(blocks) < 5 {
		t.Errorf("the page quotes only %d vectors", len(blocks))
	}
	for _, b := range blocks {
		b, _, _ := strings.Cut(b, "\n"+fence)
		if !strings.Contains(text, b+"\n\n") && !strings.HasSuffix(text, b+"\n") {
			t.Errorf("this quote is not in %s; run go test ./proto/vectors -update\n%s", fileName, b)
		}
	}
}

// quote brings the quotes of the page up to date, by their first lines.
func quote(t *testing.T, text string) {
	doc, err := os.ReadFile(page)
	if errors.Is(err, os.ErrNotExist) {
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(string(doc), fence+"vector\n")
	for i := 1; i < len(parts); i++ {
		old, rest, _ := strings.Cut(parts[i], "\n"+fence)
		first, _, _ := strings.Cut(old, "\n")
		at := strings.Index(text, first+"\n")
		if at < 0 || !strings.HasPrefix(first, "frame: ") {
			t.Fatalf("the page quotes %q, which is not in %s", first, fileName)
		}
		now, _, _ := strings.Cut(text[at:], "\n\n")
		parts[i] = strings.TrimRight(now, "\n") + "\n" + fence + rest
	}
	if out := strings.Join(parts, fence+"vector\n"); !bytes.Equal(doc, []byte(out)) {
		if err := os.WriteFile(page, []byte(out), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// TestHash holds the hash as written here against MurmurHash3's published test
// values of whole words.
func TestHash(t *testing.T) {
	for _, c := range []struct {
		key  string // hex
		seed uint32
		want uint32
	}{
		{"", 0, 0},
		{"", 1, 0x514e28b7},
		{"", 0xffffffff, 0x81f16f39},
		{"ffffffff", 0, 0x76293b50},
		{"21436587", 0, 0xf55b516b},
		{"21436587", 0x5082edee, 0x2362f9de},
		{"00000000", 0, 0x2362f9de},
	} {
		b, err := hex.DecodeString(c.key)
		if err != nil {
			t.Fatal(err)
		}
		var words []uint32
		for ; len(b) > 0; b = b[4:] {
			words = append(words, uint32(b[0])|uint32(b[1])<<8|uint32(b[2])<<16|uint32(b[3])<<24)
		}
		if got := murmur(c.seed, words); got != c.want {
			t.Errorf("key %s, seed %x: %x, want %x", c.key, c.seed, got, c.want)
		}
	}
}
