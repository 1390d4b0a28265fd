package danmaku

import danmakuv1 "github.com/tickroom/tickroom/proto/gen/tickroom/danmaku/v1"

// drops counts what has become of comments.
type drops struct {
	said, shown uint64
	reasons     [danmakuv1.Reason_REASON_REPEATED + 1]uint64
}

func (d *drops) add(r danmakuv1.Reason, n uint64) { d.reasons[r] += n }

// counts returns the counters as rooms tell each other.
func (d *drops) counts() *danmakuv1.DropCounts {
	return &danmakuv1.DropCounts{Counts: append([]uint64{d.said, d.shown}, d.reasons[1:]...)}
}

// merge adds counters that a room has told. Ones that this build does not know are passed over.
func (d *drops) merge(c *danmakuv1.DropCounts) {
	if c == nil {
		return
	}
	for i, n := range c.Counts {
		switch {
		case i == 0:
			d.said += n
		case i == 1:
			d.shown += n
		case i-1 < len(d.reasons):
			d.reasons[i-1] += n
		}
	}
}

// row returns the counters as clients see them.
func (d *drops) row(house bool) danmakuv1.Drops {
	r := &d.reasons
	return danmakuv1.Drops{
		House: house, Said: d.said, Shown: d.shown,
		Crowded: r[danmakuv1.Reason_REASON_CROWDED], Old: r[danmakuv1.Reason_REASON_OLD], Slow: r[danmakuv1.Reason_REASON_SLOW],
		Busy: r[danmakuv1.Reason_REASON_BUSY], Mode: r[danmakuv1.Reason_REASON_MODE], Word: r[danmakuv1.Reason_REASON_WORD],
		Muted: r[danmakuv1.Reason_REASON_MUTED], Review: r[danmakuv1.Reason_REASON_REVIEW], Text: r[danmakuv1.Reason_REASON_TEXT],
		Collated: r[danmakuv1.Reason_REASON_COLLATED], Repeated: r[danmakuv1.Reason_REASON_REPEATED],
	}
}
