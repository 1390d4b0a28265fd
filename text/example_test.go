package text_test

import (
	"fmt"

	"github.com/tickroom/tickroom/text"
)

func Example() {
	name, err := text.Name("  \u5f20\u3000\u4f1f ", 16)
	fmt.Printf("%q %v\n", name, err)
	_, err = text.Name("\u202Enna", 16)
	fmt.Println(err)
	line, err := text.Line("message", "na\u00efve \U0001F468\u200D\U0001F469\u200D\U0001F467", 7)
	fmt.Println(text.Length(line), err)
	// Output:
	// "张 伟" <nil>
	// the name has the character U+202E in it, which can't be shown
	// 7 <nil>
}
