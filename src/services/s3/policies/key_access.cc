// Who may use a key of KMS through S3.
#include <fmt/format.h>

#include "engines/keys/grants.h"
#include "engines/policy/key_policies.h"
#include "services/s3/encryption/data_keys.h"
#include "services/s3/policies/authorize.h"
#include "services/s3/policies/request_context.h"

namespace millrace::s3 {

Result<void> authorize_kms_key(const S3& s3, const wire::Call& call, const KeyUse& use) {
  const Arn arn = parse_arn(use.key_arn);
  const Realm realm{arn.account, arn.region};
  const Result<keys::MasterKey> key = find_kms_key(s3.keyring, realm, use.key_arn);
  if (!key && key.error().kind == ErrorKind::not_found) return {};
  if (!key) return fail(key.error());
  TRY(policy::Subject subject, subject_of(s3, call));
  policy::Request request{.subject = std::move(subject),
                          .action = std::string(use.action),
                          .resource = std::string(use.key_arn),
                          .resource_account = realm.account};
  TRY(policy::Policies policies, s3.permissions.of(request.subject));
  const bool service = key->maker == keys::Maker::platform;
  TRY(policies.resource,
      s3.permissions.parsed(service ? policy::service_key_policy(realm, "s3") : key->policy));
  policies.resource_rules = true;
  add_request(request.context, s3, call, realm.account);
  request.context.set("kms:ViaService", fmt::format("s3.{}.amazonaws.com", realm.region));
  request.context.set("kms:CallerAccount", call.principal.account);
  request.context.set("kms:EncryptionContext:aws:s3:arn",
                      bucket_arn(use.bucket, use.wide ? std::string_view() : use.key));
  TRY(s3.permissions.describe(request.subject, request.context));
  const policy::Decision decision = policy::evaluate(policies, request);
  if (decision.allowed) return {};
  if (!decision.explicit_deny) {
    const keys::Context context{
        {"aws:s3:arn", bucket_arn(use.bucket, use.wide ? std::string_view() : use.key)}};
    constexpr std::string_view kService = "kms:";
    store::Txn txn = s3.db.begin();
    TRY(const bool granted, keys::is_granted(txn, *key,
                                             {.principal = request.subject.arn,
                                              .role = request.subject.role_arn,
                                              .operation = use.action.substr(kService.size()),
                                              .context = &context}));
    if (granted) return {};
  }
  return fail(denial(request, decision));
}

}  // namespace millrace::s3
