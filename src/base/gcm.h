// Gcm: one way to do AES-256-GCM, with one key: Intel's ipsec-mb where the processor has AES for
// vectors, OpenSSL elsewhere. Both give the same bytes (docs/decisions/0019-aes-by-vectors.md).
// Private to base: aead.h has the contract.
#pragma once

#include <array>
#include <memory>

#include "base/aead.h"

namespace millrace {

class Gcm {
 public:
  using Tag = std::array<unsigned char, Cipher::kTagBytes>;

  virtual ~Gcm() = default;  // Wipes the key.
  // Writes the ciphertext and the tag at `out`.
  virtual void seal(BytesView nonce, BytesView bound, BytesView plain, char* out) = 0;
  // Writes the plain text at `out`, and says whether `tag` is that of `text`, which it compares in
  // constant time. Where it is not, `out` is still to be wiped.
  virtual bool open(BytesView nonce, BytesView bound, BytesView text, const Tag& tag,
                    char* out) = 0;
};

std::unique_ptr<Gcm> make_openssl_gcm(BytesView key);
// Null where the processor has no AES and no carry-less multiplication for vectors of 512 bits.
std::unique_ptr<Gcm> make_vector_gcm(BytesView key);

// Cipher::open() by `gcm`: wipes what is not as it was sealed.
bool open_with(Gcm& gcm, BytesView nonce, BytesView bound, BytesView sealed, char* out);

}  // namespace millrace
