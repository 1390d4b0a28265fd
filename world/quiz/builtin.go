package quiz

import _ "embed"

// builtIn is the show that there is without a file: to try things out.
//
//go:embed builtin.yaml
var builtIn []byte
