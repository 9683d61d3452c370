#include "base/aead.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <utility>

#include "base/result.h"

namespace millrace {
namespace {

// Looked up once, as digests are (hash.cc).
const EVP_CIPHER* algorithm() {
  static const EVP_CIPHER* const kFetched = EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr);
  ASSERT(kFetched != nullptr);
  return kFetched;
}

const unsigned char* raw(BytesView bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

int length_of(BytesView bytes) {
  ASSERT(bytes.size() <= std::numeric_limits<int>::max());
  return static_cast<int>(bytes.size());
}

}  // namespace

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

// One context for each direction, made when it is first needed, for most keys go one way: each
// keeps the expanded key, and a message sets only its nonce.
struct Cipher::Contexts {
  explicit Contexts(BytesView key) : key_(Bytes(key)) {}
  ~Contexts() {
    EVP_CIPHER_CTX_free(sealing_);  // Wipes the key.
    EVP_CIPHER_CTX_free(opening_);
  }
  Contexts(const Contexts&) = delete;
  Contexts& operator=(const Contexts&) = delete;

  EVP_CIPHER_CTX* sealing() {
    if (sealing_ != nullptr) return sealing_;
    sealing_ = EVP_CIPHER_CTX_new();
    ASSERT(sealing_ != nullptr);
    ASSERT(EVP_EncryptInit_ex2(sealing_, algorithm(), raw(key_.view()), nullptr, nullptr) == 1);
    return sealing_;
  }
  EVP_CIPHER_CTX* opening() {
    if (opening_ != nullptr) return opening_;
    opening_ = EVP_CIPHER_CTX_new();
    ASSERT(opening_ != nullptr);
    ASSERT(EVP_DecryptInit_ex2(opening_, algorithm(), raw(key_.view()), nullptr, nullptr) == 1);
    return opening_;
  }

 private:
  const Secret key_;
  EVP_CIPHER_CTX* sealing_ = nullptr;
  EVP_CIPHER_CTX* opening_ = nullptr;
};

Cipher::Cipher(BytesView key) {
  ASSERT(key.size() == kKeyBytes);
  contexts_ = std::make_unique<Contexts>(key);
}
Cipher::~Cipher() = default;
Cipher::Cipher(Cipher&&) noexcept = default;
Cipher& Cipher::operator=(Cipher&&) noexcept = default;

void Cipher::seal(BytesView nonce, BytesView bound, BytesView plain, char* out) {
  ASSERT(nonce.size() == kNonceBytes);
  EVP_CIPHER_CTX* const context = contexts_->sealing();
  auto* const to = reinterpret_cast<unsigned char*>(out);
  int length = 0;
  ASSERT(EVP_EncryptInit_ex2(context, nullptr, nullptr, raw(nonce), nullptr) == 1);
  ASSERT(EVP_EncryptUpdate(context, nullptr, &length, raw(bound), length_of(bound)) == 1);
  ASSERT(EVP_EncryptUpdate(context, to, &length, raw(plain), length_of(plain)) == 1);
  ASSERT(EVP_EncryptFinal_ex(context, to + length, &length) == 1);
  ASSERT(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, kTagBytes, to + plain.size()) == 1);
}

bool Cipher::open(BytesView nonce, BytesView bound, BytesView sealed, char* out) {
  ASSERT(nonce.size() == kNonceBytes);
  if (sealed.size() < kTagBytes) return false;
  const BytesView text = sealed.substr(0, sealed.size() - kTagBytes);
  std::array<unsigned char, kTagBytes> tag{};
  std::ranges::copy(sealed.substr(text.size()), tag.begin());
  EVP_CIPHER_CTX* const context = contexts_->opening();
  auto* const to = reinterpret_cast<unsigned char*>(out);
  int length = 0;
  ASSERT(EVP_DecryptInit_ex2(context, nullptr, nullptr, raw(nonce), nullptr) == 1);
  ASSERT(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, kTagBytes, tag.data()) == 1);
  ASSERT(EVP_DecryptUpdate(context, nullptr, &length, raw(bound), length_of(bound)) == 1);
  ASSERT(EVP_DecryptUpdate(context, to, &length, raw(text), length_of(text)) == 1);
  if (EVP_DecryptFinal_ex(context, to + length, &length) == 1) return true;
  OPENSSL_cleanse(out, text.size());
  return false;
}

}  // namespace millrace
