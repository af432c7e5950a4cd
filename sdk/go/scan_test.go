package postern

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"reflect"
	"strings"
	"sync"
	"testing"
)

const somePayload = `{"method":"GET","path":"/","queryParams":{"q":"x"}}`

// hard are texts at the edges of what JSON is.
var hard = []string{
	``, ` `, `{}`, ` [ ] `, `[[],{}]`, `{"a":1,"b":[true,false,null]}`, `{"a":1,}`, `[1,]`, `[,1]`, `{"a"}`, `{"a":}`, `{,}`, `{1:2}`,
	`"`, `"a`, `"\"`, `"\\"`, `"\u12"`, `"\u123g"`, `"\ud83d\ude00"`, `"\ud83d"`, `"\ud83dx\ude00"`, `"\ud83d\u0041"`, `"\ude00"`, `"\x"`,
	`"` + "\x1f" + `"`, `"` + "\x7f\xff\xc3" + `"`, `"12345678` + "\n" + `"`, `"1234567é\n8"`, `"/\/\b\f\n\r\t"`,
	`0`, `-0`, `00`, `-`, `1.`, `.1`, `1.5`, `1e`, `1e+`, `1E-5`, `1e5x`, `+1`, `tru`, `truex`, `nul`, `nan`, "\x00", `"` + "\x00" + `"`,
	`{"a":1,"a":2,"\u0061":3}`, `{"method":"GET","method":"POST"}`, `[1}`, `{"a":1]`, `]`, `}`, `1 2`, "{\"a\":\"\xff\"}", "{\"\xff\":1}",
	strings.Repeat("[", maxDepth) + strings.Repeat("]", maxDepth), strings.Repeat("[", maxDepth+1) + strings.Repeat("]", maxDepth+1),
	strings.Repeat(`{"a":`, maxDepth+1),
}

// checkScan compares the scanner with encoding/json.
func checkScan(t *testing.T, text []byte) {
	valid := json.Valid(text)
	if got := isJSON(text); got != valid {
		t.Fatalf("isJSON(%.100q) = %v", text, got)
	}
	if !valid {
		return
	}
	v := value(bytes.TrimSpace(text))
	var want any
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&want); err != nil {
		t.Fatal(err)
	}
	if s, isString := want.(string); v.text() != s || v.is(s) != isString || v.is(s+"x") {
		t.Errorf("%.100q is the text %q, want %q", text, v.text(), s)
	}
	if list, isArray := want.([]any); isArray != (v.list() != nil) || len(list) != len(v.list()) {
		t.Errorf("%.100q has the elements %q", text, v.list())
	}
	if object, isObject := want.(map[string]any); isObject {
		checkObject(t, v, object)
	} else if v.texts() != nil {
		t.Errorf("%.100q has the members %q", text, v.texts())
	}
}

// checkObject compares the members, as far as their names do not repeat.
func checkObject(t *testing.T, v value, want map[string]any) {
	seen := map[string]int{}
	for name, member := range v.members {
		seen[name.text()]++
		if !json.Valid(member) {
			t.Errorf("%.100q has the member %q", v, member)
		}
	}
	if len(seen) != len(want) {
		t.Errorf("%.100q has %d names, want %d", v, len(seen), len(want))
	}
	for name, wanted := range want {
		if seen[name] != 1 {
			continue
		}
		text, isString := wanted.(string)
		if got, there := v.texts()[name]; got != text || there != isString || v.get(name).text() != text {
			t.Errorf("%.100q has %q under %q, want %q", v, got, name, text)
		}
		var got any
		d := json.NewDecoder(bytes.NewReader(v.get(name)))
		d.UseNumber()
		if err := d.Decode(&got); err != nil || !reflect.DeepEqual(got, wanted) {
			t.Errorf("%.100q has %s under %q, %v", v, v.get(name), name, err)
		}
	}
}

func TestScan(t *testing.T) {
	t.Parallel()
	for _, text := range hard {
		checkScan(t, []byte(text))
	}
}

func FuzzScan(f *testing.F) {
	for _, text := range hard {
		f.Add([]byte(text))
	}
	f.Fuzz(checkScan)
}

func TestValue_FirstCounts(t *testing.T) {
	t.Parallel()
	v := value(`{"a":"1","a":"2","\u0062":"3","b":"4","c":5,"c":"6"}`)
	if v.get("a").text() != "1" || v.get("b").text() != "3" || v.texts()["a"] != "1" || v.texts()["b"] != "3" {
		t.Errorf("got %s, %s, %q, want the first ones", v.get("a"), v.get("b"), v.texts())
	}
}

func TestValue_Number(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{"0": 0, "12": 12, "-1": 0, "1.5": 0, "1e3": 0, `"1"`: 0, "9007199254740993": 9007199254740993, "99999999999999999999": 0} {
		if got := value(text).number(); got != want {
			t.Errorf("%s is %d, want %d", text, got, want)
		}
	}
}

