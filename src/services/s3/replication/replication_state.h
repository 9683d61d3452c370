// What replication has done about a version, and what a change asks of it.
//
// A version of a bucket with replication rules has a row from the commit that makes it, so that
// x-amz-replication-status is there from the first answer on; the same commit emits the event that
// replication_run.h carries out. The row goes with the version. Threads: as Txn.
// AWS: what versions there were before the rules has no status and is not replicated.
// Source: S3 User Guide, "Getting replication status information".
#pragma once

#include <string>
#include <string_view>
#include <tuple>

#include "services/s3/s3.h"

namespace millrace::s3 {

enum class ReplicationState : uint8_t {
  none = 0,
  pending = 1,
  completed = 2,
  failed = 3,
  replica = 4
};

struct VersionReplication {
  std::string bucket, object_key, version;
  ReplicationState state = ReplicationState::none;

  using Key = std::tuple<std::string, std::string, std::string>;
  Key key() const { return {bucket, object_key, version}; }
  template <class Self, class Visitor>
  static void fields(Self& self, Visitor& v) {
    v(1, self.bucket);
    v(2, self.object_key);
    v(3, self.version);
    v(4, self.state);
  }
};
inline constexpr store::Table<VersionReplication> kVersionReplications{"s3.version_replications"};

inline constexpr std::string_view kReplicationSource = "millrace.s3.replication";
// The operation of a cause: whose changes are not replicated on.
inline constexpr std::string_view kReplicationCause = "Replication";

// Within the transaction of the change. Errors: internal.
Result<void> note_replication(store::Txn& txn, const objects::Change& change);

// PENDING, COMPLETED, FAILED, REPLICA; empty where there is none. Errors: internal.
Result<std::string_view> replication_status(store::Database& db, const objects::Entry& entry);

template <class Out>
Result<void> write_replication(const S3& s3, const Out& out, const objects::Entry& entry) {
  TRY(const std::string_view status, replication_status(s3.db, entry));
  if (!status.empty()) out.set_replication_status(status);
  return {};
}

}  // namespace millrace::s3
