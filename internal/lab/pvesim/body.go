package pvesim

import (
	"bufio"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// maxBody is the largest body that pveproxy takes.
const maxBody = 512 << 10

// refusedError is a body that pveproxy does not take, with its answer.
type refusedError struct{ reply }

func (e *refusedError) Error() string { return e.reason }

// readParams reads the body, checks its type and merges the query over it.
func readParams(req *http.Request, body *bufio.Reader, query string) (rawParams, error) {
	params := rawParams{}
	if length, _ := strconv.ParseInt(req.Header.Get("Content-Length"), 10, 64); length > 0 {
		kind, err := bodyKind(req, length)
		if err != nil {
			// The client is still sending: it would not see the answer to a connection that
			// was reset.
			_, _ = io.CopyN(io.Discard, body, min(length, 8*maxBody))
			return nil, err
		}
		raw := make([]byte, length)
		if _, err := io.ReadFull(body, raw); err != nil {
			return nil, errHang
		}
		if params, err = parseBodyAs(kind, raw); err != nil {
			return nil, err
		}
	}
	params.merge(parseForm(query))
	return params, nil
}

// Media types that pveproxy takes.
const (
	formType = "application/x-www-form-urlencoded"
	jsonType = "application/json"
)

// bodyKind checks what the header says about the body and returns its media type.
func bodyKind(req *http.Request, length int64) (string, error) {
	contentType := req.Header.Get("Content-Type")
	kind, _, _ := strings.Cut(contentType, ";")
	kind = strings.TrimSpace(kind)
	switch {
	case req.Method == http.MethodGet || req.Method == http.MethodDelete:
		return "", &refusedError{plain(501, "Unexpected content for method '"+req.Method+"'")}
	case length > maxBody:
		return "", &refusedError{plain(501, "for data too large")}
	case kind != "" && kind != formType && kind != jsonType:
		return "", &refusedError{plain(506, "upload 'Content-Type '"+contentType+"' not implemented")}
	}
	return kind, nil
}

// parseBodyAs reads a form or a JSON object.
func parseBodyAs(kind string, raw []byte) (rawParams, error) {
	if kind != jsonType {
		return parseForm(string(raw)), nil
	}
	params, err := parseJSON(raw)
	if err != nil {
		r := plain(500, err.Error())
		r.body = append(r.body, '\n')
		return nil, &refusedError{r}
	}
	return params, nil
}
