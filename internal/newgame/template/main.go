// My game: its server. "go run . serve" runs it, "go run . --help" says what else it can do.
package main

import (
	"net/http"

	"github.com/tickroom/tickroom/internal/newgame/template/game"

	"github.com/tickroom/tickroom/cli"
	"github.com/tickroom/tickroom/world"
)

func main() {
	cli.Program{
		Kinds: []world.Kind{game.Kind()},
		Pages: http.FileServer(http.Dir("page/dist")), // where "npm run build" puts the page
	}.Main()
}
