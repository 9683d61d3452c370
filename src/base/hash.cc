#include "base/hash.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <array>

#include "base/result.h"

namespace millrace {
namespace {

// Looked up once: EVP_sha256() and its like make OpenSSL 3 search its providers at every use, which
// costs as much as hashing a small request does.
const EVP_MD* fetch(const char* name) {
  const EVP_MD* found = EVP_MD_fetch(nullptr, name, nullptr);
  ASSERT(found != nullptr);
  return found;
}

const EVP_MD* sha256_algorithm() {
  static const EVP_MD* const kFetched = fetch("SHA256");
  return kFetched;
}

const EVP_MD* algorithm(DigestKind kind) {
  static const EVP_MD* const kMd5 = fetch("MD5");
  switch (kind) {
    case DigestKind::md5:
      return kMd5;
    case DigestKind::sha1:
      return EVP_sha1();
    case DigestKind::sha256:
      return sha256_algorithm();
    case DigestKind::sha512:
      return EVP_sha512();
  }
  return sha256_algorithm();
}

struct MdContext {
  MdContext() = default;
  ~MdContext() { EVP_MD_CTX_free(md); }
  MdContext(const MdContext&) = delete;
  MdContext& operator=(const MdContext&) = delete;

  EVP_MD_CTX* md = EVP_MD_CTX_new();
};

}  // namespace

struct Digest::Context : MdContext {};

Digest::Digest(DigestKind kind) : context_(std::make_unique<Context>()) {
  ASSERT(EVP_DigestInit_ex(context_->md, algorithm(kind), nullptr) == 1);
}
Digest::~Digest() = default;
Digest::Digest(Digest&&) noexcept = default;
Digest& Digest::operator=(Digest&&) noexcept = default;

void Digest::update(BytesView bytes) {
  ASSERT(EVP_DigestUpdate(context_->md, bytes.data(), bytes.size()) == 1);
}

Bytes Digest::finish() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> out{};
  unsigned length = 0;
  ASSERT(EVP_DigestFinal_ex(context_->md, out.data(), &length) == 1);
  return Bytes(reinterpret_cast<const char*>(out.data()), length);
}

Bytes md5(BytesView bytes) {
  Digest digest(DigestKind::md5);
  digest.update(bytes);
  return digest.finish();
}

Bytes sha256(BytesView bytes) {
  std::array<unsigned char, 32> out{};
  unsigned length = 0;
  ASSERT(EVP_Digest(bytes.data(), bytes.size(), out.data(), &length, sha256_algorithm(), nullptr) ==
         1);
  return Bytes(reinterpret_cast<const char*>(out.data()), length);
}

// RFC 2104, over EVP: HMAC() copies three contexts and fetches its algorithm anew, at three times
// the cost for a text as short as a string to sign.
Bytes hmac_sha256(BytesView key, BytesView bytes) {
  constexpr size_t kBlock = 64;
  const Bytes hashed = key.size() > kBlock ? sha256(key) : Bytes();
  const BytesView used = hashed.empty() ? key : BytesView(hashed);
  std::array<unsigned char, kBlock> pad{};
  std::array<unsigned char, 32> out{};
  const auto round = [&](unsigned char mask, const void* data, size_t size, EVP_MD_CTX* md) {
    pad.fill(mask);
    for (size_t i = 0; i < used.size(); ++i) pad[i] ^= static_cast<unsigned char>(used[i]);
    ASSERT(EVP_DigestInit_ex(md, sha256_algorithm(), nullptr) == 1);
    ASSERT(EVP_DigestUpdate(md, pad.data(), pad.size()) == 1);
    ASSERT(EVP_DigestUpdate(md, data, size) == 1);
    ASSERT(EVP_DigestFinal_ex(md, out.data(), nullptr) == 1);
  };
  const MdContext context;
  round(0x36, bytes.data(), bytes.size(), context.md);
  round(0x5c, out.data(), out.size(), context.md);
  OPENSSL_cleanse(pad.data(), pad.size());
  return Bytes(reinterpret_cast<const char*>(out.data()), out.size());
}

Bytes hmac_sha1(BytesView key, BytesView bytes) {
  constexpr size_t kBlock = 64;
  const auto hash = [](BytesView first, BytesView second) {
    Digest digest(DigestKind::sha1);
    digest.update(first);
    digest.update(second);
    return digest.finish();
  };
  Bytes block = key.size() > kBlock ? hash(key, {}) : Bytes(key);
  block.resize(kBlock, '\0');
  Bytes inner = block;
  for (char& c : inner) c = static_cast<char>(c ^ 0x36);
  for (char& c : block) c = static_cast<char>(c ^ 0x5c);
  Bytes out = hash(block, hash(inner, bytes));
  OPENSSL_cleanse(inner.data(), inner.size());
  OPENSSL_cleanse(block.data(), block.size());
  return out;
}

}  // namespace millrace
