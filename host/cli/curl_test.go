package cli_test

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"

	"github.com/spf13/pflag"
)

// curl is as much of curl as scripts and the documentation use, so that tests
// need no more than Go: -X, -H, -d (with @file), -i, -s.
func curl(args []string, stdout, stderr io.Writer) int {
	flags := pflag.NewFlagSet("curl", pflag.ContinueOnError)
	method := flags.StringP("request", "X", "", "")
	headers := flags.StringArrayP("header", "H", nil, "")
	data := flags.StringP("data", "d", "", "")
	include := flags.BoolP("include", "i", false, "")
	flags.BoolP("silent", "s", false, "")
	if err := flags.Parse(args); err != nil || flags.NArg() != 1 {
		fmt.Fprintln(stderr, "curl: one URL and the flags -X, -H, -d, -i and -s are known here:", err)
		return 2
	}
	request, err := newRequest(*method, flags.Arg(0), *data, flags.Changed("data"), *headers)
	if err != nil {
		fmt.Fprintln(stderr, "curl:", err)
		return 2
	}
	response, err := http.DefaultTransport.RoundTrip(request) // follows no redirect
	if err != nil {
		fmt.Fprintln(stderr, "curl:", err)
		return 7
	}
	defer response.Body.Close()
	if *include {
		fmt.Fprintf(stdout, "%s %s\n", response.Proto, response.Status)
		names := []string{}
		for name := range response.Header {
			names = append(names, name)
		}
		slices.Sort(names)
		for _, name := range names {
			fmt.Fprintf(stdout, "%s: %s\n", name, strings.Join(response.Header[name], ", "))
		}
		fmt.Fprintln(stdout)
	}
	if _, err := io.Copy(stdout, response.Body); err != nil {
		fmt.Fprintln(stderr, "curl:", err)
		return 18
	}
	return 0
}

func newRequest(method, url, data string, hasData bool, headers []string) (*http.Request, error) {
	if method == "" && hasData {
		method = http.MethodPost
	}
	if name, isFile := strings.CutPrefix(data, "@"); isFile {
		content, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		data = string(content)
	}
	var body io.Reader
	if hasData {
		body = strings.NewReader(data)
	}
	request, err := http.NewRequest(method, url, body)
	if err != nil {
		return nil, err
	}
	if hasData {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for _, header := range headers {
		name, value, _ := strings.Cut(header, ":")
		if strings.EqualFold(name, "host") {
			request.Host = strings.TrimSpace(value)
		}
		request.Header.Set(name, strings.TrimSpace(value))
	}
	return request, nil
}
