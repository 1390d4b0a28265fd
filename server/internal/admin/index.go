package admin

import (
	"bytes"
	"html/template"
	"net/http"
	"time"
)

// index shows what there is: for people, so as a page.
func (h *handler) index(w http.ResponseWriter, _ *http.Request) {
	page := indexPage{Version: h.cfg.Version, Rooms: h.list(), Up: time.Since(h.start).Round(time.Second), Now: time.Now()}
	if h.cfg.Ready != nil {
		if err := h.cfg.Ready(); err != nil {
			page.NotReady = err.Error()
		}
	}
	for i := range page.Rooms {
		page.Players += page.Rooms[i].Players
	}
	if len(page.Rooms) > maxShown {
		page.More = len(page.Rooms) - maxShown
		page.Rooms = page.Rooms[:maxShown]
	}
	page.Total = len(page.Rooms) + page.More
	var b bytes.Buffer
	if err := indexTemplate.Execute(&b, page); err != nil {
		h.cfg.Logger.Error("the admin page failed", "err", err)
		say(w, http.StatusInternalServerError, "the page failed; see the log")
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(b.Bytes()) // the other side may be gone
}

const maxShown = 200 // rooms on the page

type indexPage struct {
	Version              Version
	NotReady             string
	Rooms                []RoomInfo
	Total, More, Players int
	Up                   time.Duration
	Now                  time.Time
}

// Age tells how long a room has lived.
func (p indexPage) Age(r RoomInfo) time.Duration { return p.Now.Sub(r.Created).Round(time.Second) }

// Load tells how much of its tick a room uses, in percent.
func (p indexPage) Load(r RoomInfo) float64 { return r.TickMillis * r.TickRate / 10 }

var indexTemplate = template.Must(template.New("index").Parse(`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>tickroom admin</title>
<style>
  :root { color-scheme: light dark; --ink: #1c2333; --dim: #667089; --line: #dfe3ec; --bg: #f6f7fa; --card: #fff; --accent: #3557d6; --good: #12805c; --bad: #b3261e }
  @media (prefers-color-scheme: dark) { :root { --ink: #e6e9f2; --dim: #97a1b8; --line: #2a3145; --bg: #0f1320; --card: #171c2c; --accent: #8aa4ff; --good: #4fd1a1; --bad: #ff8a80 } }
  * { box-sizing: border-box }
  body { margin: 0; padding: 2rem 1rem 4rem; background: var(--bg); color: var(--ink); font: 15px/1.5 system-ui, sans-serif }
  main { max-width: 60rem; margin: auto }
  h1 { font-size: 1.5rem; margin: 0 } h2 { font-size: 1rem; margin: 2rem 0 .5rem }
  .sub { color: var(--dim); margin: .2rem 0 1.5rem }
  .cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); gap: .75rem }
  .card { background: var(--card); border: 1px solid var(--line); border-radius: .6rem; padding: .75rem 1rem }
  .card b { display: block; font-size: 1.4rem; font-variant-numeric: tabular-nums } .card span { color: var(--dim); font-size: .85rem }
  .good { color: var(--good) } .bad { color: var(--bad) }
  .wide { overflow-x: auto; background: var(--card); border: 1px solid var(--line); border-radius: .6rem }
  table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums }
  th, td { text-align: right; padding: .4rem .9rem; border-bottom: 1px solid var(--line); white-space: nowrap }
  th { color: var(--dim); font-weight: 500; font-size: .85rem } tr:last-child td { border-bottom: 0 }
  th:first-child, td:first-child, th:nth-child(2), td:nth-child(2) { text-align: left }
  ul { list-style: none; padding: 0; margin: 0; columns: 20rem } li { margin: .2rem 0; break-inside: avoid } li span { color: var(--dim) }
  a { color: var(--accent); text-decoration: none } a:hover { text-decoration: underline }
  code { font: 13px ui-monospace, monospace }
</style>
<main>
<h1>tickroom</h1>
<p class="sub">{{.Version.Version}}{{with .Version.Revision}} · {{.}}{{end}} · {{.Version.Go}} · up {{.Up}}</p>
<div class="cards">
  <div class="card"><b class="{{if .NotReady}}bad{{else}}good{{end}}">{{if .NotReady}}not ready{{else}}ready{{end}}</b><span>{{or .NotReady "new clients are welcome"}}</span></div>
  <div class="card"><b>{{.Total}}</b><span>rooms</span></div>
  <div class="card"><b>{{.Players}}</b><span>players</span></div>
</div>
<h2>Rooms</h2>
{{if .Rooms}}<div class="wide"><table>
<tr><th>room<th>kind<th>players<th>entities<th>tick<th>per second<th>tick takes<th>load<th>age</tr>
{{range .Rooms}}<tr><td><a href="/rooms/{{.ID}}">{{.ID}}</a><td>{{.Kind}}<td>{{.Players}} / {{.MaxPlayers}}<td>{{.Entities}}<td>{{.Tick}}<td>{{.TickRate}}<td>{{printf "%.2f" .TickMillis}} ms<td>{{printf "%.0f" ($.Load .)}} %<td>{{$.Age .}}</tr>
{{end}}</table></div>{{with .More}}<p class="sub">and {{.}} more: see <a href="/rooms">/rooms</a></p>{{end}}
{{else}}<p class="sub">None yet. One is made when the first client joins.</p>{{end}}
<h2>Here is also</h2>
<ul>
  <li><a href="/healthz">/healthz</a> <span>the process works</span>
  <li><a href="/readyz">/readyz</a> <span>new clients are welcome</span>
  <li><a href="/metrics">/metrics</a> <span>for Prometheus</span>
  <li><a href="/rooms">/rooms</a> <span>the rooms, as JSON</span>
  <li><a href="/players">/players</a> <span>who plays, as JSON; of one room: /rooms/ID/players</span>
  <li><a href="/bans">/bans</a> <span>who is banned, as JSON</span>
  <li><a href="/version">/version</a> <span>what runs, as JSON</span>
  <li><a href="/debug/pprof/">/debug/pprof/</a> <span>profiles</span>
</ul>
<p class="sub">To end a room: <code>curl -X POST http://…/rooms/ID/close?reason=maintenance</code></p>
<p class="sub">To put a player out: <code>curl -X POST http://…/players/ID/kick?reason=spam</code></p>
<p class="sub">To keep one out, or an address, for a time or for ever: <code>curl http://…/bans -d player=ID -d for=24h -d reason=spam</code>, <code>-d address=192.0.2.0/24</code>; and to let it in again: <code>curl -X DELETE 'http://…/bans?player=ID'</code></p>
</main>
</html>
`))
