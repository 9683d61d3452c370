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

enum class FileOperation : uint8_t { create, append, sync, sync_directory, rename, remove, open };

enum class Fault : uint8_t {
  none,
  no_space,        // The operation does nothing and answers that the disk is full.
  io_error,        // The operation does nothing and answers an I/O error.
  short_write,     // append: half of the bytes are written, then the disk is full.
  too_many_files,  // The operation does nothing: the process has too many files open.
  read_only,       // The operation does nothing: the file system is read-only.
};

// Told of what happens to files: of changes of names before they are made, of syncs also after.
// Called from any thread.
class FileWatch {
 public:
  virtual ~FileWatch() = default;
  virtual void made(std::string_view path) = 0;  // After it.
  virtual void changing(std::string_view from, std::string_view to) = 0;
  virtual void removing(std::string_view path) = 0;
  virtual uint64_t syncing(std::string_view path) = 0;  // What synced() is told, should it succeed.
  virtual void synced(std::string_view path, uint64_t size) = 0;
  virtual void folder_synced(std::string_view path) = 0;
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

  // Before the plan is in use; `watch` outlives that. Null: nobody.
  void set_watch(FileWatch* watch) { watch_ = watch; }
  FileWatch* watch() const { return watch_; }

 private:
  static constexpr size_t kOperations = 7;
  FileWatch* watch_ = nullptr;
  std::atomic<std::shared_ptr<const Decide>> decide_;
  std::atomic<uint64_t> counts_[kOperations] = {};
};

// `disk` with the faults of `plan`; both outlive what is returned.
std::unique_ptr<runtime::Disk> make_faulty_disk(runtime::Disk& disk, FaultPlan& plan);

}  // namespace millrace::store
