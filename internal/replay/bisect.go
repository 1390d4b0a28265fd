package replay

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/tickroom/tickroom/internal/journal"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	"github.com/tickroom/tickroom/proto/schema"
	"github.com/tickroom/tickroom/world"
)

// Finding is where two rooms that should be the same are not. The zero Finding is that they are.
type Finding struct {
	// Tick is the first in which they differ; 0: they don't.
	Tick uint32
	// After is the newest tick in which they are known to be equal.
	After uint32
	// What differs: "random numbers", "table NAME", "panic", or what else.
	What string
	// Entity and Field are those of the first row that differs; 0 and empty: it is not known.
	Entity uint32
	Field  string
	// One and Other are the values.
	One, Other string
}

// Bisect plays two journals at once, a journal twice if both are the same, and returns where they differ first.
func Bisect(a, b *journal.Journal, k world.Kind, log *slog.Logger) (Finding, error) {
	ra, err := Start(a, k, log)
	if err != nil {
		return Finding{}, err
	}
	rb, err := Start(b, k, log)
	if err != nil {
		return Finding{}, err
	}
	for after := ra.Room().Committed(); ; after++ {
		_, doneA, errA := ra.Tick()
		_, doneB, errB := rb.Tick()
		var pa, pb *Panic
		if errors.As(errA, &pa) != errors.As(errB, &pb) {
			return Finding{Tick: after + 1, After: after, What: "panic", One: said(errA), Other: said(errB)}, nil
		}
		if err := errors.Join(errA, errB); err != nil {
			return Finding{}, fmt.Errorf("after tick %d: %w", after, err)
		}
		if !doneA && !doneB && !equal(ra.state(), rb.state()) {
			f := compare(k.Schema, save(ra.Room()), save(rb.Room()))
			f.Tick, f.After = after+1, after
			return f, nil
		}
		if doneA || doneB {
			return Finding{}, nil
		}
	}
}

func said(err error) string {
	if err == nil {
		return "none"
	}
	return err.Error()
}

// BisectReplay looks for where a journal's room differs from what is played again: first in replays among
// themselves, since what is not deterministic mostly differs there, to the tick and the field; then in
// the hashes of the journal, and in the state that it ends with, if it has one.
func BisectReplay(j *journal.Journal, k world.Kind, replays int, log *slog.Logger) (Finding, error) {
	for range replays - 1 {
		if f, err := Bisect(j, j, k, log); err != nil || f.Tick != 0 {
			return f, err
		}
	}
	res, err := Verify(j, k, log)
	if err != nil || res.Panicked != nil {
		return Finding{}, err
	}
	f, err := compareEnd(j, k, log)
	switch {
	case res.Bad != 0:
		if err != nil || f.What == "" {
			f.What = res.Differs
		}
		f.Tick, f.After = res.Bad, res.Good
	case err != nil:
		return Finding{}, err
	case f.What != "":
		f.Tick, f.After = res.Ticks, res.Good
	}
	return f, nil
}

// compareEnd compares the state that a journal ends with, if it has one, with the replay's.
func compareEnd(j *journal.Journal, k world.Kind, log *slog.Logger) (f Finding, err error) {
	var want *tickroomv1.JournalCheckpoint
	for _, c := range j.Chunks {
		if c.Type == journal.TypeCheckpoint {
			at, err := j.Checkpoint(c)
			if err != nil {
				return f, err
			}
			if at.GetCompare() {
				want = at
			}
		}
	}
	if want == nil {
		return f, nil
	}
	r, err := Start(j, k, log)
	for done := false; err == nil && !done; { // with what has come after the last tick
		_, done, err = r.Tick()
	}
	if err != nil {
		return f, err
	}
	was := &tickroomv1.WorldState{}
	if err := proto.Unmarshal(want.GetWorld(), was); err != nil {
		return f, err
	}
	return compare(k.Schema, was, save(r.Room())), nil
}

