#include "services/kms/crypto/encryption.h"

namespace millrace::kms {

Task<GenerateDataKeyWithoutPlaintextResponse> generate_data_key_without_plaintext(
    Kms& kms, wire::Call& call, GenerateDataKeyWithoutPlaintextRequest in) {
  CO_TRY(const DataKey made, make_data_key(kms, call.realm, in));
  auto out = call.make<GenerateDataKeyWithoutPlaintextResponse>();
  out.set_ciphertext_blob(made.sealed);
  out.set_key_id(arn_of(made.key));
  co_return out;
}

}  // namespace millrace::kms
