#include "base/gcm.h"
#include "base/result.h"

#ifdef __x86_64__
#include <intel-ipsec-mb.h>
#include <openssl/crypto.h>
#include <string.h>
#endif

namespace millrace {

#ifdef __x86_64__
namespace {

const uint8_t* raw(BytesView bytes) { return reinterpret_cast<const uint8_t*>(bytes.data()); }

// The library's functions for this processor, looked up once; only read afterwards. Null where it
// is not the ones for vectors of 512 bits: those for smaller ones gain too little to be wanted.
const IMB_MGR* find_functions() {
  IMB_MGR* const found = alloc_mb_mgr(0);
  if (found == nullptr) return nullptr;
  IMB_ARCH architecture = IMB_ARCH_NONE;
  init_mb_mgr_auto(found, &architecture);
  constexpr uint64_t kWanted = IMB_FEATURE_VAES | IMB_FEATURE_VPCLMULQDQ;
  const bool fit = architecture == IMB_ARCH_AVX512 && (found->features & kWanted) == kWanted;
  if (fit && imb_get_errno(found) == 0) return found;
  free_mb_mgr(found);
  return nullptr;
}

const IMB_MGR* functions() {
  static const IMB_MGR* const kFound = find_functions();
  return kFound;
}

class VectorGcm final : public Gcm {
 public:
  VectorGcm(const IMB_MGR& functions, BytesView key) : functions_(functions) {
    IMB_AES256_GCM_PRE(&functions_, raw(key), &key_);
  }
  ~VectorGcm() override {
    explicit_bzero(&key_, sizeof key_);
    explicit_bzero(&context_, sizeof context_);
  }
  VectorGcm(const VectorGcm&) = delete;
  VectorGcm& operator=(const VectorGcm&) = delete;

  void seal(BytesView nonce, BytesView bound, BytesView plain, char* out) override {
    auto* const to = reinterpret_cast<uint8_t*>(out);
    IMB_AES256_GCM_ENC(&functions_, &key_, &context_, to, raw(plain), plain.size(), raw(nonce),
                       raw(bound), bound.size(), to + plain.size(), Cipher::kTagBytes);
  }
  bool open(BytesView nonce, BytesView bound, BytesView text, const Tag& tag, char* out) override {
    Tag found{};
    IMB_AES256_GCM_DEC(&functions_, &key_, &context_, reinterpret_cast<uint8_t*>(out), raw(text),
                       text.size(), raw(nonce), raw(bound), bound.size(), found.data(),
                       found.size());
    return CRYPTO_memcmp(found.data(), tag.data(), tag.size()) == 0;
  }

 private:
  const IMB_MGR& functions_;
  gcm_key_data key_{};
  gcm_context_data context_{};
};

}  // namespace

std::unique_ptr<Gcm> make_vector_gcm(BytesView key) {
  const IMB_MGR* const found = functions();
  if (found == nullptr) return nullptr;
  return std::make_unique<VectorGcm>(*found, key);
}
#else
std::unique_ptr<Gcm> make_vector_gcm(BytesView) { return nullptr; }
#endif

}  // namespace millrace
