package instrument

// Skeleton returns a module like wasm, which must be valid, but whose functions
// do nothing but trap. It is for a host that has the machine code of wasm
// already and needs the rest: types, imports, exports, segments and names.
// Bodies are most of a module, and the most work to decode and to validate.
func Skeleton(wasm []byte) ([]byte, error) {
	if err := checkHeader(wasm); err != nil {
		return nil, err
	}
	out := append(make([]byte, 0, len(wasm)/2), wasm[:8]...)
	r := &reader{b: wasm, pos: 8}
	for r.more() {
		start := r.pos
		id := r.byte()
		body := r.sub(r.u32())
		if r.err != nil {
			break
		}
		if id != sectionCode {
			out = append(out, wasm[start:r.pos]...)
			continue
		}
		count := body.u32()
		content := appendU32(nil, count)
		for range count {
			content = append(content, trapping...)
		}
		out = append(appendU32(append(out, sectionCode), uint32(len(content))), content...)
	}
	return out, r.err
}

// trapping is the code of a function of any type, as the code section has it:
// its length, no locals, unreachable, end.
var trapping = []byte{3, 0, 0x00, 0x0b}
