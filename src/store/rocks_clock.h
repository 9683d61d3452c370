// RocksClock: the machine's clock as RocksDB sees it, whose sleeps can be cut short.
//
// RocksDB sleeps a second after a compaction that failed, and who calls DB::Resume() waits for
// that. Thread-safe. Private to the module.
#pragma once

#include <rocksdb/env.h>
#include <rocksdb/system_clock.h>

#include <condition_variable>
#include <memory>
#include <mutex>

namespace millrace::store {

class RocksFiles;

class RocksClock final : public rocksdb::SystemClockWrapper {
 public:
  RocksClock() : SystemClockWrapper(rocksdb::SystemClock::Default()) {}
  const char* Name() const override { return "millrace"; }

  void SleepForMicroseconds(int micros) override;
  // From now on nobody sleeps, until the opposite is said.
  void hurry(bool on);

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool hurried_ = false;
};

// The machine as RocksDB sees it: these files, this clock.
std::unique_ptr<rocksdb::Env> make_rocks_env(std::shared_ptr<RocksFiles> files,
                                             std::shared_ptr<RocksClock> clock);

}  // namespace millrace::store
