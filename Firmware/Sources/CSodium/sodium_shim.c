#include "sodium_shim.h"

#include "crypto_hash_sha256.h"
#include "crypto_sign_ed25519.h"

_Static_assert(sizeof(sha256_state) == sizeof(crypto_hash_sha256_state), "the states must be interchangeable");

void sha256_start(sha256_state *state) { crypto_hash_sha256_init((crypto_hash_sha256_state *)state); }

void sha256_update(sha256_state *state, const uint8_t *bytes, uint32_t count) {
  if (count) crypto_hash_sha256_update((crypto_hash_sha256_state *)state, bytes, count);
}

void sha256_finish(sha256_state *state, uint8_t digest[32]) {
  crypto_hash_sha256_final((crypto_hash_sha256_state *)state, digest);
}

bool ed25519_verify(const uint8_t signature[64], const uint8_t *message, uint32_t length,
                    const uint8_t public_key[32]) {
  return crypto_sign_ed25519_verify_detached(signature, message, length, public_key) == 0;
}

// libsodium refers to these, though nothing that the firmware calls reaches them: the linker drops their callers.
void sodium_misuse(void) { __builtin_trap(); }
void randombytes_buf(void *bytes, unsigned int count) {
  (void)bytes;
  (void)count;
  __builtin_trap();
}
