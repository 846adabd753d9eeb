// The helpers a program may call. Made from the table in Sources/Helpers; do not change by hand.
//
// A helper is a function at a constant address, its number: compilers make one call instruction of it.
#pragma once

#include <stddef.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

/// Prints on the device's console: up to four values by %d %i %u %x %X %c %s %p %%. Returns 0.
static void *_Nullable (*_Nonnull const bpf_printf)(const char *fmt, ...) =
    (void *_Nullable (*_Nonnull)(const char *fmt, ...))0x1;
#ifdef __swift__
__attribute__((always_inline, swift_name("bpf_printf(_:)")))
static inline void *_Nullable bpf_printf_0(const void *fmt) {
  return bpf_printf((const char *)fmt);
}
__attribute__((always_inline, swift_name("bpf_printf(_:_:)")))
static inline void *_Nullable bpf_printf_1(const void *fmt, uint64_t a) {
  return bpf_printf((const char *)fmt, a);
}
__attribute__((always_inline, swift_name("bpf_printf(_:_:_:)")))
static inline void *_Nullable bpf_printf_2(const void *fmt, uint64_t a, uint64_t b) {
  return bpf_printf((const char *)fmt, a, b);
}
__attribute__((always_inline, swift_name("bpf_printf(_:_:_:_:)")))
static inline void *_Nullable bpf_printf_3(const void *fmt, uint64_t a, uint64_t b, uint64_t c) {
  return bpf_printf((const char *)fmt, a, b, c);
}
__attribute__((always_inline, swift_name("bpf_printf(_:_:_:_:_:)")))
static inline void *_Nullable bpf_printf_4(const void *fmt, uint64_t a, uint64_t b, uint64_t c, uint64_t d) {
  return bpf_printf((const char *)fmt, a, b, c, d);
}
#endif

/// Copies n bytes, also between ranges that overlap. Returns dst.
static void *_Nonnull (*_Nonnull const bpf_memcpy)(void *dst, const void *src, size_t n) =
    (void *_Nonnull (*_Nonnull)(void *dst, const void *src, size_t n))0x2;

/// Keeps a value under a key for this program alone. Returns 0, or -1 when the store is full.
static int (*_Nonnull const bpf_store_local)(uint32_t key, uint32_t value) =
    (int (*_Nonnull)(uint32_t key, uint32_t value))0x10;

/// Keeps a value under a key that all programs share. Returns 0, or -1 when the store is full.
static int (*_Nonnull const bpf_store_global)(uint32_t key, uint32_t value) =
    (int (*_Nonnull)(uint32_t key, uint32_t value))0x11;

/// Reads what this program keeps under a key, 0 when there is nothing. Returns 0.
static int (*_Nonnull const bpf_fetch_local)(uint32_t key, uint32_t *value) =
    (int (*_Nonnull)(uint32_t key, uint32_t *value))0x12;

/// Reads what all programs share under a key, 0 when there is nothing. Returns 0.
static int (*_Nonnull const bpf_fetch_global)(uint32_t key, uint32_t *value) =
    (int (*_Nonnull)(uint32_t key, uint32_t *value))0x13;

/// Returns the milliseconds since the device started, modulo 2^32.
static uint32_t (*_Nonnull const bpf_now_ms)(void) =
    (uint32_t (*_Nonnull)(void))0x20;

/// Returns the number of bytes before the zero byte.
static size_t (*_Nonnull const bpf_strlen)(const char *text) =
    (size_t (*_Nonnull)(const char *text))0x52;

#pragma clang assume_nonnull end
