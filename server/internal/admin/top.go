package admin

import (
	"fmt"
	"html"
	"net/http"
	"strconv"
	"strings"

	"github.com/tickroom/tickroom/server/internal/costs"
)

// Numbers of addresses, and players, that are told.
const (
	topShown   = 5 // on the page
	topDefault = 10
	topMost    = 100
)

// top tells which addresses and players cost most.
func (h *handler) top(w http.ResponseWriter, r *http.Request) {
	n := topDefault
	if text := r.URL.Query().Get("limit"); text != "" {
		var err error
		if n, err = strconv.Atoi(text); err != nil || n < 1 || n > topMost {
			say(w, http.StatusBadRequest, fmt.Sprintf("limit=%.20q: want a number from 1 to %d", text, topMost))
			return
		}
	}
	all := []costs.Most{}
	if h.cfg.Costs != nil {
		all = h.cfg.Costs.Top(n)
	}
	writeJSON(w, http.StatusOK, all)
}

// topTable returns the table of those who cost most.
func topTable(ledger *costs.Ledger) string {
	var b strings.Builder
	if ledger != nil {
		for _, m := range ledger.Top(topShown) {
			if len(m.Addresses)+len(m.Players) > 0 {
				fmt.Fprintf(&b, "<tr><td>%s<td>%s<td>%s</tr>\n", strings.ReplaceAll(m.Cost, "_", " "), most(m.Addresses), most(m.Players))
			}
		}
	}
	if b.Len() == 0 {
		return `<p class="sub">Nobody has cost anything yet.</p>`
	}
	return `<div class="wide"><table class="words">` + "\n<tr><th>in the last minutes<th>addresses<th>players</tr>\n" + b.String() + "</table></div>"
}

// most lists keys with their weights, as HTML.
func most(all []costs.Count[string]) string {
	out := make([]string, len(all))
	for i, c := range all {
		out[i] = fmt.Sprintf("%s: %s", html.EscapeString(c.Key), strconv.FormatFloat(c.Weight, 'g', 3, 64))
	}
	return strings.Join(out, "<br>")
}
