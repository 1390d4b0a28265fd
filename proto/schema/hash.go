package schema

import (
	"encoding/binary"
	"math/bits"
)

// hasher is MurmurHash3_x86_32 (Austin Appleby, public domain) in two lanes with
// different seeds, fed with 32-bit words; a client can compute it with 32-bit
// arithmetic alone.
type hasher struct {
	a, b uint32
	n    uint32
}

const (
	seedA = 0x9747b28c
	seedB = 0x1b873593
)

func (h *hasher) word(w uint32) {
	k := bits.RotateLeft32(w*0xcc9e2d51, 15) * 0x1b873593
	h.a = bits.RotateLeft32(h.a^k, 13)*5 + 0xe6546b64
	h.b = bits.RotateLeft32(h.b^k, 13)*5 + 0xe6546b64
	h.n += 4
}

func (h *hasher) bytes(p []byte) {
	h.word(uint32(len(p)))
	for len(p) >= 4 {
		h.word(binary.LittleEndian.Uint32(p))
		p = p[4:]
	}
	if len(p) > 0 {
		var w [4]byte
		copy(w[:], p)
		h.word(binary.LittleEndian.Uint32(w[:]))
	}
}

func mix(h uint32) uint32 {
	h ^= h >> 16
	h *= 0x85ebca6b
	h ^= h >> 13
	h *= 0xc2b2ae35
	return h ^ h>>16
}

func (h *hasher) sum() uint64 {
	return uint64(mix(h.b^h.n))<<32 | uint64(mix(h.a^h.n))
}

// RowHash returns the state hash of one row: of its component, its entity, and the
// number and value of each field that is not zero. The hashes of rows are added
// with AddHash, so that any set of rows has one, whatever their order.
func (c *Component) RowHash(entity uint32, cells Cells) uint64 {
	h := hasher{a: seedA, b: seedB}
	h.word(c.ID)
	h.word(entity)
	for i := range c.Fields {
		f := &c.Fields[i]
		if !f.InBlob() {
			if v := cells.Nums[f.Cell]; v != 0 {
				h.word(uint32(f.Number))
				f.hashNum(&h, v)
			}
			continue
		}
		cell := cells.Blobs[f.Cell]
		if len(cell) == 0 {
			continue
		}
		h.word(uint32(f.Number))
		switch {
		case !f.Repeated:
			h.bytes(cell)
		case f.Kind == String || f.Kind == Bytes:
			for len(cell) > 0 {
				var item []byte
				item, cell = NextItem(cell)
				h.bytes(item)
			}
		default:
			for i := range NumLen(cell) {
				f.hashNum(&h, NumAt(cell, i))
			}
		}
	}
	return h.sum()
}

func (f *Field) hashNum(h *hasher, v int64) {
	h.word(uint32(v))
	switch f.Kind {
	case Int64, Uint64, Double:
		h.word(uint32(uint64(v) >> 32))
	}
}

// AddHash adds two state hashes: each half on its own, modulo 1<<32.
func AddHash(a, b uint64) uint64 {
	return (a+b)&0xffffffff | (a>>32+b>>32)<<32
}
