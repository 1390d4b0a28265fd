// Package origintest has the table of which origins are allowed by what, which the tests of
// every door of a server go through: the answer is the same at all of them.
package origintest

import "net/http"

// Case is a page that wants to use a server.
type Case struct {
	Origins []string // the setting
	Host    string   // that the page asks for
	Origin  string   // that the browser sends; empty: none
	Allowed bool
}

// Set puts the case's host and origin into a request.
func (c Case) Set(r *http.Request) {
	r.Host = c.Host
	if c.Origin != "" {
		r.Header.Set("Origin", c.Origin)
	}
}

var (
	page     = []string{"https://play.example"}
	port     = []string{"https://play.example:8443"}
	own      = []string{"https://play.example:443", "http://play.example:80"}
	bare     = []string{"play.example"}
	barePort = []string{"play.example:8443"}
	below    = []string{"https://*.play.example"}
	bareWild = []string{"*.play.example:8443"}
	apps     = []string{"capacitor://localhost", "tauri://localhost", "chrome-extension://abcdefgh"}
	local    = []string{"http://127.0.0.1:5173", "http://[::1]:5173"}
	several  = []string{"https://a.example", "b.example", "tauri://localhost"}
)

// Cases is the table.
var Cases = []Case{
	// Without entries: the server's own pages.
	{nil, "game.example", "https://game.example", true},
	{nil, "Game.example", "https://gAme.Example", true},
	{nil, "game.example", "https://game.example:443", true},
	{nil, "game.example:443", "https://game.example", true},
	{nil, "game.example:80", "http://game.example", true},
	{nil, "game.example:7777", "http://game.example:7777", true},
	{nil, "[::1]:7777", "http://[::1]:7777", true},
	{nil, "game.example", "http://game.example:8080", false},
	{nil, "game.example", "https://game.example.evil.example", false},
	{nil, "game.example", "https://evil.example/game.example", false},
	{nil, "game.example", "https://game.example@evil.example", false},
	{nil, "game.example", "https://evilgame.example", false},
	{nil, "game.example", "null", false},
	{nil, "game.example", "file://", false},
	{nil, "game.example", "", true}, // no browser

	{[]string{"*"}, "a", "https://anything.example", true},
	{[]string{"*"}, "a", "null", true},

	{page, "a", "https://play.example", true},
	{page, "a", "https://PLAY.example", true},
	{page, "a", "https://play.example:443", true},
	{page, "a", "http://play.example", false},
	{page, "a", "https://play.example:8443", false},
	{page, "a", "https://play.example.evil.example", false},
	{page, "a", "https://eu.play.example", false},
	{page, "play.example", "https://a", false},
	{page, "game.example", "https://game.example", false}, // not the server's own any more
	{page, "a", "null", false},
	{page, "a", "", true},

	{port, "a", "https://play.example:8443", true},
	{port, "a", "https://play.example", false},
	{own, "a", "https://play.example", true},
	{own, "a", "http://play.example", true},
	{own, "a", "http://play.example:443", false},

	{bare, "a", "https://play.example", true},
	{bare, "a", "http://play.example", true},
	{bare, "a", "http://play.example:8080", false},
	{bare, "a", "capacitor://play.example", false},
	{barePort, "a", "https://play.example:8443", true},
	{barePort, "a", "http://play.example:8443", true},
	{barePort, "a", "https://play.example", false},

	{below, "a", "https://eu.play.example", true},
	{below, "a", "https://1.eu.play.example:443", true},
	{below, "a", "https://play.example", false},
	{below, "a", "http://eu.play.example", false},
	{below, "a", "https://eu.play.example:8443", false},
	{below, "a", "https://evilplay.example", false},
	{below, "a", "https://eu.play.example.evil.example", false},
	{bareWild, "a", "https://eu.play.example:8443", true},
	{bareWild, "a", "http://eu.play.example:8443", true},
	{bareWild, "a", "http://eu.play.example", false},

	{apps, "a", "capacitor://localhost", true},
	{apps, "a", "tauri://localhost", true},
	{apps, "a", "chrome-extension://abcdefgh", true},
	{apps, "a", "http://localhost", false},
	{apps, "a", "ionic://localhost", false},

	{local, "a", "http://127.0.0.1:5173", true},
	{local, "a", "http://[::1]:5173", true},
	{local, "a", "http://localhost:5173", false},

	{several, "a", "https://a.example", true},
	{several, "a", "http://b.example", true},
	{several, "a", "tauri://localhost", true},
	{several, "a", "http://a.example", false},
}

// Bad holds entries of the setting that mean nothing.
var Bad = []string{
	"", "https://", "https://play.example/", "https://play.example/page", "play.example/page", "https://play.example?x", "https://play.example#x",
	"https://user@play.example", "https://*.*.example", "https://eu-*.play.example", "https://play.*", "https://*", "*:*", "http://localhost:*",
	"https://play.example:", "https://play.example:0", "https://play.example:99999", "https://play.example:https", "null", "file://", "wss://play.example",
	"https://bücher.example", "https://play..example", "play example", "mailto:a@b.example",
}
