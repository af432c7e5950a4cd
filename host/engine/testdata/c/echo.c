/* Answers with its input, of any size that the memory limit allows. */
#include "guest.h"

#define PAGE 65536

extern char __heap_base; /* set by the linker: where free memory begins */

EXPORT("handle") int handle(void) {
  uint64_t n = input_length(), end = (uintptr_t)&__heap_base + n;
  uint64_t have = (uint64_t)__builtin_wasm_memory_size(0) * PAGE;
  if (end > have && __builtin_wasm_memory_grow(0, (end - have + PAGE - 1) / PAGE) == (uintptr_t)-1) return 1;
  get_input(&__heap_base, (uint32_t)n);
  put_output(&__heap_base, (uint32_t)n);
  return 0;
}
