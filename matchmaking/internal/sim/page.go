package sim

import (
	"bytes"
	"fmt"
	"html/template"
	"image/color"
	"io"
	"math"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// The colours of reports, in plots and in the page.
var colours = []color.RGBA{{0x25, 0x63, 0xeb, 0xff}, {0xe1, 0x6a, 0x1d, 0xff}, {0x0f, 0x8a, 0x5f, 0xff}, {0x8b, 0x3f, 0xc4, 0xff}}

func colour(k int) color.RGBA { return colours[k%len(colours)] }

func css(c color.RGBA) template.CSS { return template.CSS(fmt.Sprintf("#%02x%02x%02x", c.R, c.G, c.B)) }

// picture is a plot on the page.
type picture struct {
	Title, Text string
	SVG         template.HTML
}

// Page writes reports side by side as one HTML page that needs nothing else.
func Page(w io.Writer, rs ...*Report) error {
	var pics []picture
	for _, d := range []struct {
		title, text string
		plot        func([]*Report) (*plot.Plot, error)
	}{
		{"Waiting time", "Which part of the matched tickets waited no longer than that. The axis is logarithmic.", curves("wait", "seconds", true)},
		{"Waiting over the day", "Per hour, of the tickets matched in it: the line is the median, the dashed one the 95th percentile.", hourly},
		{"Waiting by rating", "Tenths of the tickets, from the lowest ratings to the highest: median and, dashed, 95th percentile.", deciles},
		{"Rating spread within a match", "Highest less lowest, as the matcher sees tickets.", curves("rating", "points", false)},
		{"Favourite's chance", "The predicted chance of the likeliest team; even is best.", curves("favourite", "chance to win", false)},
		{"Latency", "Of each player to the place of its match.", curves("latency", "milliseconds", false)},
	} {
		p, err := d.plot(rs)
		if err != nil {
			return err
		}
		if p == nil {
			continue
		}
		svg, err := render(p)
		if err != nil {
			return err
		}
		pics = append(pics, picture{d.title, d.text, svg})
	}
	type column struct {
		Title  string
		Colour template.CSS
	}
	type line struct {
		Name   string
		Values []string
	}
	type table struct {
		Title string
		Lines []line
	}
	data := struct {
		First    *Report
		Columns  []column
		Tables   []table
		Pictures []picture
	}{First: rs[0], Pictures: pics}
	for k, r := range rs {
		data.Columns = append(data.Columns, column{r.Title(), css(colour(k))})
	}
	for _, s := range sections(rs) {
		t := table{Title: s.title}
		for _, row := range s.rows {
			l := line{Name: row.name}
			for _, r := range rs {
				l.Values = append(l.Values, row.value(r))
			}
			t.Lines = append(t.Lines, l)
		}
		data.Tables = append(data.Tables, t)
	}
	return page.Execute(w, data)
}

// render gives a plot as an SVG element that fits its place.
func render(p *plot.Plot) (template.HTML, error) {
	c := vgsvg.NewWith(vgsvg.UseWH(425, 255), vgsvg.EmbedFonts(false))
	p.Draw(draw.New(c))
	var b bytes.Buffer
	if _, err := c.WriteTo(&b); err != nil {
		return "", err
	}
	s := b.String()
	if i := strings.Index(s, "<svg"); i >= 0 {
		s = s[i:]
	}
	// The size comes from the page; the view box keeps the shape.
	if head, rest, ok := strings.Cut(s, ">"); ok {
		for _, name := range []string{" width=", " height="} {
			if i := strings.Index(head, name); i >= 0 {
				j := i + len(name) + 1
				if k := strings.IndexByte(head[j:], '"'); k >= 0 {
					head = head[:i] + head[j+k+1:]
				}
			}
		}
		s = head + ` role="img">` + rest
	}
	return template.HTML(s), nil
}

func newPlot(x, y string) *plot.Plot {
	p := plot.New()
	grey := color.RGBA{0x66, 0x6f, 0x7a, 0xff}
	p.X.Label.Text, p.Y.Label.Text = x, y
	for _, a := range []*plot.Axis{&p.X, &p.Y} {
		a.Label.TextStyle.Color, a.Tick.Label.Color = grey, grey
		a.Label.TextStyle.Font.Variant, a.Tick.Label.Font.Variant = "Sans", "Sans"
		a.Label.TextStyle.Font.Size, a.Tick.Label.Font.Size = 10, 9
		a.LineStyle.Color, a.Tick.LineStyle.Color = grey, grey
		a.LineStyle.Width = 0.5
		a.Padding = 2
	}
	g := plotter.NewGrid()
	g.Vertical.Color, g.Horizontal.Color = color.RGBA{0xe6, 0xe8, 0xec, 0xff}, color.RGBA{0xe6, 0xe8, 0xec, 0xff}
	p.Add(g)
	return p
}

// line adds a report's line.
func addLine(p *plot.Plot, k int, xs plotter.XYs, dashed bool) error {
	if len(xs) < 2 {
		return nil
	}
	l, err := plotter.NewLine(xs)
	if err != nil {
		return err
	}
	l.Color, l.Width = colour(k), 1.8
	if dashed {
		l.Width, l.Dashes = 1.2, []vg.Length{4, 3}
	}
	p.Add(l)
	return nil
}

// curves plots which part of all is below a value.
func curves(name, unit string, logarithmic bool) func([]*Report) (*plot.Plot, error) {
	return func(rs []*Report) (*plot.Plot, error) {
		p := newPlot(unit, "part of all")
		some := false
		for k, r := range rs {
			var xs plotter.XYs
			for i, v := range r.curves[name] {
				if logarithmic {
					v = max(v, 0.5)
				}
				xs = append(xs, plotter.XY{X: v, Y: float64(i) / 100})
			}
			some = some || len(xs) > 1 && xs[len(xs)-1].X > xs[0].X
			if err := addLine(p, k, xs, false); err != nil {
				return nil, err
			}
		}
		if !some {
			return nil, nil
		}
		if logarithmic {
			p.X.Scale, p.X.Tick.Marker = plot.LogScale{}, decades{}
		}
		p.Y.Min, p.Y.Max = 0, 1
		return p, nil
	}
}

// decades ticks 1, 2, 5, 10 and so on.
type decades struct{}

func (decades) Ticks(low, high float64) []plot.Tick {
	var out []plot.Tick
	for d := math.Pow(10, math.Floor(math.Log10(low))); d <= high; d *= 10 {
		for _, f := range []float64{1, 2, 5} {
			if v := d * f; v >= low && v <= high {
				out = append(out, plot.Tick{Value: v, Label: fmt.Sprintf("%g", v)})
			}
		}
	}
	return out
}

func hourly(rs []*Report) (*plot.Plot, error) {
	p := newPlot("hour (UTC)", "seconds")
	for k, r := range rs {
		var mid, high plotter.XYs
		for _, h := range r.ByHour {
			if h.Wait.Count > 0 {
				x := float64(h.Hour)
				mid, high = append(mid, plotter.XY{X: x, Y: h.Wait.P50}), append(high, plotter.XY{X: x, Y: h.Wait.P95})
			}
		}
		if len(mid) < 2 {
			return nil, nil
		}
		if err := addLine(p, k, mid, false); err != nil {
			return nil, err
		}
		if err := addLine(p, k, high, true); err != nil {
			return nil, err
		}
	}
	p.Y.Min, p.X.Tick.Marker = 0, every{step: 3}
	return p, nil
}

// every ticks whole numbers at a distance.
type every struct{ step int }

func (e every) Ticks(low, high float64) []plot.Tick {
	var out []plot.Tick
	for v := int(math.Ceil(low/float64(e.step))) * e.step; float64(v) <= high; v += e.step {
		out = append(out, plot.Tick{Value: float64(v), Label: fmt.Sprint(v)})
	}
	return out
}

func deciles(rs []*Report) (*plot.Plot, error) {
	p := newPlot("tenth, by rating", "seconds")
	for k, r := range rs {
		var mid, high plotter.XYs
		for i, g := range r.Deciles {
			if g.Wait.Count > 0 {
				mid, high = append(mid, plotter.XY{X: float64(i + 1), Y: g.Wait.P50}), append(high, plotter.XY{X: float64(i + 1), Y: g.Wait.P95})
			}
		}
		if len(mid) < 2 {
			return nil, nil
		}
		if err := addLine(p, k, mid, false); err != nil {
			return nil, err
		}
		if err := addLine(p, k, high, true); err != nil {
			return nil, err
		}
	}
	p.Y.Min, p.X.Tick.Marker = 0, every{step: 1}
	return p, nil
}

var page = template.Must(template.New("page").Parse(`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>matchsim: {{.First.Mode}}</title>
<style>
  body { font: 15px/1.5 system-ui, sans-serif; color: #1d2530; background: #f5f6f8; margin: 0 auto; max-width: 76rem; padding: 2rem 1.2rem 4rem; }
  h1 { font-size: 1.6rem; margin: 0; }
  h2 { font-size: 1.05rem; margin: 0 0 .2rem; }
  p { color: #5a6472; margin: 0 0 .6rem; }
  .plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 30rem), 1fr)); gap: 1rem; margin: 1.2rem 0; }
  .card { background: #fff; border: 1px solid #e1e4e9; border-radius: 10px; padding: 1rem 1.2rem; overflow-x: auto; }
  .card + .card.wide { margin-top: 1rem; }
  svg { width: 100%; height: auto; display: block; }
  svg text { font-family: system-ui, sans-serif !important; }
  table { border-collapse: collapse; width: 100%; }
  th, td { text-align: left; padding: .28rem 1.2rem .28rem 0; border-bottom: 1px solid #eceef1; white-space: nowrap; font-variant-numeric: tabular-nums; }
  tr:last-child td { border-bottom: 0; }
  th { font-weight: 600; }
  .dot { display: inline-block; width: .7rem; height: .7rem; border-radius: 50%; margin-right: .4rem; }
</style>
<h1>{{.First.Mode}}</h1>
<p>{{printf "%.1f" .First.Hours}} hours, {{.First.Tickets}} tickets, seed {{.First.Seed}}.
{{range .Columns}}<span class="dot" style="background: {{.Colour}}"></span>{{.Title}} &ensp;{{end}}</p>
<div class="plots">
{{range .Pictures}}<section class="card"><h2>{{.Title}}</h2><p>{{.Text}}</p>
{{.SVG}}</section>
{{end}}</div>
{{$columns := .Columns}}{{range .Tables}}<section class="card wide"><h2>{{.Title}}</h2>
<table><tr><th></th>{{range $columns}}<th><span class="dot" style="background: {{.Colour}}"></span>{{.Title}}</th>{{end}}</tr>
{{range .Lines}}<tr><td>{{.Name}}</td>{{range .Values}}<td>{{.}}</td>{{end}}</tr>
{{end}}</table></section>
{{end}}</html>
`))
