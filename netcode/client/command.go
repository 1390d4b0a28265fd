package client

import (
	"fmt"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/tickroom/tickroom/netcode/replica"
)

// MaxCommands is how many commands may be without an answer.
const MaxCommands = 64

// call is a command without an answer.
type call struct {
	id   uint32
	data []byte // encoded CommandData
	done func(r replica.Reply, err error)
}

// SendCommand queues a command, encoded. done is called once: with the answer,
// whose bytes are good during the call only, from within Receive; or with an
// error, from Fail. It may be nil.
func (s *Session) SendCommand(command uint32, data []byte, done func(r replica.Reply, err error)) error {
	_, err := s.sendCommand(command, data, done)
	return err
}

func (s *Session) sendCommand(command uint32, data []byte, done func(r replica.Reply, err error)) (uint32, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.calls) >= MaxCommands {
		return 0, ErrTooMany
	}
	var c []byte
	c = protowire.AppendVarint(protowire.AppendTag(c, 1, protowire.VarintType), uint64(s.lastID+1))
	c = protowire.AppendVarint(protowire.AppendTag(c, 2, protowire.VarintType), uint64(command))
	c = protowire.AppendBytes(protowire.AppendTag(c, 3, protowire.BytesType), data)
	if limit := s.maxMessage(); len(c)+32 > limit {
		return 0, fmt.Errorf("%w: a command of %d bytes, the limit is %d", ErrTooLarge, len(c), limit)
	}
	s.lastID++
	s.calls = append(s.calls, call{s.lastID, c, done})
	return s.lastID, nil
}

func (s *Session) maxMessage() int {
	if n := int(s.welcome.GetMaxMessage()); n > 0 {
		return n
	}
	return 4096
}

// answered takes a command off those without an answer.
func (s *Session) answered(id uint32) func(replica.Reply, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, c := range s.calls {
		if c.id == id {
			s.calls = slices.Delete(s.calls, i, i+1)
			if i < s.out.asked {
				s.out.asked--
			}
			return c.done
		}
	}
	return nil
}

// Fail tells all commands without an answer that none will come.
func (s *Session) Fail(err error) {
	s.mu.Lock()
	calls := s.calls
	s.calls, s.out.asked = nil, 0
	s.mu.Unlock()
	for _, c := range calls {
		if c.done != nil {
			c.done(replica.Reply{}, err)
		}
	}
}
