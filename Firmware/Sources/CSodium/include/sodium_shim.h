// The part of libsodium that the firmware uses, without its headers: Ed25519 verification and SHA-256.
#pragma once
#include <stdbool.h>
#include <stdint.h>

/// libsodium's `crypto_hash_sha256_state`.
typedef struct {
  uint32_t state[8];
  uint64_t count;
  uint8_t buffer[64];
} sha256_state;

void sha256_start(sha256_state *_Nonnull state);
void sha256_update(sha256_state *_Nonnull state, const uint8_t *_Nullable bytes, uint32_t count);
void sha256_finish(sha256_state *_Nonnull state, uint8_t digest[_Nonnull 32]);

/// Whether the 64-byte signature over the message was made with the private key that belongs to this public key.
bool ed25519_verify(const uint8_t signature[_Nonnull 64], const uint8_t *_Nullable message, uint32_t length,
                    const uint8_t public_key[_Nonnull 32]);
