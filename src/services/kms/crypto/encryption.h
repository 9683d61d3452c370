// What the cryptographic operations have in common: reading their parameters, and sealing.
#pragma once

#include <string_view>

#include "services/kms/kms.h"

namespace millrace::kms {

// The encryption context of a request. Errors: ValidationException (too large).
Result<keys::Context> context_of(const wire::Map<std::string_view>& given);

// The parameters that few have, refused where they would change the answer.
// Grants count from their commit on, so that tokens only need to be some grant's.
// Errors: InvalidGrantTokenException.
Result<void> check_grants(const Kms& kms, const wire::List<std::string_view>& tokens);
// Errors: InvalidKeyUsageException (an algorithm of asymmetric keys).
Result<void> check_algorithm(std::string_view algorithm);
// Errors: UnsupportedOperationException (an attested enclave).
Result<void> check_recipient(bool given);
// Errors: DryRunOperationException, where all else was well.
Result<void> check_dry_run(bool dry_run);

// The key of the request, fit for use. Errors: those of find_key() and check_usable().
Result<keys::MasterKey> usable_key(const Kms& kms, const Realm& realm, std::string_view name);

struct Opened {
  keys::MasterKey key;
  Secret plain;
};
// `key_name` may be empty. Errors: InvalidCiphertextException, IncorrectKeyException,
// AccessDeniedException (its key is not here), those of usable_key().
Result<Opened> open_ciphertext(const Kms& kms, const Realm& realm, BytesView blob,
                               std::string_view key_name, const keys::Context& context);

struct DataKey {
  keys::MasterKey key;
  Secret plain;
  Bytes sealed;
};

// GenerateDataKey and GenerateDataKeyWithoutPlaintext ask alike.
template <class In>
Result<DataKey> make_data_key(const Kms& kms, const Realm& realm, const In& in) {
  TRY(check_grants(kms, in.grant_tokens()));
  TRY(const keys::Context context, context_of(in.encryption_context()));
  if (in.has_key_spec() == in.has_number_of_bytes()) {
    return fail(errors::validation("Please specify either number of bytes or key spec."));
  }
  int64_t size = in.number_of_bytes();
  if (in.has_key_spec()) size = in.key_spec() == "AES_128" ? 16 : 32;
  TRY(keys::MasterKey key, usable_key(kms, realm, in.key_id()));
  TRY(check_dry_run(in.dry_run()));
  Secret plain;
  const auto bytes = static_cast<size_t>(size);
  kms.keyring.random().fill(plain.resize(bytes), bytes);
  TRY(Bytes sealed, kms.keyring.seal(key, plain.view(), context));
  return DataKey{std::move(key), std::move(plain), std::move(sealed)};
}

}  // namespace millrace::kms
