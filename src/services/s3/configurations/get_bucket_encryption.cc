#include "services/s3/configurations.h"

namespace millrace::s3 {

// AWS: a bucket without a configuration of its own encrypts with SSE-S3, and says so.
Task<GetBucketEncryptionOutput> get_bucket_encryption(S3& s3, wire::Call& call,
                                                      GetBucketEncryptionRequest in) {
  CO_TRY(open_bucket(s3, call, in.bucket(), in.expected_bucket_owner()));
  const ConfigurationId id{in.bucket(), configuration::kEncryption};
  CO_TRY(const auto found,
         find_configuration<api::ServerSideEncryptionConfiguration>(s3, id, call.arena));
  auto out = call.make<GetBucketEncryptionOutput>();
  if (found) {
    out.set_server_side_encryption_configuration(found);
    for (const api::ServerSideEncryptionRule rule : found.rules()) {
      if (!rule.has_bucket_key_enabled()) rule.set_bucket_key_enabled(false);
    }
    co_return out;
  }
  const auto rule = out.make_server_side_encryption_configuration().make_rules().append();
  rule.make_apply_server_side_encryption_by_default().set_sse_algorithm("AES256");
  rule.set_bucket_key_enabled(false);
  co_return out;
}

}  // namespace millrace::s3
