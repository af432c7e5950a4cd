/* What a guest in freestanding C needs of the boundary that sdk/abi.md
 * describes. With EXTISM_ONLY it does without Postern's bulk copies and moves
 * eight bytes per call, so that every host of Extism plug-ins can run it. */
#pragma once
#include <stdint.h>

#define IMPORT(module, name) __attribute__((import_module(module), import_name(name))) extern
#define EXPORT(name) __attribute__((export_name(name)))

IMPORT("extism:host/env", "input_length") uint64_t input_length(void);
IMPORT("extism:host/env", "output_set") void output_set(uint64_t address, uint64_t length);

#ifdef EXTISM_ONLY
IMPORT("extism:host/env", "input_load_u64") uint64_t input_load_u64(uint64_t offset);
IMPORT("extism:host/env", "input_load_u8") uint32_t input_load_u8(uint64_t offset);
IMPORT("extism:host/env", "alloc") uint64_t alloc(uint64_t length);
IMPORT("extism:host/env", "store_u64") void store_u64(uint64_t address, uint64_t value);
IMPORT("extism:host/env", "store_u8") void store_u8(uint64_t address, uint32_t value);

static inline void get_input(char *to, uint32_t n) {
  uint32_t i = 0;
  for (; i + 8 <= n; i += 8) {
    uint64_t word = input_load_u64(i);
    __builtin_memcpy(to + i, &word, 8);
  }
  for (; i < n; i++) to[i] = (char)input_load_u8(i);
}

static inline void put_output(const char *from, uint32_t n) {
  uint64_t block = alloc(n);
  uint32_t i = 0;
  for (; i + 8 <= n; i += 8) {
    uint64_t word;
    __builtin_memcpy(&word, from + i, 8);
    store_u64(block + i, word);
  }
  for (; i < n; i++) store_u8(block + i, (uint8_t)from[i]);
  output_set(block, n);
}
#else
IMPORT("extism:host/env", "input_offset") uint64_t input_offset(void);
IMPORT("postern:host/v1", "read") void host_read(uint64_t address, void *to, uint32_t n);
IMPORT("postern:host/v1", "write") uint64_t host_write(const void *from, uint32_t n);

static inline void get_input(char *to, uint32_t n) { host_read(input_offset(), to, n); }

static inline void put_output(const char *from, uint32_t n) { output_set(host_write(from, n), n); }
#endif
