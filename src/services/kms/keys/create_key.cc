#include <fmt/format.h>

#include "engines/policy/key_policies.h"
#include "services/kms/policies/access.h"
#include "services/kms/tags/tags.h"

namespace millrace::kms {
namespace {

constexpr std::string_view kSymmetric = "SYMMETRIC_DEFAULT";

// What is not served is refused by its name.
Result<void> check_kind(const CreateKeyRequest& in) {
  if (in.has_key_spec() && in.has_customer_master_key_spec()) {
    return fail(errors::validation(
        "You cannot specify KeySpec and CustomerMasterKeySpec in the same request. "
        "CustomerMasterKeySpec is deprecated."));
  }
  const std::string_view spec = in.key_spec(in.customer_master_key_spec(kSymmetric));
  if (spec != kSymmetric)
    return fail(unsupported(fmt::format("KeySpec {} is not supported", spec)));
  const std::string_view usage = in.key_usage("ENCRYPT_DECRYPT");
  if (usage != "ENCRYPT_DECRYPT") {
    return fail(errors::validation(
        fmt::format("KeyUsage {} is not compatible with KeySpec {}", usage, kSymmetric)));
  }
  if (in.has_custom_key_store_id() || in.has_xks_key_id()) {
    return fail(unsupported("There are no custom key stores."));
  }
  const std::string_view origin = in.origin("AWS_KMS");
  if (origin != "AWS_KMS") {
    return fail(unsupported(fmt::format("Origin {} is not supported", origin)));
  }
  if (in.multi_region()) return fail(unsupported("Multi-Region keys are not supported"));
  return {};
}

}  // namespace

// DIVERGES: asymmetric, HMAC, imported, multi-Region and custom-store keys are refused
// (UnsupportedOperationException).
Task<CreateKeyResponse> create_key(Kms& kms, wire::Call& call, CreateKeyRequest in) {
  CO_TRY(check_kind(in));
  keys::MasterKey key = kms.keyring.make_key(call.realm);
  key.description = in.description();
  key.policy =
      in.has_policy() ? std::string(in.policy()) : policy::default_key_policy(call.realm.account);
  CO_TRY(check_policy(key.policy));
  if (!in.bypass_policy_lockout_safety_check()) CO_TRY(check_lockout(kms, call, key));
  CO_TRY(merge_tags(key.tags, in.tags()));
  store::Txn txn = kms.db.begin();
  CO_TRY(keys::Keyring::put(txn, key));
  CO_TRY(co_await txn.commit());
  auto out = call.make<CreateKeyResponse>();
  write_metadata(out.make_key_metadata(), key);
  co_return out;
}

}  // namespace millrace::kms
