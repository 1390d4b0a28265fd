package recording

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"strconv"
	"strings"

	danmakuv1 "github.com/tickroom/tickroom/proto/gen/tickroom/danmaku/v1"
)

// format appends what there is to a file.
type format interface {
	// ending is that of the file's name.
	ending() string
	head(b []byte, show string, startMs uint64) []byte
	comment(b []byte, at uint64, c *danmakuv1.Comment) []byte
	gift(b []byte, at uint64, g *danmakuv1.Gifted) []byte
	superChat(b []byte, at uint64, c *danmakuv1.SuperChat) []byte
	removed(b []byte, at uint64, r *danmakuv1.Removed) []byte
	// tail ends the file; it is written over when more comes.
	tail() string
}

// formatOf returns a format by its name.
func formatOf(name string) (format, error) {
	switch name {
	case "jsonl":
		return jsonLines{}, nil
	case "xml":
		return bilibili{}, nil
	}
	return nil, fmt.Errorf("there is no format %q; there are jsonl and xml", name)
}

// jsonLines has an object in each line, with the time t in seconds from the start. Ids are text, since not all
// languages read integers of 64 bits.
type jsonLines struct{}

type jsonLine struct {
	T        float64 `json:"t"`
	Type     string  `json:"type"`
	Show     string  `json:"show,omitempty"`
	Start    uint64  `json:"start_ms,omitempty"`
	ID       string  `json:"id,omitempty"`
	Author   string  `json:"author,omitempty"`
	Name     string  `json:"name,omitempty"`
	Text     string  `json:"text,omitempty"`
	Color    string  `json:"color,omitempty"`
	Size     string  `json:"size,omitempty"`
	Place    string  `json:"place,omitempty"`
	Tier     uint32  `json:"tier,omitempty"`
	Same     uint32  `json:"same,omitempty"`
	Reply    string  `json:"reply_to,omitempty"`
	Gift     string  `json:"gift,omitempty"`
	Count    uint32  `json:"count,omitempty"`
	Combo    uint32  `json:"combo,omitempty"`
	Value    uint64  `json:"value,omitempty"`
	Amount   uint64  `json:"amount,omitempty"`
	Currency string  `json:"currency,omitempty"`
	Seconds  uint64  `json:"seconds,omitempty"`
}

func (jsonLines) ending() string { return "jsonl" }
func (jsonLines) tail() string   { return "" }

func (jsonLines) line(b []byte, at uint64, l jsonLine) []byte {
	l.T = float64(at) / 1000
	out, err := json.Marshal(l)
	if err != nil {
		return b // texts and numbers alone: it can't be
	}
	return append(append(b, out...), '\n')
}

func id(n uint64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatUint(n, 10)
}

func (j jsonLines) head(b []byte, show string, startMs uint64) []byte {
	return j.line(b, 0, jsonLine{Type: "start", Show: show, Start: startMs})
}

func (j jsonLines) comment(b []byte, at uint64, c *danmakuv1.Comment) []byte {
	l := jsonLine{Type: "comment", ID: id(c.Id), Author: id(c.Author), Name: c.Name, Text: c.Text, Tier: c.Tier, Same: c.Same, Reply: id(c.ReplyTo)}
	if c.Color != 0 {
		l.Color = fmt.Sprintf("#%06x", c.Color)
	}
	if c.Size != 0 {
		l.Size = strings.ToLower(strings.TrimPrefix(c.Size.String(), "SIZE_"))
	}
	if c.Place != 0 {
		l.Place = strings.ToLower(strings.TrimPrefix(c.Place.String(), "PLACE_"))
	}
	return j.line(b, at, l)
}

func (j jsonLines) gift(b []byte, at uint64, g *danmakuv1.Gifted) []byte {
	return j.line(b, at, jsonLine{
		Type: "gift", ID: id(g.Number), Author: id(g.Author), Name: g.Name, Gift: g.Gift, Text: g.Title, Count: g.Count, Combo: g.Combo, Value: g.Value,
	})
}

func (j jsonLines) superChat(b []byte, at uint64, c *danmakuv1.SuperChat) []byte {
	return j.line(b, at, jsonLine{
		Type: "super_chat", ID: id(c.Id), Author: id(c.Author), Name: c.Name, Text: c.Text, Amount: c.Amount, Currency: c.Currency, Seconds: pinned(c),
	})
}

