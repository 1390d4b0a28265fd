package world_test

import (
	"slices"

	"google.golang.org/protobuf/encoding/protowire"

	walkersv1 "github.com/tickroom/tickroom/proto/gen/tickroom/walkers/v1"
	"github.com/tickroom/tickroom/proto/schema"
)

// note is a component with a value in every stream of a table, and a field
// number beyond 32.
type note struct {
	Text  string
	Big   int64
	Raw   float32
	Items []int32
	Far   uint32
	Flag  bool
}

var noteComponent = schema.NewComponent(2, "Note",
	schema.Field{Number: 1, Name: "text", Kind: schema.String},
	schema.Field{Number: 2, Name: "big", Kind: schema.Int64},
	schema.Field{Number: 3, Name: "raw", Kind: schema.Float},
	schema.Field{Number: 4, Name: "items", Kind: schema.Int, Repeated: true},
	schema.Field{Number: 6, Name: "flag", Kind: schema.Bool},
	schema.Field{Number: 40, Name: "far", Kind: schema.Uint},
)

func (*note) ComponentInfo() *schema.Component { return noteComponent }

func (n *note) SameAs(o *note) bool {
	return n.Text == o.Text && n.Big == o.Big && n.Raw == o.Raw && slices.Equal(n.Items, o.Items) && n.Far == o.Far && n.Flag == o.Flag
}

func (n *note) StoreCells(c schema.Cells) {
	c.Blobs[0] = append(c.Blobs[0][:0], n.Text...)
	c.Blobs[1] = c.Blobs[1][:0]
	for _, v := range n.Items {
		c.Blobs[1] = schema.AppendNum(c.Blobs[1], int64(v))
	}
	c.Nums[0] = n.Big
	c.Nums[1] = int64(n.Raw * 1024) // any bits will do
	c.Nums[2] = 0
	if n.Flag {
		c.Nums[2] = 1
	}
	c.Nums[3] = int64(n.Far)
}

func (n *note) LoadCells(c schema.Cells) {
	*n = note{Text: string(c.Blobs[0]), Big: c.Nums[0], Raw: float32(c.Nums[1]) / 1024, Flag: c.Nums[2] != 0, Far: uint32(c.Nums[3])}
	for i := range schema.NumLen(c.Blobs[1]) {
		n.Items = append(n.Items, int32(schema.NumAt(c.Blobs[1], i)))
	}
}

func (n *note) AppendProto(b []byte) []byte {
	c := noteComponent.NewCells()
	n.StoreCells(c)
	for _, v := range c.Nums {
		b = protowire.AppendVarint(b, uint64(v))
	}
	for _, v := range c.Blobs {
		b = protowire.AppendBytes(b, v)
	}
	return b
}

func (n *note) UnmarshalProto(b []byte) error {
	c := noteComponent.NewCells()
	for i := range c.Nums {
		v, k := protowire.ConsumeVarint(b)
		if k < 0 {
			return protowire.ParseError(k)
		}
		c.Nums[i], b = int64(v), b[k:]
	}
	for i := range c.Blobs {
		v, k := protowire.ConsumeBytes(b)
		if k < 0 {
			return protowire.ParseError(k)
		}
		c.Blobs[i], b = v, b[k:]
	}
	n.LoadCells(c)
	return nil
}

// tag is a component without fields.
type tag struct{}

var tagComponent = schema.NewComponent(3, "Tag")

func (*tag) ComponentInfo() *schema.Component { return tagComponent }
func (*tag) SameAs(*tag) bool                 { return true }
func (*tag) StoreCells(schema.Cells)          {}
func (*tag) LoadCells(schema.Cells)           {}
func (*tag) AppendProto(b []byte) []byte      { return b }
func (*tag) UnmarshalProto([]byte) error      { return nil }

var testSchema = &schema.Schema{Components: []*schema.Component{(*walkersv1.Walker)(nil).ComponentInfo(), noteComponent, tagComponent}}

// ping is an event.
type ping struct {
	n        uint32
	reliable bool
}

func (p *ping) EventID() (uint32, bool) {
	if p.reliable {
		return 2, true
	}
	return 1, false
}

func (p *ping) AppendProto(b []byte) []byte {
	b = protowire.AppendTag(b, 1, protowire.VarintType)
	b = protowire.AppendVarint(b, uint64(p.n))
	// Some are long, so that the length needs two bytes.
	if p.n%7 == 0 {
		b = protowire.AppendTag(b, 2, protowire.BytesType)
		b = protowire.AppendBytes(b, make([]byte, 150))
	}
	return b
}

func (p *ping) UnmarshalProto(b []byte) error {
	_, _, k := protowire.ConsumeTag(b)
	if k < 0 {
		return protowire.ParseError(k)
	}
	v, k := protowire.ConsumeVarint(b[k:])
	if k < 0 {
		return protowire.ParseError(k)
	}
	p.n = uint32(v)
	return nil
}
