// Disk: files, passed in, so that a full disk or a failed sync is ordinary test input.
//
// Thread-safe; every call blocks, so callers run it on a Pool. Paths are absolute. Errors:
// not_found (ENOENT), already_exists (EEXIST), exhausted (ENOSPC, EDQUOT, EMFILE, ENFILE),
// denied (EACCES, EPERM, EROFS), internal (all else); the message names the call and the path.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace millrace::runtime {

using Path = std::filesystem::path;

class File {
 public:
  virtual ~File() = default;  // Closes.
  // Reads up to `size` bytes at `offset`; fewer only at the end of the file.
  virtual Result<size_t> read_at(uint64_t offset, char* bytes, size_t size) = 0;
  // The same of what the system has in memory, without waiting: perhaps fewer, perhaps none.
  virtual Result<size_t> read_cached(uint64_t offset, char* bytes, size_t size) = 0;
  virtual Result<void> write_at(uint64_t offset, BytesView bytes) = 0;  // All or an error.
  virtual Result<void> sync() = 0;                                      // fdatasync
  // Has the disk begin to take these bytes, so that sync() finds less to do. Promises nothing.
  virtual void begin_writeback(uint64_t offset, uint64_t length) {}
  virtual Result<uint64_t> size() = 0;
  virtual Result<void> truncate(uint64_t size) = 0;
  virtual int descriptor() const = 0;  // For sendfile and mmap; -1 where there is none.
};

enum class OpenMode : uint8_t { read, read_write, create_new };

struct DirectoryEntry {
  std::string name;
  bool is_directory = false;
  uint64_t size_bytes = 0;
};

class Disk {
 public:
  virtual ~Disk() = default;
  virtual Result<std::unique_ptr<File>> open(const Path& path, OpenMode mode) = 0;
  virtual Result<void> make_directories(const Path& path) = 0;
  virtual Result<void> rename(const Path& from, const Path& to) = 0;
  virtual Result<void> remove(const Path& path) = 0;
  virtual Result<void> remove_tree(const Path& path) = 0;
  virtual Result<void> sync_directory(const Path& path) = 0;
  virtual Result<std::vector<DirectoryEntry>> list(const Path& path) = 0;
  virtual Result<uint64_t> free_bytes(const Path& path) = 0;
};

std::unique_ptr<Disk> make_disk();

// Whole small files. write_file_durably() writes beside, syncs, renames and syncs the directory:
// after a crash the old or the new content is there, never a mixture.
Result<Bytes> read_file(Disk& disk, const Path& path, uint64_t size_max);
Result<void> write_file_durably(Disk& disk, const Path& path, BytesView content);

}  // namespace millrace::runtime
