#include "engines/policy/key_policies.h"
#include "services/kms/crypto/encryption.h"

namespace millrace::kms {
namespace {

// The alias that a request names, by itself or in an ARN of this realm.
std::string alias_in(const Realm& realm, std::string_view name) {
  if (!name.starts_with("arn:")) return std::string(name);
  const Arn arn = parse_arn(name);
  return Realm{arn.account, arn.region} == realm ? arn.resource : std::string();
}

}  // namespace

// AWS: describing the predefined alias of a service makes the key that it stands for. See
// describe_key.test.
Task<DescribeKeyResponse> describe_key(Kms& kms, wire::Call& call, DescribeKeyRequest in) {
  CO_TRY(check_grants(kms, in.grant_tokens()));
  const std::string alias = alias_in(call.realm, in.key_id());
  if (const auto description = description_of_service_key(alias)) {
    CO_TRY(co_await kms.keyring.platform_key(call.realm, alias, *description,
                                             policy::service_key_policy(call.realm, "s3")));
  }
  store::Txn txn = kms.db.begin();
  CO_TRY(const keys::MasterKey key, find_key(txn, call.realm, in.key_id()));
  auto out = call.make<DescribeKeyResponse>();
  write_metadata(out.make_key_metadata(), key);
  co_return out;
}

}  // namespace millrace::kms
