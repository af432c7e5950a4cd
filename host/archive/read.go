package archive

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"io"
	"strings"

	"github.com/posternhq/postern/host"
)

// Bounds of an archive, whatever the limits.
const (
	maxManifest = 48 << 20 // 500 endpoints and 200 objects with schemas, 200 variables
	// Every endpoint may have a module of its own.
	maxEntries   = host.MaxEndpoints + 1
	maxDirectory = 256 << 10 // where zip files list their entries
	maxKeyGroups = 1000
)

// Limits bound what an archive holds, unpacked.
type Limits struct {
	ModuleBytes int64 // of one module
	TotalBytes  int64 // of all entries
}

// Archive is an open archive whose manifest and list of entries are in order.
type Archive struct {
	Manifest Manifest
	modules  map[string]*zip.File // by digest
}

// Open reads the manifest and holds the entries against it. Every fault of the
// archive is a CodeInvalid with one sentence.
func Open(r io.ReaderAt, size int64, limits Limits) (*Archive, error) {
	if err := checkDirectory(r, size); err != nil {
		return nil, err
	}
	files, err := zip.NewReader(r, size)
	if err != nil {
		return nil, fault("it is no zip file")
	}
	a := &Archive{modules: map[string]*zip.File{}}
	manifest, err := a.sort(files.File, limits)
	if err != nil {
		return nil, err
	}
	if err := a.readManifest(manifest); err != nil {
		return nil, err
	}
	return a, a.checkModules()
}

func fault(format string, args ...any) error {
	return host.Errorf(host.CodeInvalid, "The archive cannot be read: "+format, args...)
}

// The record that ends a zip file, as far as it is read here.
const (
	endSize      = 22
	endSignature = "PK\x05\x06"
)

// checkDirectory bounds the list of entries before anything reads it: a reader
// takes memory for every entry, however many there are. The list must lie right
// before the end record, and that right at the end, so that every reader finds
// the same one.
func checkDirectory(r io.ReaderAt, size int64) error {
	end := make([]byte, endSize)
	if size < endSize {
		return fault("it is no zip file")
	}
	if _, err := r.ReadAt(end, size-endSize); err != nil {
		return fault("it is no zip file")
	}
	if string(end[:4]) != endSignature || binary.LittleEndian.Uint16(end[20:]) != 0 {
		return fault("it is no zip file, or is cut off, or has something behind its end")
	}
	entries := binary.LittleEndian.Uint16(end[10:])
	length, offset := int64(binary.LittleEndian.Uint32(end[12:])), int64(binary.LittleEndian.Uint32(end[16:]))
	if entries > maxEntries || length > maxDirectory {
		return fault("it has too many entries; at most %d are allowed", maxEntries)
	}
	if offset+length != size-endSize {
		return fault("its list of entries is not where it should be")
	}
	return nil
}

// sort finds the manifest and the modules, and refuses every other entry.
func (a *Archive) sort(files []*zip.File, limits Limits) (manifest *zip.File, err error) {
	if len(files) > maxEntries {
		return nil, fault("it has too many entries; at most %d are allowed", maxEntries)
	}
	left := uint64(limits.TotalBytes)
	for _, f := range files {
		digest, isModule := strings.CutPrefix(f.Name, moduleFolder)
		limit := uint64(limits.ModuleBytes)
		switch {
		case f.Name == manifestName && manifest == nil:
			manifest, limit = f, maxManifest
		case isModule && isDigest(digest) && a.modules[digest] == nil:
			a.modules[digest] = f
		case f.Name == manifestName, isModule && a.modules[digest] != nil:
			return nil, fault("it has two entries called %q", f.Name)
		default:
			return nil, fault("an entry called %q has no place in it", f.Name)
		}
		if f.UncompressedSize64 > limit {
			return nil, fault("%s has %d bytes; at most %d are allowed", f.Name, f.UncompressedSize64, limit)
		}
		if f.UncompressedSize64 > left {
			return nil, fault("unpacked it has more than %d bytes", limits.TotalBytes)
		}
		left -= f.UncompressedSize64
	}
	if manifest == nil {
		return nil, fault("it has no %s", manifestName)
	}
	return manifest, nil
}

