// FaultPlan: which file operations of the store fail, and how; ordinary input of tests.
//
// Database::Options::faults and FaultyDisk take one. Thread-safe.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include "runtime/disk.h"

namespace millrace::store {

enum class FileOperation : uint8_t { create, append, sync, sync_directory, rename, remove };

enum class Fault : uint8_t {
  none,
  no_space,     // The operation does nothing and answers that the disk is full.
  io_error,     // The operation does nothing and answers an I/O error.
  short_write,  // append: half of the bytes are written, then the disk is full.
};

class FaultPlan final {
 public:
  using Decide = std::function<Fault(FileOperation operation, std::string_view path)>;

  // What happens from now on. Called with every operation, from any thread, before it is done; it
  // may also end the process, which is how a crash at the n-th sync is made.
  void set(Decide decide);
  void clear();

  Fault decide(FileOperation operation, std::string_view path);

  // How many operations of the kind were asked for.
  uint64_t count(FileOperation operation) const;

 private:
  static constexpr size_t kOperations = 6;
  std::atomic<std::shared_ptr<const Decide>> decide_;
  std::atomic<uint64_t> counts_[kOperations] = {};
};

// `disk` with the faults of `plan`; both outlive what is returned.
std::unique_ptr<runtime::Disk> make_faulty_disk(runtime::Disk& disk, FaultPlan& plan);

}  // namespace millrace::store
