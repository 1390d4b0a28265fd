//go:build !linux

package load

import (
	"context"
	"errors"
)

func run(context.Context, Config, func(Phase)) (Report, error) {
	return Report{}, errors.New("load: works on Linux alone")
}
