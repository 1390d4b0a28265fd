package danmaku

import (
	"context"
	"errors"

	danmakuv1 "github.com/tickroom/tickroom/proto/gen/tickroom/danmaku/v1"
)

// reviewer refuses what says so.
type reviewer struct{}

func (reviewer) Review(_ context.Context, address, show string, comments []*danmakuv1.Comment) (*danmakuv1.Verdicts, error) {
	if address != "http://reviewer" || show != "main" {
		return nil, errors.New("another one is meant")
	}
	v := &danmakuv1.Verdicts{}
	for _, c := range comments {
		switch c.Text {
		case "refuse":
			v.Refused = append(v.Refused, c.Id)
		case "fail":
			return nil, errors.New("no answer")
		}
	}
	return v, nil
}
