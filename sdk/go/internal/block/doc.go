// Package block moves bytes between a module and the blocks that the host keeps
// for it; sdk/abi.md tells what a block is. Outside WebAssembly it is empty.
package block
