// The rules of a replication configuration, checked as AWS checks them.
// Source: S3 User Guide, "Replication configuration file elements"; PutBucketReplication.
// Limits: kReplicationRulesMax rules of a bucket.
#pragma once

#include "services/s3/s3.h"

namespace millrace::s3 {

inline constexpr size_t kReplicationRulesMax = 1000;

// Also whether source and destinations keep versions. Errors: InvalidArgument, InvalidRequest,
// MalformedXML, NotImplemented (what Millrace would not do).
Result<void> check_replication(const S3& s3, const objects::Bucket& source,
                               const api::ReplicationConfiguration& configuration);

}  // namespace millrace::s3
