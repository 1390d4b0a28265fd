package admin

import (
	_ "embed"
	"fmt"
	"html"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// indexPage has names in brackets where something is filled in. It is no template of
// html/template: that calls methods by their names, so that the linker would keep all
// methods of all types in the program, a third of its size.
//
//go:embed index.html
var indexPage string

const maxShown = 200 // rooms on the page

// index shows what there is: for people, so as a page.
func (h *handler) index(w http.ResponseWriter, _ *http.Request) {
	rooms := h.list()
	players := 0
	for i := range rooms {
		players += rooms[i].Players
	}
	v := h.cfg.Version
	version := v.Version
	if v.Revision != "" {
		version += " · " + v.Revision
	}
	class, ready, why := "good", "ready", "new clients are welcome"
	if h.cfg.Ready != nil {
		if err := h.cfg.Ready(); err != nil {
			class, ready, why = "bad", "not ready", err.Error()
		}
	}
	page := strings.NewReplacer(
		"[version]", html.EscapeString(version+" · "+v.Go),
		"[up]", time.Since(h.start).Round(time.Second).String(),
		"[class]", class, "[ready]", ready, "[why]", html.EscapeString(why),
		"[total]", fmt.Sprint(len(rooms)), "[players]", fmt.Sprint(players),
		"[top]", topTable(h.cfg.Costs),
		"[rooms]", roomTable(rooms, time.Now()), "[boxes]", h.boxList(),
	).Replace(indexPage)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write([]byte(page)) // the other side may be gone
}

// roomTable returns the table of the rooms.
func roomTable(rooms []RoomInfo, now time.Time) string {
	if len(rooms) == 0 {
		return `<p class="sub">None yet. One is made when the first client joins.</p>`
	}
	var b strings.Builder
	b.WriteString(`<div class="wide"><table>
<tr><th>room<th>kind<th>players<th>entities<th>tick<th>per second<th>tick takes<th>load<th>age<th>show<th>is like</tr>
`)
	for _, r := range rooms[:min(len(rooms), maxShown)] {
		// How much of its tick the room uses, in percent.
		load := fmt.Sprintf("%.0f %%", r.TickMillis*r.TickRate/10)
		if r.Asleep {
			load = "asleep"
		}
		fmt.Fprintf(&b, `<tr><td><a href="/rooms/%s">%s</a><td>%s<td>%d / %d<td>%d<td>%d<td>%v<td>%.2f ms<td>%s<td>%v<td>%s<td>%s</tr>
`, url.PathEscape(r.ID), html.EscapeString(r.ID), html.EscapeString(r.Kind), r.Players, r.MaxPlayers, r.Entities, r.Tick, r.TickRate,
			r.TickMillis, load, now.Sub(r.Created).Round(time.Second), html.EscapeString(r.Show.text()), html.EscapeString(likeness(&r)))
	}
	b.WriteString("</table></div>")
	if more := len(rooms) - maxShown; more > 0 {
		fmt.Fprintf(&b, `<p class="sub">and %d more: see <a href="/rooms">/rooms</a></p>`, more)
	}
	return b.String()
}

// likeness says what a room is like: its options and labels.
func likeness(r *RoomInfo) string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(r.Options)) {
		out = append(out, name+"="+r.Options[name])
	}
	for _, name := range slices.Sorted(maps.Keys(r.Labels)) {
		out = append(out, fmt.Sprintf("%s: %v", name, r.Labels[name]))
	}
	return strings.Join(out, ", ")
}
