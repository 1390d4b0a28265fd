package redisfault

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
)

const (
	// maxMessage bounds a call or an answer, in bytes. A line with a longer one ends.
	maxMessage = 64 << 20
	// lineBuffer bounds the lines within RESP, such as errors.
	lineBuffer = 64 << 10
)

var errTooLong = errors.New("redisfault: a message of more than 64 MiB")

// appendValue reads one value of RESP, whatever is in it, and appends its bytes.
func appendValue(b []byte, r *bufio.Reader) ([]byte, error) {
	for left := 1; left > 0; left-- {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return b, err
		}
		b = append(b, line...)
		var n int
		switch line[0] {
		case '$', '=', '!', '*', '~', '>', '%', '|':
			if n, err = strconv.Atoi(string(bytes.TrimRight(line[1:], "\r\n"))); err != nil {
				return b, fmt.Errorf("redisfault: %.40q has no length", line)
			}
		case '+', '-', ':', '_', ',', '#', '(':
		default:
			return b, fmt.Errorf("redisfault: %.40q begins no value", line)
		}
		if n > maxMessage-len(b) {
			return b, errTooLong
		}
		switch line[0] {
		case '$', '=', '!':
			if n < 0 {
				break // null
			}
			at := len(b)
			b = append(b, make([]byte, n+2)...)
			if _, err := io.ReadFull(r, b[at:]); err != nil {
				return b, err
			}
		case '*', '~', '>':
			left += max(n, 0)
		case '%':
			left += 2 * n
		case '|':
			left += 2*n + 1 // what it is an attribute of comes next
		}
	}
	return b, nil
}

// appendCall reads one call, and appends its bytes.
func appendCall(b []byte, r *bufio.Reader) ([]byte, error) {
	first, err := r.Peek(1)
	if err != nil {
		return b, err
	}
	if first[0] == '*' {
		return appendValue(b, r)
	}
	line, err := r.ReadSlice('\n') // as people type it
	return append(b, line...), err
}

// parse returns a call whose bytes are whole.
func parse(b []byte) Call {
	c := Call{}
	if b[0] != '*' {
		c.Args = bytes.Fields(b)
	} else {
		_, b, _ = bytes.Cut(b, []byte("\n"))
		for len(b) > 0 {
			head, rest, _ := bytes.Cut(b, []byte("\r\n"))
			n, err := strconv.Atoi(string(head[1:]))
			if err != nil || n < 0 || n+2 > len(rest) {
				break
			}
			c.Args, b = append(c.Args, rest[:n]), rest[n+2:]
		}
	}
	if len(c.Args) == 0 {
		c.Args = [][]byte{nil}
	}
	c.Name = string(bytes.ToUpper(c.Args[0]))
	return c
}
