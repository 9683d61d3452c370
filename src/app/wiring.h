// Platform: the whole process but for its command line. Reading wiring.cc tells what Millrace
// consists of and in which order it starts and stops.
//
// Threads: open(), start() and stop() from one thread that runs no loop.
#pragma once

#include <memory>
#include <string>

#include "app/config.h"
#include "runtime/clock.h"
#include "runtime/disk.h"
#include "runtime/random.h"
#include "store/faults.h"
#include "wire/pipeline/caller.h"
#include "wire/pipeline/directory.h"

namespace millrace::app {

// What the platform takes from outside. All outlive it.
struct Outside {
  runtime::Clock& clock;
  runtime::Random& random;
  runtime::Disk& disk;
  std::shared_ptr<store::FaultPlan> faults = nullptr;  // Tests only.
  bool scratch = false;                                // The clock may be moved over HTTP.
};

class Platform final {
 public:
  // Opens the data directory and makes everything; nothing runs yet.
  // Errors: conflict (another process uses it), denied, exhausted, invalid (credentials file).
  static Result<std::unique_ptr<Platform>> open(Config config, Outside outside);
  ~Platform();  // Stops, if it still runs.
  Platform(const Platform&) = delete;
  Platform& operator=(const Platform&) = delete;

  // Starts the background work and then the server. Errors: already_exists (port), denied.
  Result<void> start();
  // Drains: no new requests, those in flight end, background work stops.
  void stop();

  std::string url() const;      // http://127.0.0.1:4566; valid after start().
  const Account& root() const;  // The default account's key.
  const wire::Caller& caller() const;
  const wire::Directory& directory() const;
  // Ends when every event that was emitted has been handled; for tests.
  Result<void> drain_events();

 private:
  struct Parts;
  explicit Platform(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace millrace::app
