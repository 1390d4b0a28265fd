package redisdata

import (
	"encoding/json"
	"fmt"
)

// version is the letter before the JSON of whatever is stored. Fields may be added, which
// older programs leave out; whoever changes what a field means changes the letter.
const version = 'a'

// Encode returns v as it is stored.
func Encode(v any) (string, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return "", fmt.Errorf("redis: a %T can't be stored: %w", v, err)
	}
	return string(version) + string(b), nil
}

// Decode reads what Encode has returned into v.
func Decode(text string, v any) error {
	if text == "" || text[0] != version {
		return fmt.Errorf("redis: a %T is stored in another form than this program knows (%.1q; want %q): run the same version everywhere", v, text, version)
	}
	if err := json.Unmarshal([]byte(text[1:]), v); err != nil {
		return fmt.Errorf("redis: a stored %T: %w", v, err)
	}
	return nil
}
