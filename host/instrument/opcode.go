package instrument

// imm is one immediate of an instruction: what follows its opcode.
type imm byte

const (
	immBlock  imm = iota + 1 // a block's type
	immLabel                 // a label, by depth
	immLabels                // a vector of labels, and the default
	immFunc                  // index of a function
	immType                  // index of a function type
	immTable                 // index of a table
	immTypes                 // a vector of value types
	immLocal                 // index of a local
	immGlobal                // index of a global
	immMemarg                // alignment and offset of an access to memory
	immMemory                // index of a memory, which is 0
	immData                  // index of a data segment
	immElem                  // index of an element segment
	immRef                   // type of a reference
	immS32                   // signed number of 32 bits
	immS64                   // signed number of 64 bits
	immF32                   // 4 bytes
	immF64                   // 8 bytes
	immV128                  // 16 bytes
	immLane                  // number of a vector's lane
)

// Opcodes that are treated in a way of their own. Those with a prefix are
// written as prefix<<8 | opcode.
const (
	opUnreachable        = 0x00
	opBlock              = 0x02
	opLoop               = 0x03
	opIf                 = 0x04
	opElse               = 0x05
	opEnd                = 0x0b
	opBr                 = 0x0c
	opBrIf               = 0x0d
	opBrTable            = 0x0e
	opReturn             = 0x0f
	opCall               = 0x10
	opCallIndirect       = 0x11
	opReturnCall         = 0x12
	opReturnCallIndirect = 0x13
	opDrop               = 0x1a
	opLocalGet           = 0x20
	opLocalSet           = 0x21
	opLocalTee           = 0x22
	opGlobalGet          = 0x23
	opGlobalSet          = 0x24
	opTableSet           = 0x26
	opMemorySize         = 0x3f
	opMemoryGrow         = 0x40
	opI32Const           = 0x41
	opI64Const           = 0x42
	opF32Const           = 0x43
	opF64Const           = 0x44
	opI32Eq              = 0x46
	opI32LtS             = 0x48
	opI32LtU             = 0x49
	opI32GtU             = 0x4b
	opI32LeU             = 0x4d
	opI32Add             = 0x6a
	opI32Sub             = 0x6b
	opI32Mul             = 0x6c
	opI32ShrU            = 0x76
	opI64Add             = 0x7c
	opI64Sub             = 0x7d
	opI64Mul             = 0x7e
	opRefNull            = 0xd0
	opRefFunc            = 0xd2
	opMemoryInit         = 0xfc08
	opDataDrop           = 0xfc09
	opMemoryCopy         = 0xfc0a
	opMemoryFill         = 0xfc0b
	opTableInit          = 0xfc0c
	opElemDrop           = 0xfc0d
	opTableCopy          = 0xfc0e
	opTableGrow          = 0xfc0f
	opTableSize          = 0xfc10
	opTableFill          = 0xfc11
	opV128Const          = 0xfd0c

	prefixMisc   = 0xfc
	prefixVector = 0xfd
)

