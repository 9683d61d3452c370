#include "services/s3/configurations.h"

namespace millrace::s3 {

Task<void> delete_bucket_replication(S3& s3, wire::Call& call, DeleteBucketReplicationRequest in) {
  CO_TRY(open_bucket(s3, call, in.bucket(), in.expected_bucket_owner()));
  const ConfigurationId id{in.bucket(), configuration::kReplication};
  co_return co_await erase_configuration(s3, id);
}

}  // namespace millrace::s3
