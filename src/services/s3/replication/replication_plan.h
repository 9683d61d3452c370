// Which rules of a replication configuration a version falls under, and where to. Pure.
//
// Of the rules that match and name the same bucket the one of the highest priority counts.
// Source: S3 User Guide, "Replication configuration file elements".
#pragma once

#include <map>
#include <string>
#include <vector>

#include "services/s3/configurations.h"

namespace millrace::s3 {

// What of a version its rules look at.
struct Replicable {
  std::string_view key;
  bool marker = false;
  objects::Guard guard = objects::Guard::none;
  const std::map<std::string, std::string>* tags = nullptr;  // Null of a marker.
};

struct ReplicationTarget {
  std::string bucket;
  std::string storage_class;  // Empty: as the source's.
  std::string kms_key;        // Of what a key of KMS guards.
  std::string rule;
  bool changes_owner = false;
  bool operator==(const ReplicationTarget&) const = default;
};

// AWS: of what is under SSE-KMS only what a rule asks for is replicated; of markers as well. See
// put_bucket_replication.test.
std::vector<ReplicationTarget> replication_targets(const api::ReplicationConfiguration& rules,
                                                   const Replicable& version);

}  // namespace millrace::s3
