package schema_test

import (
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"math/bits"
	"os"
	"slices"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/protowire"
	"pgregory.net/rapid"

	walkersv1 "github.com/tickroom/tickroom/proto/gen/tickroom/walkers/v1"
	testschemav1 "github.com/tickroom/tickroom/proto/internal/testschema/gen"
	"github.com/tickroom/tickroom/proto/schema"
)

var update = flag.Bool("update", false, "write today's bytes and hashes into testdata")

// vector is one row of testdata/rows.json, from which clients in any language are
// tested: what a row looks like as cells, in a table, and as a hash.
type vector struct {
	Name      string        `json:"name"`
	Component uint32        `json:"component"`
	Fields    []vectorField `json:"fields"` // all of the component's
	Entity    uint32        `json:"entity"`
	// Table is a tickroom.v1.Table with the row's fields that are not zero, as
	// absolute values.
	Table string `json:"table"`
	// Hash is the row's state hash, 16 hex digits.
	Hash string `json:"hash"`
}

type vectorField struct {
	Number    int         `json:"number"`
	Kind      schema.Kind `json:"kind"` // as in tickroom.v1.Kind
	Repeated  bool        `json:"repeated,omitempty"`
	Step      float64     `json:"step,omitempty"`
	Min       float64     `json:"min,omitempty"`
	Max       float64     `json:"max,omitempty"`
	WrapSteps uint32      `json:"wrap_steps,omitempty"`
	// Cells are the field's values, more than one if repeated: decimal numbers
	// (the bits of floats and doubles), hex for strings and bytes.
	Cells []string `json:"cells"`
}

func vectorOf(name string, c *schema.Component, entity uint32, cells schema.Cells) vector {
	v := vector{Name: name, Component: c.ID, Entity: entity, Hash: fmt.Sprintf("%016x", c.RowHash(entity, cells))}
	for i := range c.Fields {
		f := &c.Fields[i]
		vf := vectorField{Number: f.Number, Kind: f.Kind, Repeated: f.Repeated, Step: f.Step, Min: f.Min, Max: f.Max, WrapSteps: f.WrapSteps, Cells: []string{}}
		switch {
		case !f.InBlob():
			vf.Cells = append(vf.Cells, strconv.FormatInt(cells.Nums[f.Cell], 10))
		case !f.Repeated:
			vf.Cells = append(vf.Cells, hex.EncodeToString(cells.Blobs[f.Cell]))
		case f.Kind == schema.String || f.Kind == schema.Bytes:
			for rest := cells.Blobs[f.Cell]; len(rest) > 0; {
				var item []byte
				item, rest = schema.NextItem(rest)
				vf.Cells = append(vf.Cells, hex.EncodeToString(item))
			}
		default:
			for i := range schema.NumLen(cells.Blobs[f.Cell]) {
				vf.Cells = append(vf.Cells, strconv.FormatInt(schema.NumAt(cells.Blobs[f.Cell], i), 10))
			}
		}
		v.Fields = append(v.Fields, vf)
	}
	enc, _ := table(c, []row{{entity: entity, mask: c.NonZero(cells), cur: cells}}, false)
	v.Table = hex.EncodeToString(enc)
	return v
}

// vectors returns the rows that every client's hash is tested with.
func vectors() []vector {
	var got []vector
	add := func(name string, c *schema.Component, entity uint32, store func(schema.Cells)) {
		cells := c.NewCells()
		store(cells)
		got = append(got, vectorOf(name, c, entity, cells))
	}
	walker := func(name string, entity uint32, w walkersv1.Walker) {
		add(name, w.ComponentInfo(), entity, w.StoreCells)
	}
	walker("nothing set", 1, walkersv1.Walker{})
	walker("a walker", 7, walkersv1.Walker{X: 12.5, Y: -3.125, Heading: 3.1415927, Health: 100, LastInput: 41, Player: 2})
	walker("the largest entity and numbers", 1<<32-1, walkersv1.Walker{X: 1e30, Y: -1e30, Health: 1<<32 - 1})
	scalars := testschemav1.Scalars{
		Flag: true, I32: -5, S32: 6, Sf32: -2147483648, U32: 7, F32: 4294967295, I64: -1 << 63, S64: 1<<63 - 1, Sf64: -1, U64: 1<<64 - 1, F64: 1,
		RawFloat: -0.5, RawDouble: 1e100, Mood: testschemav1.Mood_MOOD_LOST, Gear: testschemav1.Scalars_GEAR_REVERSE, Text: "héllo", Data: []byte{0, 1, 2, 3, 255},
	}
	add("every scalar", scalars.ComponentInfo(), 300, scalars.StoreCells)
	quantities := testschemav1.Quantities{
		Free: 0.1875, FreeDouble: -1.0005, Range: -20, WideRange: 4294967295, Angle: -0.02454369260617026, Odd: 4, FullTurn: 1073741823.5, SmoothRaw: 2,
		Path: []float32{1, -1, 0}, PathRange: []float64{-1, 1}, Angles: []float64{359.6, -1}, Far: 3,
	}
	add("every quantity", quantities.ComponentInfo(), 300, quantities.StoreCells)
	lists := testschemav1.Lists{
		Flags: []bool{true, false}, I32S: []int32{-1, 0, 1}, U32S: []uint32{4294967295}, I64S: []int64{-1 << 63}, U64S: []uint64{1<<64 - 1},
		Floats: []float32{0, 1.5}, Doubles: []float64{-2.5}, Texts: []string{"", "é", "four"}, Blobs: [][]byte{{1, 2, 3, 4, 5}, nil}, Moods: []testschemav1.Mood{2},
	}
	add("lists", lists.ComponentInfo(), 300, lists.StoreCells)
	wide := testschemav1.Wide{F1: 1, F32: 2, F33: -3, F64: 4}
	add("both halves of the mask", wide.ComponentInfo(), 300, wide.StoreCells)
	return got
}

