package web_test

import (
	"fmt"
	"net/http/httptest"

	"github.com/tickroom/tickroom/web"
)

// The pages are a handler, for server.Handle or any other server.
func ExampleHandler() {
	answer := httptest.NewRecorder()
	web.Handler().ServeHTTP(answer, httptest.NewRequest("GET", "/", nil))
	fmt.Println(answer.Code, answer.Header().Get("Content-Type"))
	// Output: 200 text/html; charset=utf-8
}
