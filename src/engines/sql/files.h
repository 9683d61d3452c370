// Files: what SQL reads. The engine declares the interface; the application passes an
// implementation over objects, so that SQL knows nothing of buckets, encryption or versions.
//
// A path is what stands in the statement: "s3://bucket/key". Functions block; they are called on
// the threads of a query, several at once.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"

namespace millrace::sql {

// A file that stays as it was when it was opened.
class File {
 public:
  virtual ~File() = default;
  virtual uint64_t size() const = 0;
  virtual Time modified() const = 0;
  // Another one whenever the bytes may be others.
  virtual std::string version() const = 0;
  // Whether a read costs little beside its bytes, so that whole columns need not be read at once.
  virtual bool reads_are_cheap() const { return false; }
  // Reads exactly `size` bytes at `offset` into the memory where SQL wants them. Asked for no byte
  // behind the end. Errors: whatever the query shall fail with.
  virtual Result<void> read_at(uint64_t offset, char* bytes, size_t size) = 0;
};

class Files {
 public:
  virtual ~Files() = default;
  // Errors: not_found, denied, and whatever else the query shall fail with.
  virtual Result<std::shared_ptr<File>> open(const std::string& path) = 0;
  // Names the files whose path begins with `prefix` (which has a bucket at least), in the order of
  // bytes, until `name` answers false. Errors: as of open().
  using Name = std::function<bool(std::string_view path)>;
  virtual Result<void> list(const std::string& prefix, const Name& name) = 0;
};

}  // namespace millrace::sql