func (j jsonLines) removed(b []byte, at uint64, r *danmakuv1.Removed) []byte {
	return j.line(b, at, jsonLine{Type: "removed", ID: id(r.Comment), Author: id(r.Author)})
}

// pinned returns for how many seconds a super chat is pinned.
func pinned(c *danmakuv1.SuperChat) uint64 { return (c.UntilMs - min(c.FromMs, c.UntilMs)) / 1000 }

// bilibili is the XML of Bilibili's comments: in each element d the attribute p has, with commas between, the time
// in seconds, the mode (1 scrolls, 4 is at the bottom, 5 at the top), the size, the colour, the time of day in
// seconds since 1970, 0, the author and the comment's id. Gifts and super chats are elements as recorders of live
// rooms write them.
type bilibili struct{}

func (bilibili) ending() string { return "xml" }
func (bilibili) tail() string   { return "</i>\n" }

// Elements that may stand in the file.
type (
	xmlComment struct {
		XMLName xml.Name `xml:"d"`
		P       string   `xml:"p,attr"`
		User    string   `xml:"user,attr"`
		Text    string   `xml:",chardata"`
	}
	xmlGift struct {
		XMLName xml.Name `xml:"gift"`
		TS      string   `xml:"ts,attr"`
		User    string   `xml:"user,attr"`
		Name    string   `xml:"giftname,attr"`
		Count   uint32   `xml:"giftcount,attr"`
	}
	xmlSuperChat struct {
		XMLName xml.Name `xml:"sc"`
		TS      string   `xml:"ts,attr"`
		User    string   `xml:"user,attr"`
		Price   string   `xml:"price,attr"`
		Time    uint64   `xml:"time,attr"`
		Text    string   `xml:",chardata"`
	}
)

func element(b []byte, v any) []byte {
	out, err := xml.Marshal(v)
	if err != nil {
		return b // what has bad characters is no line of text: it can't be
	}
	b = append(b, "  "...)
	return append(append(b, out...), '\n')
}

func seconds(ms uint64) string { return strconv.FormatFloat(float64(ms)/1000, 'f', 3, 64) }

func (bilibili) head(b []byte, show string, startMs uint64) []byte {
	b = append(b, xml.Header...)
	b = append(b, "<i>\n  <chatserver>tickroom</chatserver><chatid>0</chatid><mission>0</mission><maxlimit>0</maxlimit><state>0</state><real_name>0</real_name><source>"...)
	b = append(b, show...) // letters, digits, . _ -
	return append(b, fmt.Sprintf("</source><start_ms>%d</start_ms>\n", startMs)...)
}

func (bilibili) comment(b []byte, at uint64, c *danmakuv1.Comment) []byte {
	mode, size, color := 1, 25, c.Color
	switch c.Place {
	case danmakuv1.Place_PLACE_TOP:
		mode = 5
	case danmakuv1.Place_PLACE_BOTTOM:
		mode = 4
	}
	switch c.Size {
	case danmakuv1.Size_SIZE_SMALL:
		size = 18
	case danmakuv1.Size_SIZE_LARGE:
		size = 36
	}
	if color == 0 {
		color = 0xffffff
	}
	return element(b, xmlComment{
		P:    fmt.Sprintf("%s,%d,%d,%d,%d,0,%016x,%d", seconds(at), mode, size, color, c.AtMs/1000, c.Author, c.Id),
		User: c.Name, Text: c.Text,
	})
}

func (bilibili) gift(b []byte, at uint64, g *danmakuv1.Gifted) []byte {
	name := g.Title
	if name == "" {
		name = g.Gift
	}
	return element(b, xmlGift{TS: seconds(at), User: g.Name, Name: name, Count: g.Count})
}

func (bilibili) superChat(b []byte, at uint64, c *danmakuv1.SuperChat) []byte {
	return element(b, xmlSuperChat{TS: seconds(at), User: c.Name, Price: fmt.Sprintf("%d.%02d", c.Amount/100, c.Amount%100), Time: pinned(c), Text: c.Text})
}

func (bilibili) removed(b []byte, _ uint64, _ *danmakuv1.Removed) []byte { return b }