// opcodes is every instruction that guests may use: WebAssembly 2.0 and tail
// calls, as wazero compiles them. What is missing here is refused.
var opcodes = []struct {
	from, to   uint16
	feature    feature
	immediates []imm
}{
	{0x00, 0x01, 0, nil},                                      // unreachable, nop
	{0x02, 0x04, 0, []imm{immBlock}},                          // block, loop, if
	{0x05, 0x05, 0, nil},                                      // else
	{0x0b, 0x0b, 0, nil},                                      // end
	{0x0c, 0x0d, 0, []imm{immLabel}},                          // br, br_if
	{0x0e, 0x0e, 0, []imm{immLabels}},                         // br_table
	{0x0f, 0x0f, 0, nil},                                      // return
	{0x10, 0x10, 0, []imm{immFunc}},                           // call
	{0x11, 0x11, 0, []imm{immType, immTable}},                 // call_indirect
	{0x12, 0x12, tailCalls, []imm{immFunc}},                   // return_call
	{0x13, 0x13, tailCalls, []imm{immType, immTable}},         // return_call_indirect
	{0x1a, 0x1b, 0, nil},                                      // drop, select
	{0x1c, 0x1c, references, []imm{immTypes}},                 // select of a type
	{0x20, 0x22, 0, []imm{immLocal}},                          // local.get, local.set, local.tee
	{0x23, 0x24, 0, []imm{immGlobal}},                         // global.get, global.set
	{0x25, 0x26, references, []imm{immTable}},                 // table.get, table.set
	{0x28, 0x3e, 0, []imm{immMemarg}},                         // i32.load … i64.store32
	{0x3f, 0x40, 0, []imm{immMemory}},                         // memory.size, memory.grow
	{0x41, 0x41, 0, []imm{immS32}},                            // i32.const
	{0x42, 0x42, 0, []imm{immS64}},                            // i64.const
	{0x43, 0x43, 0, []imm{immF32}},                            // f32.const
	{0x44, 0x44, 0, []imm{immF64}},                            // f64.const
	{0x45, 0xbf, 0, nil},                                      // i32.eqz … f64.reinterpret_i64
	{0xc0, 0xc4, signExtension, nil},                          // i32.extend8_s … i64.extend32_s
	{0xd0, 0xd0, references, []imm{immRef}},                   // ref.null
	{0xd1, 0xd1, references, nil},                             // ref.is_null
	{0xd2, 0xd2, references, []imm{immFunc}},                  // ref.func
	{0xfc00, 0xfc07, saturating, nil},                         // i32.trunc_sat_f32_s … i64.trunc_sat_f64_u
	{0xfc08, 0xfc08, bulkMemory, []imm{immData, immMemory}},   // memory.init
	{0xfc09, 0xfc09, bulkMemory, []imm{immData}},              // data.drop
	{0xfc0a, 0xfc0a, bulkMemory, []imm{immMemory, immMemory}}, // memory.copy
	{0xfc0b, 0xfc0b, bulkMemory, []imm{immMemory}},            // memory.fill
	{0xfc0c, 0xfc0c, bulkMemory, []imm{immElem, immTable}},    // table.init
	{0xfc0d, 0xfc0d, bulkMemory, []imm{immElem}},              // elem.drop
	{0xfc0e, 0xfc0e, bulkMemory, []imm{immTable, immTable}},   // table.copy
	{0xfc0f, 0xfc11, references, []imm{immTable}},             // table.grow, table.size, table.fill
	{0xfd00, 0xfd0b, simd, []imm{immMemarg}},                  // v128.load … v128.store
	{0xfd0c, 0xfd0d, simd, []imm{immV128}},                    // v128.const, i8x16.shuffle
	{0xfd0e, 0xfd14, simd, nil},                               // i8x16.swizzle … f64x2.splat
	{0xfd15, 0xfd22, simd, []imm{immLane}},                    // i8x16.extract_lane_s … f64x2.replace_lane
	{0xfd23, 0xfd53, simd, nil},                               // i8x16.eq … v128.any_true
	{0xfd54, 0xfd5b, simd, []imm{immMemarg, immLane}},         // v128.load8_lane … v128.store64_lane
	{0xfd5c, 0xfd5d, simd, []imm{immMemarg}},                  // v128.load32_zero, v128.load64_zero
	{0xfd5e, 0xfd99, simd, nil},                               // f32x4.demote_f64x2_zero … i16x8.max_u
	{0xfd9b, 0xfd9f, simd, nil},                               // i16x8.avgr_u … i16x8.extmul_high_i8x16_u
	{0xfda0, 0xfda1, simd, nil},                               // i32x4.abs, i32x4.neg
	{0xfda3, 0xfda4, simd, nil},                               // i32x4.all_true, i32x4.bitmask
	{0xfda7, 0xfdae, simd, nil},                               // i32x4.extend_low_i16x8_s … i32x4.add
	{0xfdb1, 0xfdb1, simd, nil},                               // i32x4.sub
	{0xfdb5, 0xfdba, simd, nil},                               // i32x4.mul … i32x4.dot_i16x8_s
	{0xfdbc, 0xfdc1, simd, nil},                               // i32x4.extmul_low_i16x8_s … i64x2.neg
	{0xfdc3, 0xfdc4, simd, nil},                               // i64x2.all_true, i64x2.bitmask
	{0xfdc7, 0xfdce, simd, nil},                               // i64x2.extend_low_i32x4_s … i64x2.add
	{0xfdd1, 0xfdd1, simd, nil},                               // i64x2.sub
	{0xfdd5, 0xfde1, simd, nil},                               // i64x2.mul … f32x4.neg
	{0xfde3, 0xfded, simd, nil},                               // f32x4.sqrt … f64x2.neg
	{0xfdef, 0xfdff, simd, nil},                               // f64x2.sqrt … f64x2.convert_low_i32x4_u
}

// instruction is an entry of the table, by opcode.
type instruction struct {
	known      bool
	feature    feature
	immediates []imm
}

// instructions is the table by opcode: without prefix, and with each of the two.
var instructions = func() (t [3][256]instruction) {
	for _, row := range opcodes {
		for op := int(row.from); op <= int(row.to); op++ {
			t[page(uint16(op))][byte(op)] = instruction{true, row.feature, row.immediates}
		}
	}
	return t
}()

// page is the part of instructions that an opcode is in.
func page(op uint16) int {
	switch op >> 8 {
	case prefixMisc:
		return 1
	case prefixVector:
		return 2
	default:
		return 0
	}
}

// feature is an extension of WebAssembly 1.0 that code may use.
type feature uint16

const (
	signExtension feature = 1 << iota
	saturating
	bulkMemory
	references
	simd
	tailCalls
)

var featureNames = []string{
	"sign-ext", "nontrapping-fptoint", "bulk-memory", "reference-types", "simd128", "tail-call",
}

// names lists the features of a set as the tool conventions name them.
func (f feature) names() []string {
	list := []string{}
	for i, name := range featureNames {
		if f&(1<<i) != 0 {
			list = append(list, name)
		}
	}
	return list
}
