package instrument

import "slices"

// Rewrite derives the code that the engine compiles in place of the uploaded
// bytes. Today it only caps the maximum of every table, because a guest could
// otherwise grow one to gigabytes outside its memory limit; all else stays
// byte for byte, and no index shifts. A module without tables is returned as
// it is. It is the place where safepoints and what snapshots need will go in.
//
// Errors: CodeInvalid for what cannot be decoded.
func Rewrite(wasm []byte) (*Rewritten, error) {
	m, err := parse(wasm)
	if err != nil {
		return nil, err
	}
	capped := m.capTables()
	if !capped {
		return &Rewritten{Wasm: wasm}, nil
	}
	body := appendU32(nil, uint32(len(m.tables)))
	for _, t := range m.tables {
		body = append(body, t.elem...)
		body = append(body, 1) // flags: has a maximum
		body = appendU32(body, t.min)
		body = appendU32(body, t.max)
	}
	section := appendU32([]byte{sectionTable}, uint32(len(body)))
	return &Rewritten{Wasm: slices.Concat(wasm[:m.tableStart], section, body, wasm[m.tableEnd:])}, nil
}

// capTables gives every table a maximum and reports whether one changed.
func (m *binary) capTables() bool {
	changed := false
	for i := range m.tables {
		t := &m.tables[i]
		most := max(t.min, tableGrowth)
		if t.hasMax && t.max <= most {
			continue
		}
		t.hasMax, t.max, changed = true, most, true
	}
	return changed
}

// appendU32 appends n in unsigned LEB128.
func appendU32(b []byte, n uint32) []byte {
	for n >= 0x80 {
		b = append(b, byte(n)|0x80)
		n >>= 7
	}
	return append(b, byte(n))
}
