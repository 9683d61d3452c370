#include "store/rocks_clock.h"

#include <chrono>
#include <utility>

#include "store/rocks_files.h"

namespace millrace::store {
namespace {

class RocksEnv final : public rocksdb::EnvWrapper {
 public:
  RocksEnv(std::shared_ptr<RocksFiles> files, std::shared_ptr<RocksClock> clock)
      : EnvWrapper(rocksdb::NewCompositeEnv(files)) {
    file_system_ = std::move(files);
    system_clock_ = std::move(clock);
  }
};

}  // namespace

void RocksClock::SleepForMicroseconds(int micros) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, std::chrono::microseconds(micros), [this] { return hurried_; });
}

void RocksClock::hurry(bool on) {
  {
    const std::lock_guard lock(mutex_);
    hurried_ = on;
  }
  changed_.notify_all();
}

std::unique_ptr<rocksdb::Env> make_rocks_env(std::shared_ptr<RocksFiles> files,
                                             std::shared_ptr<RocksClock> clock) {
  return std::make_unique<RocksEnv>(std::move(files), std::move(clock));
}

}  // namespace millrace::store
