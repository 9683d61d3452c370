// RocksFiles: the machine's files as RocksDB sees them, with the faults of a FaultPlan.
//
// It reports every failed write as one that may be tried again. That is right here: after a failed
// write, DB::Resume() writes what is in memory to new, synced files and abandons the file that
// failed, so nothing depends on what a failed sync may have dropped. Thread-safe. Private to the
// module.
#pragma once

#include <rocksdb/file_system.h>

#include <atomic>
#include <memory>

#include "store/faults.h"

namespace millrace::store {

class RocksFiles final : public rocksdb::FileSystemWrapper {
 public:
  explicit RocksFiles(std::shared_ptr<FaultPlan> plan);

  // Whether a write has failed since the last call because the disk was full.
  bool take_disk_full() { return disk_full_.exchange(false); }

  const char* Name() const override { return "millrace"; }
  rocksdb::IOStatus NewWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* file,
                                    rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus NewDirectory(const std::string& path, const rocksdb::IOOptions& options,
                                 std::unique_ptr<rocksdb::FSDirectory>* directory,
                                 rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus RenameFile(const std::string& from, const std::string& to,
                               const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* debug) override;

  rocksdb::IOStatus DeleteFile(const std::string& path, const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* debug) override;

  FileWatch* watch() const { return plan_ == nullptr ? nullptr : plan_->watch(); }

  // The fault of this operation, or what the disk answered to `operate`.
  template <class Operate>
  rocksdb::IOStatus guarded(FileOperation operation, const std::string& path, Operate operate) {
    const Fault fault = plan_ == nullptr ? Fault::none : plan_->decide(operation, path);
    return report(fault == Fault::none ? operate() : failed(fault, path));
  }
  Fault decide_append(const std::string& path);
  rocksdb::IOStatus report(rocksdb::IOStatus status);
  static rocksdb::IOStatus failed(Fault fault, const std::string& path);

 private:
  std::shared_ptr<FaultPlan> plan_;
  std::atomic<bool> disk_full_ = false;
};

}  // namespace millrace::store
