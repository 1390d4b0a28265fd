package determinism

import (
	"testing"

	"golang.org/x/tools/go/analysis/analysistest"
)

func TestGames(t *testing.T) {
	t.Parallel()
	analysistest.Run(t, analysistest.TestData(), newAnalyzer(), "game", "ranges", "helper", "other")
}
