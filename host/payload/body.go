package payload

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"unicode/utf8"

	"github.com/posternhq/postern/host"
)

// appendBody adds body and bodyEncoding in the form the content type calls
// for, or nothing if there is no body. JSON goes in byte for byte.
func appendBody(b []byte, contentType string, body []byte) ([]byte, error) {
	if len(body) == 0 {
		return b, nil
	}
	b = append(b, `,"body":`...)
	switch media := mediaType(contentType); {
	case isJSON(media):
		if !utf8.Valid(body) || !json.Valid(body) {
			return nil, host.Errorf(host.CodeInvalid, "body is not valid JSON")
		}
		return append(append(b, body...), `,"bodyEncoding":"json"`...), nil
	case media == "application/x-www-form-urlencoded":
		form := parseQuery(string(body))
		return append(form.append(b), `,"bodyEncoding":"form"`...), nil
	case strings.HasPrefix(media, "text/") && utf8.Valid(body):
		return append(appendString(b, string(body)), `,"bodyEncoding":"text"`...), nil
	}
	b = base64.StdEncoding.AppendEncode(append(b, '"'), body)
	return append(b, `","bodyEncoding":"base64"`...), nil
}

// mediaType is the type and subtype of a content type, in lower case.
func mediaType(contentType string) string {
	media, _, _ := strings.Cut(contentType, ";")
	return strings.ToLower(strings.Trim(media, " \t"))
}

// isJSON accepts application/json and every type with the suffix +json.
func isJSON(media string) bool {
	return media == "application/json" || strings.HasSuffix(media, "+json")
}
