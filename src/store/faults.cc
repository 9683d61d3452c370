#include "store/faults.h"

#include <utility>

namespace millrace::store {
namespace {

std::unexpected<Error> failed(Fault fault, std::string_view call, const std::string& path) {
  std::string message = std::string(call) + " " + path;
  if (fault == Fault::io_error) return fail(ErrorKind::internal, message + ": input/output error");
  if (fault == Fault::read_only) {
    return fail(ErrorKind::denied, message + ": Read-only file system");
  }
  if (fault == Fault::too_many_files) {
    return fail(ErrorKind::exhausted, message + ": Too many open files");
  }
  return fail(ErrorKind::exhausted, message + ": no space left on device");
}

class FaultyFile final : public runtime::File {
 public:
  FaultyFile(std::unique_ptr<runtime::File> file, FaultPlan& plan, std::string path)
      : file_(std::move(file)), plan_(plan), path_(std::move(path)) {}

  Result<size_t> read_at(uint64_t offset, char* bytes, size_t size) override {
    return file_->read_at(offset, bytes, size);
  }
  Result<size_t> read_cached(uint64_t offset, char* bytes, size_t size) override {
    return file_->read_cached(offset, bytes, size);
  }
  Result<void> write_at(uint64_t offset, BytesView bytes) override {
    const Fault fault = plan_.decide(FileOperation::append, path_);
    if (fault == Fault::none) return file_->write_at(offset, bytes);
    if (fault == Fault::short_write) {
      TRY(file_->write_at(offset, bytes.substr(0, bytes.size() / 2)));
    }
    return failed(fault, "write", path_);
  }
  Result<void> sync() override {
    const Fault fault = plan_.decide(FileOperation::sync, path_);
    if (fault != Fault::none) return failed(fault, "sync", path_);
    FileWatch* const watch = plan_.watch();
    const uint64_t size = watch == nullptr ? 0 : watch->syncing(path_);
    TRY(file_->sync());
    if (watch != nullptr) watch->synced(path_, size);
    return {};
  }
  void begin_writeback(uint64_t offset, uint64_t length) override {
    file_->begin_writeback(offset, length);
  }
  Result<uint64_t> size() override { return file_->size(); }
  Result<void> truncate(uint64_t size) override { return file_->truncate(size); }
  int descriptor() const override { return file_->descriptor(); }

 private:
  std::unique_ptr<runtime::File> file_;
  FaultPlan& plan_;
  std::string path_;
};

class FaultyDisk final : public runtime::Disk {
 public:
  FaultyDisk(runtime::Disk& disk, FaultPlan& plan) : disk_(disk), plan_(plan) {}

  Result<std::unique_ptr<runtime::File>> open(const runtime::Path& path,
                                              runtime::OpenMode mode) override {
    const bool makes = mode == runtime::OpenMode::create_new;
    TRY(check(makes ? FileOperation::create : FileOperation::open, "open", path));
    TRY(auto file, disk_.open(path, mode));
    if (makes && plan_.watch() != nullptr) plan_.watch()->made(path.native());
    return std::make_unique<FaultyFile>(std::move(file), plan_, path.string());
  }
  Result<void> make_directories(const runtime::Path& path) override {
    TRY(check(FileOperation::create, "mkdir", path));
    if (plan_.watch() == nullptr) return disk_.make_directories(path);
    std::vector<runtime::Path> missing;
    for (runtime::Path at = path; !std::filesystem::exists(at); at = at.parent_path()) {
      missing.push_back(at);
    }
    TRY(disk_.make_directories(path));
    for (; !missing.empty(); missing.pop_back()) plan_.watch()->made(missing.back().native());
    return {};
  }
  Result<void> rename(const runtime::Path& from, const runtime::Path& to) override {
    TRY(check(FileOperation::rename, "rename", to));
    if (plan_.watch() != nullptr) plan_.watch()->changing(from.native(), to.native());
    return disk_.rename(from, to);
  }
  Result<void> remove(const runtime::Path& path) override {
    TRY(check(FileOperation::remove, "remove", path));
    if (plan_.watch() != nullptr) plan_.watch()->removing(path.native());
    return disk_.remove(path);
  }
  Result<void> remove_tree(const runtime::Path& path) override {
    TRY(check(FileOperation::remove, "remove", path));
    return disk_.remove_tree(path);
  }
  Result<void> sync_directory(const runtime::Path& path) override {
    TRY(check(FileOperation::sync_directory, "sync", path));
    TRY(disk_.sync_directory(path));
    if (plan_.watch() != nullptr) plan_.watch()->folder_synced(path.native());
    return {};
  }
  Result<std::vector<runtime::DirectoryEntry>> list(const runtime::Path& path) override {
    return disk_.list(path);
  }
  Result<uint64_t> free_bytes(const runtime::Path& path) override { return disk_.free_bytes(path); }

 private:
  Result<void> check(FileOperation operation, std::string_view call, const runtime::Path& path) {
    const Fault fault = plan_.decide(operation, path.native());
    if (fault == Fault::none) return {};
    return failed(fault, call, path.string());
  }

  runtime::Disk& disk_;
  FaultPlan& plan_;
};

}  // namespace

void FaultPlan::set(Decide decide) {
  decide_.store(std::make_shared<const Decide>(std::move(decide)));
}

void FaultPlan::clear() { decide_.store(nullptr); }

Fault FaultPlan::decide(FileOperation operation, std::string_view path) {
  counts_[static_cast<size_t>(operation)].fetch_add(1, std::memory_order_relaxed);
  const std::shared_ptr<const Decide> decide = decide_.load();
  return decide == nullptr ? Fault::none : (*decide)(operation, path);
}

uint64_t FaultPlan::count(FileOperation operation) const {
  return counts_[static_cast<size_t>(operation)].load(std::memory_order_relaxed);
}

std::unique_ptr<runtime::Disk> make_faulty_disk(runtime::Disk& disk, FaultPlan& plan) {
  return std::make_unique<FaultyDisk>(disk, plan);
}

}  // namespace millrace::store
