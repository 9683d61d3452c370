// An opened object as the one file of a query.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "engines/objects/objects.h"
#include "engines/sql/files.h"
#include "runtime/loop.h"
#include "services/s3/ranges.h"

namespace millrace::s3::select {

// Pieces of an object, one after the other. Its bytes go through the engine's reader, so that they
// are decrypted and verified like those of GetObject. One read at a time.
class ObjectFile final : public sql::File {
 public:
  // `swapped`: that byte and '\n' stand for each other, so that records may end with any byte.
  ObjectFile(std::shared_ptr<objects::Reader> reader, std::vector<ByteRange> pieces,
             std::optional<char> swapped);

  uint64_t size() const override { return size_; }
  Time modified() const override;
  std::string version() const override;
  Result<void> read_at(uint64_t offset, char* bytes, size_t size) override;

  uint64_t bytes_read() const { return bytes_read_; }  // Any thread.

 private:
  Task<void> read_range(ByteRange range, char* bytes);

  const std::shared_ptr<objects::Reader> reader_;
  const std::vector<ByteRange> pieces_;
  const std::optional<char> swapped_;
  uint64_t size_ = 0;
  std::atomic<uint64_t> bytes_read_ = 0;
  std::mutex mutex_;
  runtime::Loop loop_;  // Of whichever thread reads.
};

// Has that file only, by this name.
inline constexpr const char* kObjectPath = "s3://select/object";

class ObjectFiles final : public sql::Files {
 public:
  explicit ObjectFiles(std::shared_ptr<ObjectFile> file) : file_(std::move(file)) {}
  Result<std::shared_ptr<sql::File>> open(const std::string& path) override;
  Result<void> list(const std::string& prefix, const Name& name) override;

 private:
  const std::shared_ptr<ObjectFile> file_;
};

}  // namespace millrace::s3::select