func TestVectors(t *testing.T) {
	t.Parallel()
	got := vectors()
	const name = "testdata/rows.json"
	if *update {
		b, err := json.MarshalIndent(got, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, append(b, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var want []vector
	if err := json.Unmarshal(b, &want); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s: bytes or hashes have changed, which breaks clients in use:\n%s", name, diff)
	}
	for _, v := range want {
		v.check(t)
	}
}

// check reads the vector's table back and compares its hash.
func (v *vector) check(t *testing.T) {
	t.Helper()
	enc, err := hex.DecodeString(v.Table)
	if err != nil {
		t.Fatal(err)
	}
	c := components[slices.IndexFunc(components, func(c *schema.Component) bool {
		return c.ID == v.Component && len(c.Fields) == len(v.Fields) && c.Fields[0].Kind == v.Fields[0].Kind
	})]
	var rd schema.Reader
	rows := 0
	if err := readAll(&rd, c, enc, false, func(cells schema.Cells) {
		rows++
		if h := fmt.Sprintf("%016x", c.RowHash(v.Entity, cells)); h != v.Hash {
			t.Errorf("%s: hash of what the table holds is %s, want %s", v.Name, h, v.Hash)
		}
	}); err != nil || rows != 1 {
		t.Errorf("%s: %d rows, %v", v.Name, rows, err)
	}
}

// murmur is MurmurHash3_x86_32 as its author wrote it, over bytes.
func murmur(key []byte, seed uint32) uint32 {
	h, n := seed, uint32(len(key))
	for ; len(key) >= 4; key = key[4:] {
		k := binary.LittleEndian.Uint32(key)
		k *= 0xcc9e2d51
		k = bits.RotateLeft32(k, 15)
		k *= 0x1b873593
		h ^= k
		h = bits.RotateLeft32(h, 13)
		h = h*5 + 0xe6546b64
	}
	h ^= n
	h ^= h >> 16
	h *= 0x85ebca6b
	h ^= h >> 13
	h *= 0xc2b2ae35
	h ^= h >> 16
	return h
}

// slowHash is RowHash written down as its documentation has it.
func slowHash(c *schema.Component, entity uint32, cells schema.Cells) uint64 {
	var key []byte
	word := func(v uint32) { key = binary.LittleEndian.AppendUint32(key, v) }
	num := func(f *schema.Field, v int64) {
		word(uint32(v))
		if f.Kind == schema.Int64 || f.Kind == schema.Uint64 || f.Kind == schema.Double {
			word(uint32(uint64(v) >> 32))
		}
	}
	text := func(b []byte) {
		word(uint32(len(b)))
		key = append(key, b...)
		for len(key)%4 != 0 {
			key = append(key, 0)
		}
	}
	word(c.ID)
	word(entity)
	zero := ^c.NonZero(cells)
	for i := range c.Fields {
		f := &c.Fields[i]
		if zero&(1<<(f.Number-1)) != 0 {
			continue
		}
		word(uint32(f.Number))
		switch {
		case !f.InBlob():
			num(f, cells.Nums[f.Cell])
		case !f.Repeated:
			text(cells.Blobs[f.Cell])
		default:
			for rest := cells.Blobs[f.Cell]; len(rest) > 0; {
				if f.Kind == schema.String || f.Kind == schema.Bytes {
					n, k := protowire.ConsumeVarint(rest)
					text(rest[k : k+int(n)])
					rest = rest[k+int(n):]
				} else {
					num(f, int64(binary.LittleEndian.Uint64(rest)))
					rest = rest[8:]
				}
			}
		}
	}
	return uint64(murmur(key, 0x1b873593))<<32 | uint64(murmur(key, 0x9747b28c))
}

func TestRowHash(t *testing.T) {
	t.Parallel()
	// Known answers of MurmurHash3_x86_32 for the reference itself.
	for _, tt := range []struct {
		key  string
		seed uint32
		want uint32
	}{{"", 0, 0}, {"", 1, 0x514e28b7}, {"\xff\xff\xff\xff", 0, 0x76293b50}, {"\x21\x43\x65\x87", 0x5082edee, 0x2362f9de}, {"aaaa", 0x9747b28c, 0x5a97808a}} {
		if got := murmur([]byte(tt.key), tt.seed); got != tt.want {
			t.Errorf("murmur(%q, %#x) = %#x, want %#x", tt.key, tt.seed, got, tt.want)
		}
	}
	for _, c := range components {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			rapid.Check(t, func(t *rapid.T) {
				cells, entity := drawCells(t, c), rapid.Uint32().Draw(t, "entity")
				if got, want := c.RowHash(entity, cells), slowHash(c, entity, cells); got != want {
					t.Fatalf("%016x, want %016x", got, want)
				}
			})
		})
	}
}

func TestAddHash(t *testing.T) {
	t.Parallel()
	if got := schema.AddHash(0xffffffff_ffffffff, 1<<32|1); got != 0 {
		t.Errorf("the halves are not sums of their own: %016x", got)
	}
	if got := schema.AddHash(0x00000000_ffffffff, 1); got != 0 {
		t.Errorf("a carry went over into the high half: %016x", got)
	}
	rapid.Check(t, func(t *rapid.T) {
		hashes := rapid.SliceOf(rapid.Uint64()).Draw(t, "hashes")
		sum := func(hs []uint64) (s uint64) {
			for _, h := range hs {
				s = schema.AddHash(s, h)
			}
			return s
		}
		if a, b := sum(hashes), sum(rapid.Permutation(hashes).Draw(t, "order")); a != b {
			t.Fatalf("%016x in one order, %016x in another", a, b)
		}
	})
}
