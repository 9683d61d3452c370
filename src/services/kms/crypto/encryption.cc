#include "services/kms/crypto/encryption.h"

#include <fmt/format.h>

namespace millrace::kms {

constexpr std::string_view kAlgorithm = "SYMMETRIC_DEFAULT";

Result<keys::Context> context_of(const wire::Map<std::string_view>& given) {
  keys::Context out;
  size_t bytes = 0;
  for (size_t i = 0; i < given.size(); ++i) {
    bytes += given.key(i).size() + given.value(i).size();
    out.emplace(given.key(i), given.value(i));
  }
  if (bytes <= kContextBytesMax) return out;
  return fail(errors::validation(
      fmt::format("The encryption context is larger than {} bytes", kContextBytesMax)));
}

Result<void> check_algorithm(std::string_view algorithm) {
  if (algorithm.empty() || algorithm == kAlgorithm) return {};
  return fail(errors::invalid_key_usage(
      fmt::format("Algorithm {} and key spec SYMMETRIC_DEFAULT are incompatible.", algorithm)));
}

Result<void> check_recipient(bool given) {
  if (!given) return {};
  return fail(unsupported("Recipient is not supported: there are no enclaves."));
}

Result<void> check_dry_run(bool dry_run) {
  if (!dry_run) return {};
  return fail(
      errors::dry_run_operation("The request would have succeeded, but the DryRun option is set."));
}

Result<keys::MasterKey> usable_key(const Kms& kms, const Realm& realm, std::string_view name) {
  store::Txn txn = kms.db.begin();
  TRY(keys::MasterKey key, find_key(txn, realm, name));
  TRY(check_usable(key));
  return key;
}

// AWS: says the same of a key that is not here and of one that may not be used, so that a
// ciphertext does not tell whose it is. See decrypt.test.
Result<Opened> open_ciphertext(const Kms& kms, const Realm& realm, BytesView blob,
                               std::string_view key_name, const keys::Context& context) {
  const auto ciphertext = keys::parse_ciphertext(blob);
  if (!ciphertext) return fail(errors::invalid_ciphertext(""));
  store::Txn txn = kms.db.begin();
  Realm owner = realm;
  if (!key_name.empty()) {
    TRY(const keys::MasterKey named, find_key(txn, realm, key_name));
    owner = named.realm;
    if (named.id != ciphertext->key_id) {
      return fail(errors::incorrect_key(
          "The key ID in the request does not identify a CMK that can perform this operation."));
    }
  }
  TRY(std::optional<keys::MasterKey> key, txn.find(keys::kMasterKeys, {owner, ciphertext->key_id}));
  if (!key) {
    return fail(Error{ErrorKind::denied,
                      "The ciphertext refers to a customer master key that does not exist, does "
                      "not exist in this region, or you are not allowed to access.",
                      "AccessDeniedException", 400});
  }
  TRY(check_usable(*key));
  Result<Secret> plain = kms.keyring.open(*key, *ciphertext, context);
  if (!plain && plain.error().kind == ErrorKind::invalid) {
    return fail(errors::invalid_ciphertext(""));
  }
  TRY(Secret opened, std::move(plain));
  return Opened{std::move(*key), std::move(opened)};
}

}  // namespace millrace::kms
