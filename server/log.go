package server

import (
	"context"
	"io"
	"log/slog"
	"os"
	"strings"
	"sync"

	"github.com/tickroom/tickroom/server/config"
)

// newLogger returns the logger that the configuration asks for.
func newLogger(cfg *config.Config) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(cfg.Log.Level)) // validated
	opts := &slog.HandlerOptions{Level: level}
	if cfg.Log.Format == "json" {
		return slog.New(slog.NewJSONHandler(os.Stderr, opts))
	}
	return slog.New(newTextHandler(os.Stderr, opts))
}

// stackKey is the attribute that holds a panic's stack.
const stackKey = "stack"

// textHandler is slog's, but that a stack is not within the line, where its ends of lines
// would be escaped: it follows, so that people can read it.
type textHandler struct {
	slog.Handler
	out io.Writer
	mu  *sync.Mutex // a line and its stack are written together
}

func newTextHandler(out io.Writer, opts *slog.HandlerOptions) slog.Handler {
	return &textHandler{slog.NewTextHandler(out, opts), out, new(sync.Mutex)}
}

// Handle writes the line, and the stack after it.
func (h *textHandler) Handle(ctx context.Context, r slog.Record) error {
	line, stack := slog.NewRecord(r.Time, r.Level, r.Message, r.PC), ""
	r.Attrs(func(a slog.Attr) bool {
		if a.Key == stackKey && a.Value.Kind() == slog.KindString {
			stack = a.Value.String()
		} else {
			line.AddAttrs(a)
		}
		return true
	})
	h.mu.Lock()
	defer h.mu.Unlock()
	if stack == "" {
		return h.Handler.Handle(ctx, r)
	}
	if err := h.Handler.Handle(ctx, line); err != nil {
		return err
	}
	// Indented, so that lines of the log can be told from those of the stack.
	_, err := io.WriteString(h.out, "    "+strings.ReplaceAll(strings.TrimSpace(stack), "\n", "\n    ")+"\n")
	return err
}

// WithAttrs implements slog.Handler.
func (h *textHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &textHandler{h.Handler.WithAttrs(attrs), h.out, h.mu}
}

// WithGroup implements slog.Handler.
func (h *textHandler) WithGroup(name string) slog.Handler {
	return &textHandler{h.Handler.WithGroup(name), h.out, h.mu}
}
