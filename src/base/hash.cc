// OpenSSL 3 calls its plain functions of SHA-256 deprecated; what takes their place costs more than
// hashing a short text does.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "base/hash.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/sha.h>

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
  Bytes out(SHA256_DIGEST_LENGTH, '\0');
  SHA256_CTX context;
  ASSERT(SHA256_Init(&context) == 1);
  ASSERT(SHA256_Update(&context, bytes.data(), bytes.size()) == 1);
  ASSERT(SHA256_Final(reinterpret_cast<unsigned char*>(out.data()), &context) == 1);
  return out;
}

// RFC 2104. HMAC() copies three contexts and fetches its algorithm anew.
Bytes hmac_sha256(BytesView key, BytesView bytes) {
  const Bytes hashed = key.size() > SHA256_CBLOCK ? sha256(key) : Bytes();
  const BytesView used = hashed.empty() ? key : BytesView(hashed);
  std::array<unsigned char, SHA256_CBLOCK> pad{};
  Bytes out(SHA256_DIGEST_LENGTH, '\0');
  SHA256_CTX context;
  const auto round = [&](unsigned char mask, BytesView text) {
    pad.fill(mask);
    for (size_t i = 0; i < used.size(); ++i) pad[i] ^= static_cast<unsigned char>(used[i]);
    ASSERT(SHA256_Init(&context) == 1);
    ASSERT(SHA256_Update(&context, pad.data(), pad.size()) == 1);
    ASSERT(SHA256_Update(&context, text.data(), text.size()) == 1);
    ASSERT(SHA256_Final(reinterpret_cast<unsigned char*>(out.data()), &context) == 1);
  };
  round(0x36, bytes);
  round(0x5c, out);
  OPENSSL_cleanse(pad.data(), pad.size());
  OPENSSL_cleanse(&context, sizeof context);
  return out;
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
