// The lifecycle's round: once a day, at midnight UTC, every bucket that has rules is walked, and
// what is due is done (lifecycle_plan.h says what).
//
// A round is a timer, so that it survives the process, and a clock that is moved on brings it on.
// It goes from bucket to bucket and from key to key; where it stands is a row, written after each
// page, so a round that was interrupted goes on from there. What it does is repeatable: a version
// that is gone or has changed meanwhile is passed over, and so is one that is locked.
//
// AWS applies rules within some hours of midnight; here the round begins with it.
// Threads: subscribe() before the timers start; the round runs on their loop. Limits: as many
// versions or uploads at a time as a page of the engine has; the removals of one are one commit.
#pragma once

#include <tuple>

#include "services/s3/lifecycle/lifecycle_page.h"
#include "store/timers.h"

namespace millrace::s3 {

class AccessLogs;

inline constexpr std::string_view kLifecycleTimer = "s3.lifecycle";

// Where a round stands; gone when it has ended.
struct LifecycleProgress {
  std::string bucket;     // The one that is being walked.
  std::string after_key;  // Keys up to it are done.

  using Key = std::tuple<std::string>;
  Key key() const { return {std::string(kLifecycleTimer)}; }
  template <class Self, class Visitor>
  static void fields(Self& self, Visitor& v) {
    v(1, self.bucket);
    v(2, self.after_key);
  }
};
inline constexpr store::Table<LifecycleProgress> kLifecycleProgress{"s3.lifecycle_progress"};

class LifecycleRounds final {
 public:
  // All outlive it; it outlives the timers. `logs` may be null: nobody keeps lines of what is done.
  LifecycleRounds(objects::Objects& objects, store::Database& db, runtime::Clock& clock,
                  AccessLogs* logs = nullptr);

  void subscribe(store::Timers& timers);
  // Sets the timer of the next midnight where none is set. Before the timers start.
  // Errors: those of the store.
  Task<void> begin();

 private:
  Task<void> round(store::Timer timer);
  Task<void> walk_versions(LifecycleProgress progress, LifecycleRules rules, Time now);
  Task<void> walk_uploads(std::string bucket, LifecycleRules rules, Time now);
  Task<void> save(LifecycleProgress progress);

  Task<void> carry_out(std::string bucket, LifecycleWork work);
  bool is_logged(std::string_view bucket) const;
  Task<void> log_removals(std::string bucket, std::vector<Result<objects::Removal>> removals);
  Task<void> log_moves(std::string bucket, std::vector<objects::MoveRequest> moves);
  Task<void> log_abort(objects::Upload upload);

  objects::Objects& objects_;
  store::Database& db_;
  runtime::Clock& clock_;
  AccessLogs* logs_;
  objects::StorageClasses classes_;
};

}  // namespace millrace::s3