// FuzzParseRequest reads any payload by every accessor, and compares what is
// JSON with what encoding/json reads of it.
func FuzzParseRequest(f *testing.F) {
	f.Add([]byte(somePayload))
	f.Add([]byte(`{"method":"GET","body":"!","bodyEncoding":"base64","caller":{}}`))
	f.Add([]byte(`{"method":"GET","body":[],"bodyEncoding":"form"}`))
	f.Add([]byte(`{"\u006dethod":"GET","body":{"a":1e400},"bodyEncoding":"json"`))
	f.Add(NewRequest("POST", "/?q=w&q=x").WithForm(map[string]string{"a": "é\n"}).WithCaller(Caller{Groups: []string{"g"}}).Payload())
	f.Fuzz(func(t *testing.T, raw []byte) {
		r, err := ParseRequest(raw)
		if err != nil {
			return
		}
		_, _, _, _ = r.QueryAll("a"), r.HeaderAll("a"), r.ReceivedAt(), r.FormValues()
		_, _, _ = r.App(), r.Endpoint(), r.Caller()
		var v any
		if err := r.JSON(&v); err == nil && !json.Valid(r.Body()) {
			t.Errorf("%q is no JSON", r.Body())
		}
		var want map[string]json.RawMessage
		if json.Unmarshal(raw, &want) != nil || repeats(raw) {
			return
		}
		for name, got := range map[string]string{"method": r.Method(), "path": r.Path(), "requestId": r.RequestID()} {
			if text := textOf(want[name]); got != text {
				t.Errorf("%s is %q, want %q", name, got, text)
			}
		}
		if body := textOf(want["body"]); textOf(want["bodyEncoding"]) == bodyText && (r.Text() != body || string(r.Body()) != body) {
			t.Errorf("the text is %q, want %q", r.Text(), body)
		}
		if bytes, err := base64.StdEncoding.DecodeString(textOf(want["body"])); err == nil && textOf(want["bodyEncoding"]) == bodyBase64 && string(r.Body()) != string(bytes) {
			t.Errorf("the bytes are %q, want %q", r.Body(), bytes)
		}
	})
}

func textOf(raw json.RawMessage) (text string) {
	_ = json.Unmarshal(raw, &text)
	return text
}

// repeats says whether an object has two members of one name.
func repeats(raw []byte) bool {
	seen := map[string]bool{}
	for name := range value(bytes.TrimSpace(raw)).members {
		if seen[name.text()] {
			return true
		}
		seen[name.text()] = true
	}
	return false
}

func FuzzResponse(f *testing.F) {
	f.Add("text", "x-a", "1", "")
	f.Add("\x00\x1f\"\\\u2028é\xff\xf0\x9f\x98\x80\xf0\x9f", "", "\r\n\t", "/x?a=<b>")
	f.Fuzz(func(t *testing.T, text, name, header, redirect string) {
		if got := textOf([]byte(Quote(text))); got != strings.ToValidUTF8(text, "\ufffd") && got != textOf(mustMarshal(text)) {
			t.Errorf("Quote(%q) reads as %q", text, got)
		}
		for _, r := range []Response{Text(200, text), Bytes(200, header, []byte(text)), Error(400, text), RawJSON(200, []byte(text)), {redirect: redirect}} {
			output, err := r.WithHeader(name, header).WithHeader("X-B", text).WithHeader(name, text).encode()
			if err != nil {
				continue
			}
			var got struct {
				Headers map[string][]string
				Body    json.RawMessage
			}
			if err := json.Unmarshal(output, &got); err != nil {
				t.Fatalf("%q: %v", output, err)
			}
			if r.encoding == bodyText && textOf(got.Body) != text {
				t.Errorf("the body is %s, want %q", got.Body, text)
			}
			if r.encoding == bodyJSON && !json.Valid(r.body) {
				t.Errorf("the body is %q", r.body)
			}
			if len(got.Headers) == 0 {
				t.Errorf("%s has no headers", output)
			}
		}
	})
}

func mustMarshal(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}

// TestRequest_Zero: a request that came from nowhere has nothing in it.
func TestRequest_Zero(t *testing.T) {
	t.Parallel()
	var r Request
	if r.Method() != "" || r.Param("a") != "" || r.Body() != nil || r.Payload() != nil || r.Caller() != nil || r.HeaderAll("a") != nil {
		t.Error("the zero request has something in it")
	}
}

// TestRequest_Concurrent reads one request from several goroutines, for the
// race detector.
func TestRequest_Concurrent(t *testing.T) {
	t.Parallel()
	r := NewRequest("GET", "/?q=1").WithCaller(Caller{Name: "Shop"}).WithJSON(1)
	var wg sync.WaitGroup
	for range 4 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			if r.Caller().Name != "Shop" || r.Query("q") != "1" || r.Text() != "1" {
				t.Errorf("got %s", r.Payload())
			}
		}()
	}
	wg.Wait()
}

// TestParseRequest_Cut reads what is there of a payload that ends too early.
func TestParseRequest_Cut(t *testing.T) {
	t.Parallel()
	r, err := ParseRequest([]byte(`{"method":"GET","path":"/a","header":{"a":"1"`))
	if err != nil || r.Path() != "/a" || r.Header("a") != "" || r.RequestID() != "" {
		t.Errorf("got %q, %q, %v", r.Path(), r.Header("a"), err)
	}
}

func TestRand(t *testing.T) {
	t.Parallel()
	if a, b := Rand.Uint64(), Rand.Uint64(); a == b {
		t.Errorf("drew %d twice", a)
	}
}
