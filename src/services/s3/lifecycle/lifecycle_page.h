// What is due among the versions of a bucket, as they are listed: page by page, by key, from the
// newest version of each to the oldest.
//
// A version is planned when the one behind it has been seen, since a delete marker that covers
// nothing is known only then. Belongs to one task.
#pragma once

#include "engines/objects/classes.h"
#include "services/s3/lifecycle/lifecycle_plan.h"

namespace millrace::s3 {

// In the order of the listing.
struct LifecycleWork {
  std::vector<objects::RemoveRequest> removals;
  std::vector<objects::MoveRequest> moves;
};

class LifecyclePage final {
 public:
  // All outlive it.
  LifecyclePage(const objects::Objects& objects, const objects::Bucket& bucket,
                const LifecycleRules& rules, Time now)
      : objects_(objects), bucket_(bucket), rules_(rules), now_(now) {}

  // The next version of the listing. Errors: those of Objects::describe().
  Result<void> see(const objects::Entry& entry);
  // Behind the last one.
  Result<void> finish();
  // What was planned since the last call.
  LifecycleWork take() { return std::exchange(work_, {}); }
  // The last key of which every version was planned; empty where there is none.
  const std::string& done_key() const { return done_key_; }

 private:
  Result<void> plan(bool another_follows);

  const objects::Objects& objects_;
  const objects::Bucket& bucket_;
  const LifecycleRules& rules_;
  const Time now_;
  LifecycleWork work_;
  std::optional<objects::Entry> held_;  // Seen, not planned.
  std::optional<Time> superseded_;      // Of held_, when the one before it came.
  int64_t newer_noncurrent_ = 0;        // Of held_.
  std::string done_key_;
};

}  // namespace millrace::s3
