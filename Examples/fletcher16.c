// expect: 43575
//
// Fletcher's checksum of 16 bits over a constant text, which stays in the image (.rodata).
#include <bpf/helpers.h>

static const char text[] =
    "Untrusted programs arrive over the air, in pieces, and nobody knows their authors by face. A "
    "device trusts a key, a digest and a sequence number instead; and what it runs, it runs in a "
    "compartment: a stack, some data, a packet to look at, a clock, a store with keys and values. A "
    "program that reaches beyond is stopped and named.";

uint64_t program(void) {
  // Asked of the device: a length that is known to the compiler would let it do the whole sum by itself.
  uint32_t length = bpf_strlen(text);
  uint32_t low = 0;
  uint32_t high = 0;
  for (uint32_t i = 0; i < length; i++) {
    low = (low + (uint8_t)text[i]) % 255;
    high = (high + low) % 255;
  }
  return high << 8 | low;
}
