// Command tickvet finds what makes a game do something else when it is called the same, so that it can't be
// played again: see docs/determinism.md. It is run by itself, on packages, or by go vet:
//
//	tickvet ./...
//	go vet -vettool=$(which tickvet) ./...
package main

import (
	"golang.org/x/tools/go/analysis/singlechecker"

	"github.com/tickroom/tickroom/internal/determinism"
)

func main() { singlechecker.Main(determinism.Analyzer) }
