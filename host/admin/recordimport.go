package admin

import (
	"compress/flate"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humafiber"
	"github.com/posternhq/postern/host"
	data "github.com/posternhq/postern/host/capability/object"
	"github.com/posternhq/postern/host/transfer"
)

func (a *API) transferRoutes(all string) {
	register(a, operation{id: "import-records", method: post, path: all + "/import", summary: "Store records from CSV or NDJSON, however many", tag: "records"}, a.importRecords)
	register(a, operation{id: "export-records", method: get, path: all + "/export", summary: "Export all records in CSV or NDJSON", tag: "records"}, a.exportRecords)
	paths := a.huma.OpenAPI().Paths
	streams := map[string]*huma.MediaType{}
	for _, mediaType := range []string{csvType, ndjsonType} {
		streams[mediaType] = &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString}}
	}
	paths[all+"/import"].Post.RequestBody = &huma.RequestBody{Required: true, Content: streams}
	paths[all+"/export"].Get.Responses["200"].Content = streams
}

const csvType = "text/csv"

// EndlessKey names among Fiber's locals, where the server puts it, the func()
// that frees the request and its answer from the limits of size and of time in
// all. Those of the wait for the next bytes stay.
const EndlessKey = "endless"

// endless frees a request from the limits that other routes need.
func endless(c huma.Context) {
	if free, ok := humafiber.Unwrap(c).Locals(EndlessKey).(func()); ok {
		free()
	}
}

type importRecordsInput struct {
	ObjectPath
	OnConflict  string `query:"on_conflict" enum:"error,existing" doc:"What to do with a record whose id or unique value is taken: error, the default, ends the import there; existing leaves the one that is there as it is"`
	ContentType string `header:"Content-Type"`
	Encoding    string `header:"Content-Encoding" doc:"gzip, if the stream is"`
	body        io.Reader
}

// Resolve keeps the body as a stream: it may have any size.
func (in *importRecordsInput) Resolve(c huma.Context) []error {
	endless(c)
	if in.body = c.BodyReader(); in.body == nil {
		in.body = strings.NewReader("")
	}
	return nil
}

// format reads the Content-Type header.
func (in *importRecordsInput) format() (transfer.Format, error) {
	mediaType, params, err := mime.ParseMediaType(in.ContentType)
	charset := strings.ToLower(params["charset"])
	if err == nil && (charset == "" || charset == "utf-8") {
		switch mediaType {
		case csvType:
			return transfer.CSV, nil
		case ndjsonType, "application/ndjson", "application/jsonl":
			return transfer.NDJSON, nil
		}
	}
	return "", host.Errorf(host.CodeInvalid, "Content-Type must be text/csv or application/x-ndjson, in UTF-8")
}

// content is the stream as it was before it was compressed.
func (in *importRecordsInput) content() (io.Reader, error) {
	switch strings.ToLower(in.Encoding) {
	case "", "identity":
		return in.body, nil
	case "gzip":
		z, err := gzip.NewReader(in.body)
		if err == io.EOF { // of nothing at all
			err = io.ErrUnexpectedEOF
		}
		return &unzipped{z}, errZipped(err)
	}
	return nil, host.Errorf(host.CodeInvalid, "Content-Encoding must be gzip, or be left out")
}

// unzipped tells what is wrong with compressed data as a fault of the client.
type unzipped struct{ io.Reader }

// Read implements io.Reader.
func (u *unzipped) Read(p []byte) (int, error) {
	n, err := u.Reader.Read(p)
	return n, errZipped(err)
}

func errZipped(err error) error {
	var corrupt flate.CorruptInputError
	if errors.As(err, &corrupt) || errors.Is(err, gzip.ErrHeader) || errors.Is(err, gzip.ErrChecksum) || errors.Is(err, io.ErrUnexpectedEOF) {
		return host.Caused(host.CodeInvalid, err, "the body is not whole gzip")
	}
	return err
}

type importRecordsOutput struct {
	Body struct {
		Success  bool         `json:"success"`
		Imported recordCounts `json:"imported"`
	}
}

// recordCounts is what became of the records of a stream.
type recordCounts struct {
	Records  int `json:"records" doc:"Records that were stored"`
	Existing int `json:"existing" doc:"Records that were left out because they are there already"`
}

// importFault is the details of an import that ended early.
type importFault struct {
	Line int `json:"line,omitempty"`
	recordCounts
	Reason any `json:"reason,omitempty"` // the details of what is wrong with the line
}

