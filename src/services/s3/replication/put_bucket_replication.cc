#include "services/s3/configurations.h"
#include "services/s3/replication/replication_rules.h"

namespace millrace::s3 {

Task<void> put_bucket_replication(S3& s3, wire::Call& call, PutBucketReplicationRequest in) {
  CO_TRY(const objects::Bucket bucket,
         open_bucket(s3, call, in.bucket(), in.expected_bucket_owner()));
  if (in.has_token()) co_return fail(not_implemented("x-amz-bucket-object-lock-token"));
  const api::ReplicationConfiguration wanted = in.replication_configuration();
  CO_TRY(check_replication(s3, bucket, wanted));
  // AWS: a rule without an id gets one.
  size_t number = 0;
  for (const api::ReplicationRule rule : wanted.rules()) {
    if (!rule.has_id() || rule.id().empty()) rule.set_id(generated_id(call, number));
    ++number;
  }
  const ConfigurationId id{in.bucket(), configuration::kReplication};
  co_return co_await put_configuration(s3, id, wanted);
}

}  // namespace millrace::s3
