#include "services/kms/crypto/encryption.h"

namespace millrace::kms {

Task<ReEncryptResponse> re_encrypt(Kms& kms, wire::Call& call, ReEncryptRequest in) {
  CO_TRY(check_grants(kms, in.grant_tokens()));
  CO_TRY(check_algorithm(in.source_encryption_algorithm()));
  CO_TRY(check_algorithm(in.destination_encryption_algorithm()));
  CO_TRY(const keys::Context from, context_of(in.source_encryption_context()));
  CO_TRY(const keys::Context to, context_of(in.destination_encryption_context()));
  CO_TRY(const Opened opened,
         open_ciphertext(kms, call.realm, in.ciphertext_blob(), in.source_key_id(), from));
  CO_TRY(const keys::MasterKey key, usable_key(kms, call.realm, in.destination_key_id()));
  CO_TRY(check_dry_run(in.dry_run()));
  CO_TRY(const Bytes sealed, kms.keyring.seal(key, opened.plain.view(), to));
  auto out = call.make<ReEncryptResponse>();
  out.set_ciphertext_blob(sealed);
  out.set_source_key_id(arn_of(opened.key));
  out.set_key_id(arn_of(key));
  out.set_source_encryption_algorithm("SYMMETRIC_DEFAULT");
  out.set_destination_encryption_algorithm("SYMMETRIC_DEFAULT");
  co_return out;
}

}  // namespace millrace::kms