func isDigest(s string) bool {
	ref, err := host.ParseModuleRef(s)
	return err == nil && ref.Digest == s
}

func (a *Archive) readManifest(f *zip.File) error {
	raw, err := unpack(f)
	if err != nil {
		return err
	}
	var version struct {
		Format int `json:"format"`
	}
	if err := json.Unmarshal(raw, &version); err != nil {
		return fault("its %s is not the JSON of an app", manifestName)
	}
	if version.Format != Format {
		return fault("it has format %d; this version of Postern knows %d", version.Format, Format)
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&a.Manifest); err != nil {
		return fault("its %s is not the JSON of an app: %s", manifestName, strings.TrimPrefix(err.Error(), "json: "))
	}
	if n := len(a.Manifest.Endpoints); n > host.MaxEndpoints {
		return fault("it has %d endpoints; at most %d are allowed", n, host.MaxEndpoints)
	}
	// Names are cheap, and each is a module to look at, whatever its bytes.
	if n := len(a.Manifest.Modules); n > host.MaxEndpoints {
		return fault("it has %d modules; at most %d are allowed", n, host.MaxEndpoints)
	}
	if n := len(a.Manifest.KeyGroups); n > maxKeyGroups {
		return fault("it has %d key groups; at most %d are allowed", n, maxKeyGroups)
	}
	if n := len(a.Manifest.Objects); n > host.MaxObjects {
		return fault("it has %d objects; at most %d are allowed", n, host.MaxObjects)
	}
	if n := len(a.Manifest.Variables); n > host.MaxSettings {
		return fault("it has %d variables; at most %d are allowed", n, host.MaxSettings)
	}
	return nil
}

// checkModules holds the modules of the manifest against the entries.
func (a *Archive) checkModules() error {
	listed := map[Module]bool{}
	digests := map[string]bool{}
	for _, m := range a.Manifest.Modules {
		m.Version = 0
		if err := host.ValidateModuleName(m.Name); err != nil {
			return fault("it has a module called %q: %s", m.Name, host.AsError(err).Message)
		}
		if listed[m] {
			return fault("it lists module %s twice", m.Name)
		}
		if a.modules[m.Digest] == nil {
			return fault("it lists module %s, but has no %s%s", m.Name, moduleFolder, m.Digest)
		}
		listed[m], digests[m.Digest] = true, true
	}
	for digest := range a.modules {
		if !digests[digest] {
			return fault("it has %s%s, which its %s does not list", moduleFolder, digest, manifestName)
		}
	}
	return nil
}

// Module returns the bytes of a module of the manifest, which have the digest.
func (a *Archive) Module(digest string) ([]byte, error) {
	f := a.modules[digest]
	if f == nil {
		return nil, fault("it has no module %s", digest)
	}
	content, err := unpack(f)
	if err != nil {
		return nil, err
	}
	if sum := sha256.Sum256(content); hex.EncodeToString(sum[:]) != digest {
		return nil, fault("%s holds bytes with another digest", f.Name)
	}
	return content, nil
}

// unpack reads an entry that has no more than the size it says, which was
// checked. Room is made as bytes come: a size is only a claim.
func unpack(f *zip.File) ([]byte, error) {
	entry, err := f.Open()
	if err != nil {
		return nil, fault("%s is packed in a way that is not known", f.Name)
	}
	defer entry.Close()
	var out bytes.Buffer
	n, err := io.Copy(&out, io.LimitReader(entry, int64(f.UncompressedSize64)+1))
	if err != nil || n != int64(f.UncompressedSize64) {
		return nil, fault("%s is damaged", f.Name)
	}
	return out.Bytes(), nil
}
