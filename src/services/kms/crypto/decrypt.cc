#include "services/kms/crypto/encryption.h"

namespace millrace::kms {

Task<DecryptResponse> decrypt(Kms& kms, wire::Call& call, DecryptRequest in) {
  CO_TRY(check_grants(kms, in.grant_tokens()));
  CO_TRY(check_recipient(in.has_recipient()));
  CO_TRY(check_algorithm(in.encryption_algorithm()));
  CO_TRY(const keys::Context context, context_of(in.encryption_context()));
  CO_TRY(const Opened opened,
         open_ciphertext(kms, call.realm, in.ciphertext_blob(), in.key_id(), context));
  CO_TRY(check_dry_run(in.dry_run()));
  auto out = call.make<DecryptResponse>();
  out.set_key_id(arn_of(opened.key));
  out.set_plaintext(opened.plain.view());
  out.set_encryption_algorithm("SYMMETRIC_DEFAULT");
  co_return out;
}

}  // namespace millrace::kms
