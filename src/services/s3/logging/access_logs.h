// Server access logs: what was asked of buckets that have logging, as objects of their target.
//
// Lines wait in memory and are delivered in rounds on the clock, every hour, when a bucket has many
// of them, and when the platform stops. AWS: delivery is best effort; what a crash finds in memory
// is lost. See tests/conformance/s3_logging_test.py.
//
// Threads: thread-safe. subscribe() before the timers start; begin() before any request. Limits:
// kLinesBytesMax waiting bytes of a bucket; more are delivered at once, and dropped where that
// fails. Source: S3 User Guide, "Logging requests with server access logging".
#pragma once

#include <atomic>
#include <map>
#include <string>
#include <string_view>

#include "engines/objects/objects.h"
#include "runtime/locked.h"
#include "store/timers.h"

namespace millrace::s3 {

inline constexpr std::string_view kAccessLogTimer = "s3.access_logs";
inline constexpr size_t kLinesBytesMax = 1024 * 1024;

class AccessLogs final {
 public:
  struct World {
    objects::Objects& objects;
    store::Database& db;
    runtime::Clock& clock;
    runtime::Random& random;
  };
  // All outlive it.
  explicit AccessLogs(World world) : world_(world) {}

  void subscribe(store::Timers& timers);
  // Finds the buckets that have logging, and sets the timer where none is set. Errors: those of the
  // store.
  Task<void> begin();

  void watch(const std::string& bucket);
  // Whether lines of some bucket, of this bucket, may be wanted. The former costs nothing.
  bool watches_any() const { return any_; }
  bool watches(std::string_view bucket) const;
  // Keeps a line of a watched bucket.
  Task<void> note(std::string bucket, std::string line);

  // Whatever waits, now.
  Task<void> deliver();

 private:
  Task<void> round(store::Timer timer);
  Task<void> deliver_lines(std::string bucket, Bytes lines);

  World world_;
  std::atomic<bool> any_ = false;
  // The lines that wait, of each watched bucket.
  runtime::Locked<std::map<std::string, Bytes, std::less<>>> waiting_;
};

}  // namespace millrace::s3
