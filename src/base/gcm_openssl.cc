#include <openssl/evp.h>

#include <limits>

#include "base/gcm.h"
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

// One context for each direction, made when it is first needed, for most keys go one way: each
// keeps the expanded key, and a message sets only its nonce.
class OpensslGcm final : public Gcm {
 public:
  explicit OpensslGcm(BytesView key) : key_(Bytes(key)) {}
  ~OpensslGcm() override {
    EVP_CIPHER_CTX_free(sealing_);  // Wipes the key.
    EVP_CIPHER_CTX_free(opening_);
  }
  OpensslGcm(const OpensslGcm&) = delete;
  OpensslGcm& operator=(const OpensslGcm&) = delete;

  void seal(BytesView nonce, BytesView bound, BytesView plain, char* out) override;
  bool open(BytesView nonce, BytesView bound, BytesView text, const Tag& tag, char* out) override;

 private:
  EVP_CIPHER_CTX* sealing();
  EVP_CIPHER_CTX* opening();

  const Secret key_;
  EVP_CIPHER_CTX* sealing_ = nullptr;
  EVP_CIPHER_CTX* opening_ = nullptr;
};

EVP_CIPHER_CTX* OpensslGcm::sealing() {
  if (sealing_ != nullptr) return sealing_;
  sealing_ = EVP_CIPHER_CTX_new();
  ASSERT(sealing_ != nullptr);
  ASSERT(EVP_EncryptInit_ex2(sealing_, algorithm(), raw(key_.view()), nullptr, nullptr) == 1);
  return sealing_;
}

EVP_CIPHER_CTX* OpensslGcm::opening() {
  if (opening_ != nullptr) return opening_;
  opening_ = EVP_CIPHER_CTX_new();
  ASSERT(opening_ != nullptr);
  ASSERT(EVP_DecryptInit_ex2(opening_, algorithm(), raw(key_.view()), nullptr, nullptr) == 1);
  return opening_;
}

void OpensslGcm::seal(BytesView nonce, BytesView bound, BytesView plain, char* out) {
  EVP_CIPHER_CTX* const context = sealing();
  auto* const to = reinterpret_cast<unsigned char*>(out);
  constexpr int kTagBytes = Cipher::kTagBytes;
  int length = 0;
  ASSERT(EVP_EncryptInit_ex2(context, nullptr, nullptr, raw(nonce), nullptr) == 1);
  ASSERT(EVP_EncryptUpdate(context, nullptr, &length, raw(bound), length_of(bound)) == 1);
  ASSERT(EVP_EncryptUpdate(context, to, &length, raw(plain), length_of(plain)) == 1);
  ASSERT(EVP_EncryptFinal_ex(context, to + length, &length) == 1);
  ASSERT(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, kTagBytes, to + plain.size()) == 1);
}

bool OpensslGcm::open(BytesView nonce, BytesView bound, BytesView text, const Tag& tag, char* out) {
  EVP_CIPHER_CTX* const context = opening();
  auto* const to = reinterpret_cast<unsigned char*>(out);
  Tag expected = tag;
  constexpr int kTagBytes = Cipher::kTagBytes;
  int length = 0;
  ASSERT(EVP_DecryptInit_ex2(context, nullptr, nullptr, raw(nonce), nullptr) == 1);
  ASSERT(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, kTagBytes, expected.data()) == 1);
  ASSERT(EVP_DecryptUpdate(context, nullptr, &length, raw(bound), length_of(bound)) == 1);
  ASSERT(EVP_DecryptUpdate(context, to, &length, raw(text), length_of(text)) == 1);
  return EVP_DecryptFinal_ex(context, to + length, &length) == 1;
}

}  // namespace

std::unique_ptr<Gcm> make_openssl_gcm(BytesView key) { return std::make_unique<OpensslGcm>(key); }

}  // namespace millrace
