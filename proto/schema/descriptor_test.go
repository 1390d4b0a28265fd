package schema_test

import (
	"encoding/json"
	"reflect"
	"testing"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"

	testschemav1 "github.com/tickroom/tickroom/proto/internal/testschema/gen"
)

// TestMessagesAsJSON reads a message as JSON by the schema's descriptor, into its struct, and back.
func TestMessagesAsJSON(t *testing.T) {
	t.Parallel()
	s := testschemav1.Schema
	if len(s.Messages) != 2 || s.Messages[0].ID != 1 || s.Message(2) == nil || s.Message(3) != nil {
		t.Fatalf("%+v", s.Messages)
	}
	var set descriptorpb.FileDescriptorSet
	if err := proto.Unmarshal(s.Descriptor(), &set); err != nil {
		t.Fatal(err)
	}
	files, err := protodesc.NewFiles(&set)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range s.Messages {
		d, err := files.FindDescriptorByName(protoreflect.FullName(m.Name))
		if err != nil {
			t.Fatal(err)
		}
		if got := m.New().MessageID(); got != m.ID {
			t.Errorf("%s has the id %d and the number %d", m.Name, m.ID, got)
		}
		text := `{}`
		if m.ID == 2 {
			text = `{"text": "hi", "amount": "18446744073709551615", "mood": "MOOD_GOOD", "lines": [{"text": "a"}, {}], "where": {}, "messageId": 3}`
		}
		dyn := dynamicpb.NewMessage(d.(protoreflect.MessageDescriptor))
		if err := protojson.Unmarshal([]byte(text), dyn); err != nil {
			t.Fatal(err)
		}
		b, err := proto.Marshal(dyn)
		if err != nil {
			t.Fatal(err)
		}
		posted := m.New()
		if err := posted.UnmarshalProto(b); err != nil {
			t.Fatal(err)
		}
		if n, ok := posted.(*testschemav1.Notice); ok && (n.Amount != 1<<64-1 || len(n.Lines) != 2 || n.Lines[0].Text != "a" || n.MessageId != 3 || n.Where == nil) {
			t.Errorf("%+v", n)
		}
		again := dynamicpb.NewMessage(d.(protoreflect.MessageDescriptor))
		if err := proto.Unmarshal(posted.AppendProto(nil), again); err != nil {
			t.Fatal(err)
		}
		out, err := protojson.Marshal(again)
		if err != nil {
			t.Fatal(err)
		}
		var got, want map[string]any
		if err := json.Unmarshal(out, &got); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal([]byte(text), &want); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %s, want %s (%v)", m.Name, out, text, err)
		}
	}
}
