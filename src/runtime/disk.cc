#include "runtime/disk.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace millrace::runtime {
namespace {

std::unexpected<Error> failed(std::string_view call, const Path& path) {
  const int code = errno;
  ErrorKind kind = ErrorKind::internal;
  switch (code) {
    case ENOENT:
      kind = ErrorKind::not_found;
      break;
    case EEXIST:
      kind = ErrorKind::already_exists;
      break;
    case ENOSPC:
    case EDQUOT:
    case EMFILE:
    case ENFILE:
      kind = ErrorKind::exhausted;
      break;
    case EACCES:
    case EPERM:
    case EROFS:
      kind = ErrorKind::denied;
      break;
    default:
      break;
  }
  return fail(kind, fmt::format("{} {}: {}", call, path.string(), std::strerror(code)));
}

class PosixFile final : public File {
 public:
  PosixFile(int fd, Path path) : fd_(fd), path_(std::move(path)) {}
  ~PosixFile() override { ::close(fd_); }

  Result<size_t> read_at(uint64_t offset, char* bytes, size_t size) override {
    size_t done = 0;
    while (done < size) {
      const ssize_t got =
          ::pread(fd_, bytes + done, size - done, static_cast<off_t>(offset + done));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return failed("read", path_);
      if (got == 0) break;
      done += static_cast<size_t>(got);
    }
    return done;
  }

  // Where a file system cannot tell, it is as if nothing were in memory.
  Result<size_t> read_cached(uint64_t offset, char* bytes, size_t size) override {
    iovec piece{bytes, size};
    const ssize_t got = ::preadv2(fd_, &piece, 1, static_cast<off_t>(offset), RWF_NOWAIT);
    return got < 0 ? size_t{0} : static_cast<size_t>(got);
  }

  Result<void> write_at(uint64_t offset, BytesView bytes) override {
    while (!bytes.empty()) {
      const ssize_t put = ::pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
      if (put < 0 && errno == EINTR) continue;
      if (put < 0) return failed("write", path_);
      bytes.remove_prefix(static_cast<size_t>(put));
      offset += static_cast<uint64_t>(put);
    }
    return {};
  }

  Result<void> sync() override {
    if (::fdatasync(fd_) != 0) return failed("sync", path_);
    return {};
  }

  void begin_writeback(uint64_t offset, uint64_t length) override {
    // What cannot be begun is done by sync().
    static_cast<void>(::sync_file_range(fd_, static_cast<off_t>(offset), static_cast<off_t>(length),
                                        SYNC_FILE_RANGE_WRITE));
  }

  Result<uint64_t> size() override {
    struct stat st{};
    if (::fstat(fd_, &st) != 0) return failed("stat", path_);
    return static_cast<uint64_t>(st.st_size);
  }

  Result<void> truncate(uint64_t size) override {
    if (::ftruncate(fd_, static_cast<off_t>(size)) != 0) return failed("truncate", path_);
    return {};
  }

  int descriptor() const override { return fd_; }

 private:
  int fd_;
  Path path_;
};

class PosixDisk final : public Disk {
 public:
  Result<std::unique_ptr<File>> open(const Path& path, OpenMode mode) override {
    int flags = O_CLOEXEC;
    if (mode == OpenMode::read) flags |= O_RDONLY;
    if (mode == OpenMode::read_write) flags |= O_RDWR;
    if (mode == OpenMode::create_new) flags |= O_RDWR | O_CREAT | O_EXCL;
    const int fd = ::open(path.c_str(), flags, 0600);
    if (fd < 0) return failed("open", path);
    return std::make_unique<PosixFile>(fd, path);
  }

  Result<void> make_directories(const Path& path) override {
    std::error_code code;
    std::filesystem::create_directories(path, code);
    return check(code, "mkdir", path);
  }

  Result<void> rename(const Path& from, const Path& to) override {
    if (::rename(from.c_str(), to.c_str()) != 0) return failed("rename", from);
    return {};
  }

  Result<void> remove(const Path& path) override {
    if (::unlink(path.c_str()) != 0) return failed("remove", path);
    return {};
  }

  Result<void> remove_tree(const Path& path) override {
    std::error_code code;
    std::filesystem::remove_all(path, code);
    return check(code, "remove", path);
  }

  Result<void> sync_directory(const Path& path) override {
    const int fd = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return failed("open", path);
    const int result = ::fsync(fd);
    const int code = errno;
    ::close(fd);
    errno = code;
    if (result != 0) return failed("sync", path);
    return {};
  }

  Result<std::vector<DirectoryEntry>> list(const Path& path) override {
    std::vector<DirectoryEntry> out;
    std::error_code code;
    for (std::filesystem::directory_iterator it(path, code), end; !code && it != end;
         it.increment(code)) {
      std::error_code ignored;
      DirectoryEntry entry{it->path().filename().string(), it->is_directory(ignored), 0};
      if (!entry.is_directory) {
        const auto size = it->file_size(ignored);
        entry.size_bytes = ignored ? 0 : size;
      }
      out.push_back(std::move(entry));
    }
    TRY(check(code, "list", path));
    return out;
  }

  Result<uint64_t> free_bytes(const Path& path) override {
    struct statvfs st{};
    if (::statvfs(path.c_str(), &st) != 0) return failed("statvfs", path);
    return static_cast<uint64_t>(st.f_bavail) * st.f_frsize;
  }

 private:
  static Result<void> check(const std::error_code& code, std::string_view call, const Path& path) {
    if (!code) return {};
    errno = code.value();
    return failed(call, path);
  }
};

}  // namespace

std::unique_ptr<Disk> make_disk() { return std::make_unique<PosixDisk>(); }

Result<Bytes> read_file(Disk& disk, const Path& path, uint64_t size_max) {
  TRY(auto file, disk.open(path, OpenMode::read));
  TRY(const uint64_t size, file->size());
  if (size > size_max) {
    return fail(ErrorKind::exhausted, fmt::format("{} has {} bytes; at most {} are read here",
                                                  path.string(), size, size_max));
  }
  Bytes content(size, '\0');
  TRY(const size_t got, file->read_at(0, content.data(), content.size()));
  content.resize(got);
  return content;
}

Result<void> write_file_durably(Disk& disk, const Path& path, BytesView content) {
  const Path beside = path.string() + ".new";
  if (auto removed = disk.remove(beside);
      !removed && removed.error().kind != ErrorKind::not_found) {
    return removed;
  }
  {
    TRY(auto file, disk.open(beside, OpenMode::create_new));
    TRY(file->write_at(0, content));
    TRY(file->sync());
  }
  TRY(disk.rename(beside, path));
  return disk.sync_directory(path.parent_path());
}

}  // namespace millrace::runtime
