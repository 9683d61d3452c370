// AES-256-GCM, and the bytes that are its keys.
//
// Cipher holds one expanded key for many messages; one task at a time. A nonce must never be used
// twice under one key: callers either take a new random key for each message, or count.
// Source: NIST SP 800-38D; the algorithm is a library's (gcm.h).
#pragma once

#include <cstddef>
#include <memory>

#include "base/bytes.h"

namespace millrace {

// Bytes that are overwritten when they go, so that a key does not stay in freed memory. Never
// logged, never part of a row.
class Secret final {
 public:
  Secret() = default;
  explicit Secret(Bytes bytes) : bytes_(std::move(bytes)) {}
  ~Secret();
  Secret(const Secret&) = default;
  Secret(Secret&& other) noexcept;
  Secret& operator=(Secret other) noexcept;

  BytesView view() const { return bytes_; }
  // For whoever fills it: makes it `size` zero bytes.
  char* resize(size_t size);
  bool empty() const { return bytes_.empty(); }
  size_t size() const { return bytes_.size(); }

 private:
  void wipe();
  Bytes bytes_;
};

// Overwrites the text's bytes and empties it.
void wipe(Bytes& bytes);

class Cipher final {
 public:
  static constexpr size_t kKeyBytes = 32;
  static constexpr size_t kNonceBytes = 12;
  static constexpr size_t kTagBytes = 16;

  // `key` has kKeyBytes.
  explicit Cipher(BytesView key);
  ~Cipher();
  Cipher(Cipher&&) noexcept;
  Cipher& operator=(Cipher&&) noexcept;

  // Writes the ciphertext and then the tag: plain.size() + kTagBytes at `out`, which may be
  // plain.data(). `nonce` has kNonceBytes; `bound` is authenticated, not encrypted.
  void seal(BytesView nonce, BytesView bound, BytesView plain, char* out);
  // Writes sealed.size() - kTagBytes at `out`, which may be sealed.data(). False, with `out`
  // zeroed, where key, nonce, `bound` or any bit is not what was sealed.
  bool open(BytesView nonce, BytesView bound, BytesView sealed, char* out);

 private:
  struct Contexts;
  std::unique_ptr<Contexts> contexts_;
};

}  // namespace millrace