// importRecords stores what comes as it comes. What stands before a line that
// is at fault stays stored.
func (a *API) importRecords(ctx context.Context, in *importRecordsInput) (*importRecordsOutput, error) {
	d, err := a.definition(ctx, in.ObjectPath)
	if err != nil {
		return nil, err
	}
	format, err := in.format()
	if err != nil {
		return nil, err
	}
	content, err := in.content()
	if err != nil {
		return nil, err
	}
	i := &recordImport{API: a, d: d, existing: in.OnConflict == "existing"}
	err = i.run(ctx, transfer.NewReader(format, content, d.Schema))
	if err = errors.Join(err, i.audit(ctx, err)); err != nil {
		return nil, err
	}
	out := &importRecordsOutput{}
	out.Body.Success, out.Body.Imported = true, i.done
	return out, nil
}

// Bounds of what one transaction of an import stores, so that it is over soon.
const (
	importChunk = 500
	importBytes = 1 << 20
)

// recordImport is a stream of records on its way into an object.
type recordImport struct {
	*API
	d        *data.Definition
	existing bool
	done     recordCounts
}

func (i *recordImport) run(ctx context.Context, in transfer.Reader) error {
	// Its many writes are one entry of the audit log.
	ctx = host.WithAudit(ctx, nil)
	var chunk []transfer.Line
	held := 0
	for {
		line, err := in.Next()
		if err == nil {
			chunk = append(chunk, line)
			if held += len(line.Document); len(chunk) < importChunk && held < importBytes {
				continue
			}
		}
		if err := i.store(ctx, chunk); err != nil {
			return err
		}
		chunk, held = chunk[:0], 0
		switch {
		case err == io.EOF:
			return nil
		case err != nil:
			return i.failed(line.Number, err)
		}
	}
}

// store stores the lines up to one that is at fault.
func (i *recordImport) store(ctx context.Context, lines []transfer.Line) error {
	if len(lines) == 0 {
		return nil
	}
	err := i.refresh(ctx)
	var done recordCounts
	var bad *badLine
	if err == nil {
		done, bad, err = i.write(ctx, lines)
	}
	if err != nil {
		return i.failed(0, err)
	}
	i.done.Records += done.Records
	i.done.Existing += done.Existing
	if bad != nil {
		return i.failed(bad.line, bad.err)
	}
	return nil
}

// refresh takes up a change of the definition: an import may last for hours.
func (i *recordImport) refresh(ctx context.Context) error {
	now, err := i.Store.Object(ctx, i.d.AppID, i.d.Name)
	if err == nil && now.ID != i.d.ID {
		err = host.Errorf(host.CodeNotFound, "Object not found") // another of its name
	}
	if err != nil || now.Revision == i.d.Revision {
		return err
	}
	i.d, err = data.Compile(now)
	return err
}

// badLine is a line whose record is refused.
type badLine struct {
	line int
	err  error
}

// write stores lines in one transaction. It ends before a bad line, and is
// committed nevertheless.
func (i *recordImport) write(ctx context.Context, lines []transfer.Line) (done recordCounts, bad *badLine, err error) {
	err = data.Write(ctx, i.Store, i.d.AppID, func(tx host.RecordTransaction) error {
		done, bad = recordCounts{}, nil
		for _, line := range lines {
			inserted, existed, err := data.Insert(ctx, tx, i.d, []json.RawMessage{line.Document}, i.existing)
			if refuses(err) {
				bad = &badLine{line.Number, err}
				return nil
			}
			if err != nil {
				return err
			}
			done.Records += len(inserted)
			done.Existing += existed
		}
		return nil
	})
	return done, bad, err
}

// refuses tells an error that is about a record from one that is about the
// transaction.
func refuses(err error) bool {
	switch host.CodeOf(err) {
	case host.CodeInvalid, host.CodeQuota:
		return true
	case host.CodeConflict:
		return !errors.Is(err, host.ErrSerialization)
	}
	return false
}

// failed says what is wrong, on which line unless it is 0, and how far the
// import came.
func (i *recordImport) failed(line int, err error) error {
	e := host.AsError(err)
	text := e.Message
	if line > 0 {
		text = fmt.Sprintf("Line %d: %s", line, text)
	}
	return &host.Error{
		Code: e.Code, Err: err, Message: fmt.Sprintf("%s; records stored before: %d", text, i.done.Records),
		Details: importFault{line, i.done, e.Details},
	}
}

// audit writes the import into the audit log, if it changed anything.
func (i *recordImport) audit(ctx context.Context, failed error) error {
	call := host.AuditOf(ctx)
	if i.done.Records == 0 || call == nil {
		return nil
	}
	made := &host.RecordImport{Target: i.d.Object, Object: i.d.Name, Records: i.done.Records, Existing: i.done.Existing}
	if failed != nil {
		made.Error = string(host.CodeOf(failed))
	}
	entry, err := host.NewAuditEntry(call, nil, made)
	if err != nil {
		return err
	}
	return i.Store.AddAudit(ctx, entry)
}
