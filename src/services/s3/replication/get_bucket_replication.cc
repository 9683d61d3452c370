#include "services/s3/configurations.h"

namespace millrace::s3 {

Task<GetBucketReplicationOutput> get_bucket_replication(S3& s3, wire::Call& call,
                                                        GetBucketReplicationRequest in) {
  CO_TRY(open_bucket(s3, call, in.bucket(), in.expected_bucket_owner()));
  const ConfigurationId id{in.bucket(), configuration::kReplication};
  CO_TRY(const auto found, find_configuration<api::ReplicationConfiguration>(s3, id, call.arena));
  if (!found) {
    co_return fail(problem(Problem::replication_configuration_not_found,
                           {{"BucketName", std::string(in.bucket())}}));
  }
  auto out = call.make<GetBucketReplicationOutput>();
  out.set_replication_configuration(found);
  co_return out;
}

}  // namespace millrace::s3
