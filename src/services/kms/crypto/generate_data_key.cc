#include "services/kms/crypto/encryption.h"

namespace millrace::kms {

Task<GenerateDataKeyResponse> generate_data_key(Kms& kms, wire::Call& call,
                                                GenerateDataKeyRequest in) {
  CO_TRY(check_recipient(in.has_recipient()));
  CO_TRY(const DataKey made, make_data_key(kms, call.realm, in));
  auto out = call.make<GenerateDataKeyResponse>();
  out.set_ciphertext_blob(made.sealed);
  out.set_plaintext(made.plain.view());
  out.set_key_id(arn_of(made.key));
  co_return out;
}

}  // namespace millrace::kms
