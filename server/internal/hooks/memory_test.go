package hooks_test

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/tickroom/tickroom/server/internal/hooks"
	"github.com/tickroom/tickroom/server/internal/hookstest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestMemory(t *testing.T) {
	t.Parallel()
	hookstest.Suite(t, func(*testing.T) hooks.Store { return hooks.NewMemory(hookstest.Bounds) })
}
