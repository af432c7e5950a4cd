package cli

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/admin/client"
)

// compareObjects finds what the definitions of the target would become.
func (p *promotion) compareObjects(ctx context.Context, api *client.Client) (err error) {
	if p.objects, err = objectsOf(ctx, api, p.source.ID); err != nil {
		return err
	}
	var there []*host.Object
	if p.App != nil {
		there, err = objectsOf(ctx, api, p.App.ID)
	}
	p.Objects = host.DiffObjects(there, p.objects)
	return err
}

// showObjectDiff prints what definitions become, as showDiff does for a release.
func (c *console) showObjectDiff(w io.Writer, d *host.ObjectDiff) {
	paint := c.painter(w)
	for _, o := range d.Added {
		text := "object " + o.Name
		if fields := strings.Join(append(append([]string{}, o.UniqueFields...), o.IndexedFields...), ", "); fields != "" {
			text += "  (" + fields + ")"
		}
		fmt.Fprintln(w, paint(green, "+ "+printable(text)))
	}
	for _, change := range d.Changed {
		fmt.Fprintln(w, paint(yellow, "~ object "+printable(change.Name)))
		for _, f := range change.Fields {
			showField(w, paint, f)
		}
	}
}
