#include "base/aead.h"

#include <openssl/crypto.h>

#include <cstring>
#include <utility>

#include "base/gcm.h"
#include "base/result.h"

namespace millrace {

Secret::~Secret() { wipe(); }

Secret::Secret(Secret&& other) noexcept : bytes_(std::move(other.bytes_)) { other.wipe(); }

Secret& Secret::operator=(Secret other) noexcept {
  bytes_.swap(other.bytes_);  // What was here goes with `other`, which wipes it.
  return *this;
}

char* Secret::resize(size_t size) {
  wipe();
  bytes_.assign(size, '\0');
  return bytes_.data();
}

void Secret::wipe() { millrace::wipe(bytes_); }

void wipe(Bytes& bytes) {
  // Capacity and not size: a string that was moved from keeps its short form's bytes.
  bytes.resize_and_overwrite(bytes.capacity(), [](char* data, size_t size) {
    explicit_bzero(data, size);
    return 0;
  });
}

bool open_with(Gcm& gcm, BytesView nonce, BytesView bound, BytesView sealed, char* out) {
  if (sealed.size() < Cipher::kTagBytes) return false;
  const size_t text_bytes = sealed.size() - Cipher::kTagBytes;
  Gcm::Tag tag{};
  sealed.copy(reinterpret_cast<char*>(tag.data()), tag.size(), text_bytes);
  if (gcm.open(nonce, bound, sealed.substr(0, text_bytes), tag, out)) return true;
  OPENSSL_cleanse(out, text_bytes);
  return false;
}

struct Cipher::Contexts {
  const std::unique_ptr<Gcm> gcm;
};

Cipher::Cipher(BytesView key) {
  ASSERT(key.size() == kKeyBytes);
  std::unique_ptr<Gcm> gcm = make_vector_gcm(key);
  if (gcm == nullptr) gcm = make_openssl_gcm(key);
  contexts_.reset(new Contexts{std::move(gcm)});
}
Cipher::~Cipher() = default;
Cipher::Cipher(Cipher&&) noexcept = default;
Cipher& Cipher::operator=(Cipher&&) noexcept = default;

void Cipher::seal(BytesView nonce, BytesView bound, BytesView plain, char* out) {
  ASSERT(nonce.size() == kNonceBytes);
  contexts_->gcm->seal(nonce, bound, plain, out);
}

bool Cipher::open(BytesView nonce, BytesView bound, BytesView sealed, char* out) {
  ASSERT(nonce.size() == kNonceBytes);
  return open_with(*contexts_->gcm, nonce, bound, sealed, out);
}

}  // namespace millrace
