#include "services/s3/configurations.h"

namespace millrace::s3 {
namespace {

// AWS: one rule, whose default names an algorithm; a key goes with KMS only.
Result<void> check_rules(const api::ServerSideEncryptionConfiguration& configuration) {
  if (configuration.rules().size() != 1) return fail(problem(Problem::malformed_xml));
  const api::ServerSideEncryptionRule rule = configuration.rules()[0];
  if (!rule.has_apply_server_side_encryption_by_default()) {
    return fail(problem(Problem::malformed_xml));
  }
  const api::ServerSideEncryptionByDefault by_default =
      rule.apply_server_side_encryption_by_default();
  const std::string_view algorithm = by_default.sse_algorithm();
  if (algorithm == "aws:kms:dsse") return fail(not_implemented("Dual-layer encryption"));
  if (algorithm == "AES256" && by_default.has_kms_master_key_id()) {
    return fail(
        invalid_argument("a KMSMasterKeyID is not applicable if the default sse algorithm "
                         "is not aws:kms or aws:kms:dsse",
                         "ApplyServerSideEncryptionByDefault", algorithm));
  }
  return {};
}

}  // namespace

Task<void> put_bucket_encryption(S3& s3, wire::Call& call, PutBucketEncryptionRequest in) {
  CO_TRY(open_bucket(s3, call, in.bucket(), in.expected_bucket_owner()));
  const auto configuration = in.server_side_encryption_configuration();
  CO_TRY(check_rules(configuration));
  const ConfigurationId id{in.bucket(), configuration::kEncryption};
  co_return co_await put_configuration(s3, id, configuration);
}

}  // namespace millrace::s3