// save returns the whole state of a room's world, an empty one if it can't be saved.
func save(r *world.Room) *tickroomv1.WorldState {
	s := &tickroomv1.WorldState{}
	if b, err := r.World.Save(); err == nil {
		_ = proto.Unmarshal(b, s) // the world has just made it
	}
	return s
}

// compare returns the first difference between two states of one tick.
func compare(sch *schema.Schema, a, b *tickroomv1.WorldState) Finding {
	for i := range min(len(a.GetTables()), len(b.GetTables())) {
		if f := compareTable(sch, a.GetTables()[i], b.GetTables()[i]); f.What != "" {
			return f
		}
	}
	if !bytes.Equal(a.GetRandom(), b.GetRandom()) {
		return Finding{What: "random numbers", One: fmt.Sprintf("%x", a.GetRandom()), Other: fmt.Sprintf("%x", b.GetRandom())}
	}
	if !proto.Equal(a, b) {
		return Finding{What: "groups, events or what is remembered of the past"}
	}
	return Finding{}
}

func compareTable(sch *schema.Schema, a, b *tickroomv1.TableState) Finding {
	f := Finding{What: "table " + a.GetName()}
	rows := map[uint32]*tickroomv1.RowState{}
	for _, r := range b.GetRows() {
		rows[r.GetEntity()] = r
	}
	for _, r := range a.GetRows() {
		o := rows[r.GetEntity()]
		delete(rows, r.GetEntity())
		if o == nil {
			f.Entity, f.One, f.Other = r.GetEntity(), "a row", "no row"
			return f
		}
		if !bytes.Equal(r.GetRow(), o.GetRow()) {
			f.Entity = r.GetEntity()
			f.Field, f.One, f.Other = compareRow(component(sch, a.GetComponent()), r.GetRow(), o.GetRow())
			return f
		}
	}
	for e := range rows {
		if f.Entity == 0 || e < f.Entity {
			f.Entity, f.One, f.Other = e, "no row", "a row"
		}
	}
	if f.Entity != 0 {
		return f
	}
	return Finding{}
}

func component(sch *schema.Schema, id uint32) *schema.Component {
	if sch == nil {
		return nil
	}
	for _, c := range sch.Components {
		if c.ID == id {
			return c
		}
	}
	return nil
}

// compareRow returns the first field in which two encoded rows differ, and its values.
func compareRow(c *schema.Component, a, b []byte) (field, one, other string) {
	va, vb := values(a), values(b)
	for n := protowire.Number(1); n <= schema.MaxFieldNumber; n++ {
		if va[n] == vb[n] {
			continue
		}
		field = fmt.Sprint("field ", n)
		if c != nil {
			for i := range c.Fields {
				if c.Fields[i].Number == int(n) {
					field = c.Fields[i].Name
				}
			}
		}
		return field, or(va[n]), or(vb[n])
	}
	return "", "", ""
}

// or returns a value, or what stands for one that is not there.
func or(value string) string {
	if value == "" {
		return "0"
	}
	return value
}

// values returns the values of an encoded row by the numbers of their fields.
func values(row []byte) map[protowire.Number]string {
	out := map[protowire.Number]string{}
	for len(row) > 0 {
		num, typ, n := protowire.ConsumeTag(row)
		if n < 0 {
			return out
		}
		row = row[n:]
		m := protowire.ConsumeFieldValue(num, typ, row)
		if m < 0 {
			return out
		}
		out[num] += value(typ, row[:m])
		row = row[m:]
	}
	return out
}

func value(typ protowire.Type, b []byte) string {
	switch typ {
	case protowire.VarintType:
		v, _ := protowire.ConsumeVarint(b)
		return fmt.Sprint(v)
	case protowire.Fixed32Type:
		v, _ := protowire.ConsumeFixed32(b)
		return fmt.Sprint(math.Float32frombits(v))
	case protowire.Fixed64Type:
		v, _ := protowire.ConsumeFixed64(b)
		return fmt.Sprint(math.Float64frombits(v))
	}
	v, _ := protowire.ConsumeBytes(b)
	return fmt.Sprintf("%q", v)
}
