#include "store/rocks_files.h"

#include <utility>

namespace millrace::store {
namespace {

using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;

class GuardedFile final : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  GuardedFile(std::unique_ptr<rocksdb::FSWritableFile> file, RocksFiles& files, std::string path)
      : FSWritableFileOwnerWrapper(std::move(file)), files_(files), path_(std::move(path)) {}

  IOStatus Append(const Slice& data, const IOOptions& options, IODebugContext* debug) override {
    const Fault fault = files_.decide_append(path_);
    if (fault == Fault::none) return files_.report(target()->Append(data, options, debug));
    return fail_append(fault, data, options, debug);
  }
  IOStatus Append(const Slice& data, const IOOptions& options,
                  const rocksdb::DataVerificationInfo& verification,
                  IODebugContext* debug) override {
    const Fault fault = files_.decide_append(path_);
    if (fault == Fault::none) {
      return files_.report(target()->Append(data, options, verification, debug));
    }
    return fail_append(fault, data, options, debug);
  }
  IOStatus Flush(const IOOptions& options, IODebugContext* debug) override {
    return files_.report(target()->Flush(options, debug));
  }
  IOStatus Close(const IOOptions& options, IODebugContext* debug) override {
    return files_.report(target()->Close(options, debug));
  }
  IOStatus Sync(const IOOptions& options, IODebugContext* debug) override {
    return files_.guarded(FileOperation::sync, path_, [&] {
      return watched_sync([&] { return target()->Sync(options, debug); });
    });
  }
  IOStatus Fsync(const IOOptions& options, IODebugContext* debug) override {
    return files_.guarded(FileOperation::sync, path_, [&] {
      return watched_sync([&] { return target()->Fsync(options, debug); });
    });
  }

 private:
  template <class Sync>
  IOStatus watched_sync(Sync sync) {
    FileWatch* const watch = files_.watch();
    const uint64_t size = watch == nullptr ? 0 : watch->syncing(path_);
    IOStatus status = sync();
    if (status.ok() && watch != nullptr) watch->synced(path_, size);
    return status;
  }

  IOStatus fail_append(Fault fault, const Slice& data, const IOOptions& options,
                       IODebugContext* debug) {
    if (fault == Fault::short_write) {
      const Slice half(data.data(), data.size() / 2);
      const IOStatus written = target()->Append(half, options, debug);
      if (!written.ok()) return files_.report(written);
    }
    return files_.report(RocksFiles::failed(fault, path_));
  }

  RocksFiles& files_;
  std::string path_;
};

class GuardedDirectory final : public rocksdb::FSDirectoryWrapper {
 public:
  GuardedDirectory(std::unique_ptr<rocksdb::FSDirectory>&& directory, RocksFiles& files,
                   std::string path)
      : FSDirectoryWrapper(std::move(directory)), files_(files), path_(std::move(path)) {}

  IOStatus Fsync(const IOOptions& options, IODebugContext* debug) override {
    return files_.guarded(FileOperation::sync_directory, path_,
                          [&] { return told(FSDirectoryWrapper::Fsync(options, debug)); });
  }
  IOStatus FsyncWithDirOptions(const IOOptions& options, IODebugContext* debug,
                               const rocksdb::DirFsyncOptions& what) override {
    return files_.guarded(FileOperation::sync_directory, path_, [&] {
      return told(FSDirectoryWrapper::FsyncWithDirOptions(options, debug, what));
    });
  }

 private:
  IOStatus told(IOStatus status) {
    if (status.ok() && files_.watch() != nullptr) files_.watch()->folder_synced(path_);
    return status;
  }

  RocksFiles& files_;
  std::string path_;
};

}  // namespace

RocksFiles::RocksFiles(std::shared_ptr<FaultPlan> plan)
    : FileSystemWrapper(rocksdb::FileSystem::Default()), plan_(std::move(plan)) {}

IOStatus RocksFiles::NewWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                                     std::unique_ptr<rocksdb::FSWritableFile>* file,
                                     IODebugContext* debug) {
  std::unique_ptr<rocksdb::FSWritableFile> opened;
  IOStatus status = guarded(FileOperation::create, path, [&] {
    return target()->NewWritableFile(path, options, &opened, debug);
  });
  if (!status.ok()) return status;
  if (watch() != nullptr) watch()->made(path);
  *file = std::make_unique<GuardedFile>(std::move(opened), *this, path);
  return status;
}

IOStatus RocksFiles::NewDirectory(const std::string& path, const IOOptions& options,
                                  std::unique_ptr<rocksdb::FSDirectory>* directory,
                                  IODebugContext* debug) {
  std::unique_ptr<rocksdb::FSDirectory> opened;
  IOStatus status = target()->NewDirectory(path, options, &opened, debug);
  if (status.ok()) *directory = std::make_unique<GuardedDirectory>(std::move(opened), *this, path);
  return status;
}

IOStatus RocksFiles::RenameFile(const std::string& from, const std::string& to,
                                const IOOptions& options, IODebugContext* debug) {
  return guarded(FileOperation::rename, to, [&] {
    if (watch() != nullptr) watch()->changing(from, to);
    return target()->RenameFile(from, to, options, debug);
  });
}

IOStatus RocksFiles::DeleteFile(const std::string& path, const IOOptions& options,
                                IODebugContext* debug) {
  return guarded(FileOperation::remove, path, [&] {
    if (watch() != nullptr) watch()->removing(path);
    return target()->DeleteFile(path, options, debug);
  });
}

Fault RocksFiles::decide_append(const std::string& path) {
  return plan_ == nullptr ? Fault::none : plan_->decide(FileOperation::append, path);
}

IOStatus RocksFiles::report(IOStatus status) {
  if (status.ok() || !status.IsIOError()) return status;
  // RocksDB waits by itself for space to return, some seconds at a time; as a plain error that may
  // be tried again, the writer decides when to go on.
  if (status.IsNoSpace()) {
    disk_full_ = true;
    status = IOStatus::IOError(status.ToString());
  }
  status.SetRetryable(true);
  return status;
}

IOStatus RocksFiles::failed(Fault fault, const std::string& path) {
  if (fault == Fault::io_error) return IOStatus::IOError("input/output error", path);
  if (fault == Fault::read_only) return IOStatus::IOError("Read-only file system", path);
  if (fault == Fault::too_many_files) return IOStatus::IOError("Too many open files", path);
  return IOStatus::NoSpace("no space left on device", path);
}

}  // namespace millrace::store
