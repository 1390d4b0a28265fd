package replica

import (
	"math"

	"github.com/tickroom/tickroom/proto/schema"
)

// Value returns a field's value for tools that have no generated code: uint64,
// int64, bool, float64, string or []byte; a []any of these if it is repeated.
func Value(f *schema.Field, c schema.Cells) any {
	if !f.InBlob() {
		return number(f, c.Nums[f.Cell])
	}
	cell := c.Blobs[f.Cell]
	if !f.Repeated {
		return item(f, cell)
	}
	list := []any{}
	if f.Kind == schema.String || f.Kind == schema.Bytes {
		for len(cell) > 0 {
			var it []byte
			it, cell = schema.NextItem(cell)
			list = append(list, item(f, it))
		}
		return list
	}
	for i := range schema.NumLen(cell) {
		list = append(list, number(f, schema.NumAt(cell, i)))
	}
	return list
}

func item(f *schema.Field, b []byte) any {
	if f.Kind == schema.String {
		return string(b)
	}
	return append([]byte{}, b...)
}

func number(f *schema.Field, v int64) any {
	switch f.Kind {
	case schema.Bool:
		return v != 0
	case schema.Uint, schema.Uint64:
		return uint64(v)
	case schema.Float:
		return float64(math.Float32frombits(uint32(v)))
	case schema.Double:
		return math.Float64frombits(uint64(v))
	case schema.Quantised:
		return f.Value(v)
	}
	return v
}
