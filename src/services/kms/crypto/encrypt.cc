#include "services/kms/crypto/encryption.h"

namespace millrace::kms {

Task<EncryptResponse> encrypt(Kms& kms, wire::Call& call, EncryptRequest in) {
  CO_TRY(check_grants(kms, in.grant_tokens()));
  CO_TRY(const keys::Context context, context_of(in.encryption_context()));
  CO_TRY(const keys::MasterKey key, usable_key(kms, call.realm, in.key_id()));
  CO_TRY(check_algorithm(in.encryption_algorithm()));
  CO_TRY(check_dry_run(in.dry_run()));
  CO_TRY(const Bytes sealed, kms.keyring.seal(key, in.plaintext(), context));
  auto out = call.make<EncryptResponse>();
  out.set_ciphertext_blob(sealed);
  out.set_key_id(arn_of(key));
  out.set_encryption_algorithm("SYMMETRIC_DEFAULT");
  co_return out;
}

}  // namespace millrace::kms
