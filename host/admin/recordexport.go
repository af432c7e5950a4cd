package admin

import (
	"cmp"
	"context"
	"io"
	"mime"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humafiber"
	"github.com/posternhq/postern/host"
	data "github.com/posternhq/postern/host/capability/object"
	"github.com/posternhq/postern/host/transfer"
)

type exportRecordsInput struct {
	ObjectPath
	Format string `query:"format" enum:"csv,ndjson" doc:"csv, or ndjson: one JSON object a line, which is the default"`
	Accept string `header:"Accept" doc:"text/csv does what format=csv does"`
}

func (in *exportRecordsInput) format() transfer.Format {
	if in.Format == "" && strings.Contains(in.Accept, csvType) {
		return transfer.CSV
	}
	return cmp.Or(transfer.Format(in.Format), transfer.NDJSON)
}

// exportPage is how many records an export holds in memory.
const exportPage = 50

// exportRecords streams all records in the order of their ids. Each is in it
// once, as it is when its turn comes: the export is not of one moment.
func (a *API) exportRecords(ctx context.Context, in *exportRecordsInput) (*exportOutput, error) {
	format := in.format()
	d, err := a.definition(ctx, in.ObjectPath)
	if err != nil {
		return nil, err
	}
	// The request's context ends before the stream does.
	ctx = context.WithoutCancel(ctx)
	// What fails at once still has an answer of its own.
	first, err := data.Find(ctx, a.Store, d.Object, &host.Query{Limit: exportPage})
	if err != nil {
		return nil, err
	}
	stream := &lazyPipe{
		write:  func(w io.Writer) error { return a.writeRecords(ctx, transfer.NewWriter(format, w, d.Schema), d, first) },
		failed: func(err error) { a.Log.ErrorContext(ctx, "exporting records", "object", d.ID, "error", err) },
	}
	name := mime.FormatMediaType("attachment", map[string]string{"filename": d.Name + "." + string(format)})
	return &exportOutput{ContentType: format.MediaType(), Disposition: name, Body: func(c huma.Context) {
		endless(c)
		humafiber.Unwrap(c).Context().SetBodyStream(stream, -1)
	}}, nil
}

// writeRecords writes the first records and all that follow.
func (a *API) writeRecords(ctx context.Context, w transfer.Writer, d *data.Definition, found *host.Found) (err error) {
	for {
		if err := w.Write(found.Records); err != nil {
			return err
		}
		if found.Cursor == "" {
			return w.Flush()
		}
		clear(found.Records) // they need not wait for the next
		found, err = data.Find(ctx, a.Store, d.Object, &host.Query{Limit: exportPage, Cursor: found.Cursor})
		if err != nil {
			return err
		}
	}
}
