package basic_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/capability/basic"
)

func TestXMLToJSON(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ xml, want string }{
		"text":         {"<a>x</a>", `{"a":"x"}`},
		"empty":        {"<a/>", `{"a":null}`},
		"blank":        {"<a> \n </a>", `{"a":null}`},
		"attributes":   {`<a id="1" x:y="z"> t </a>`, `{"a":{"@id":"1","@x:y":"z","#text":"t"}}`},
		"list":         {"<a><b>1</b><c/><b>2</b></a>", `{"a":{"b":["1","2"],"c":null}}`},
		"nested":       {"<a><b><c>1</c></b></a>", `{"a":{"b":{"c":"1"}}}`},
		"prefix":       {`<s:Envelope xmlns:s="urn:s"><s:Body/></s:Envelope>`, `{"s:Envelope":{"@xmlns:s":"urn:s","s:Body":null}}`},
		"mixed":        {"<a>x<b/>y</a>", `{"a":{"#text":"xy","b":null}}`},
		"CDATA":        {"<a><![CDATA[<b>&]]></a>", `{"a":"\u003cb\u003e\u0026"}`},
		"entities":     {"<a>&lt;&#233;&amp;</a>", `{"a":"\u003cé\u0026"}`},
		"comment":      {`<?xml version="1.0"?><!-- c --><a>x<!-- d -->y</a>`, `{"a":"xy"}`},
		"UTF-8 stated": {`<?xml version="1.0" encoding="utf-8"?><a>é</a>`, `{"a":"é"}`},
	} {
		got, err := basic.XMLToJSON(t.Context(), test.xml)
		if err != nil || string(got) != test.want {
			t.Errorf("%s: got %s, %v; want %s", name, got, err, test.want)
		}
	}
}

func TestXMLToJSON_Refused(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ xml, want string }{
		"nothing":        {"", "malformed in line 1"},
		"no element":     {"x", "malformed in line 1"},
		"open":           {"<a>\n<b>", "malformed in line 2"},
		"crossed":        {"<a><b></a></b>", "malformed"},
		"other prefix":   {"<x:a></y:a>", "malformed"},
		"twice":          {`<a b="1" b="2"/>`, "malformed"},
		"two roots":      {"<a/><b/>", "more than one root"},
		"text behind":    {"<a/>x", "malformed"},
		"unknown entity": {"<a>&lol;</a>", "malformed"},
		"entity bomb":    {`<!DOCTYPE a [<!ENTITY l "ll"><!ENTITY m "&l;&l;">]><a>&m;</a>`, "no DTD"},
		"file":           {`<!DOCTYPE a [<!ENTITY f SYSTEM "file:///etc/passwd">]><a>&f;</a>`, "no DTD"},
		"deep":           {strings.Repeat("<a>", 101) + strings.Repeat("</a>", 101), "more than 100 elements"},
		"large":          {strings.Repeat(" ", basic.MaxXMLBytes+1), "at most 5242880 bytes"},
		"other charset":  {`<?xml version="1.0" encoding="latin1"?><a/>`, `must be UTF-8, not "latin1"`},
	} {
		_, err := basic.XMLToJSON(t.Context(), test.xml)
		if host.CodeOf(err) != host.CodeInvalid || !strings.Contains(host.AsError(err).Message, test.want) {
			t.Errorf("%s: got %v, want %q", name, err, test.want)
		}
	}
}

// FuzzXMLToJSON makes JSON of whatever it does not refuse.
func FuzzXMLToJSON(f *testing.F) {
	for _, seed := range []string{"<a/>", `<a b="c">d<e/><e/></a>`, "<a><![CDATA[]]></a>", "<a>&#0;</a>", "<a>\xff</a>", "<:/>"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, document string) {
		got, err := basic.XMLToJSON(t.Context(), document)
		switch {
		case err != nil && host.CodeOf(err) != host.CodeInvalid:
			t.Error(err)
		case err == nil && !json.Valid(got):
			t.Errorf("%q became %s", document, got)
		}
	})
}
