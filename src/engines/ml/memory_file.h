// Bytes in memory as files: one that can only be read, one that grows as it is written.
// Not thread-safe.
#pragma once

#include <algorithm>
#include <cstring>
#include <utility>

#include "runtime/disk.h"

namespace millrace::ml {

class MemoryFile final : public runtime::File {
 public:
  explicit MemoryFile(BytesView bytes) : bytes_(bytes) {}
  Result<size_t> read_at(uint64_t offset, char* bytes, size_t size) override {
    if (offset >= bytes_.size()) return size_t{0};
    const size_t taken = std::min<size_t>(size, bytes_.size() - offset);
    std::memcpy(bytes, bytes_.data() + offset, taken);
    return taken;
  }
  Result<size_t> read_cached(uint64_t offset, char* bytes, size_t size) override {
    return read_at(offset, bytes, size);
  }
  Result<void> write_at(uint64_t, BytesView) override { return refuse(); }
  Result<void> sync() override { return refuse(); }
  Result<uint64_t> size() override { return uint64_t{bytes_.size()}; }
  Result<void> truncate(uint64_t) override { return refuse(); }
  int descriptor() const override { return -1; }

 private:
  static Result<void> refuse() { return fail(ErrorKind::denied, "a file to read only"); }
  BytesView bytes_;
};

class GrowingFile final : public runtime::File {
 public:
  Result<size_t> read_at(uint64_t offset, char* bytes, size_t size) override {
    return MemoryFile(bytes_).read_at(offset, bytes, size);
  }
  Result<size_t> read_cached(uint64_t offset, char* bytes, size_t size) override {
    return read_at(offset, bytes, size);
  }
  Result<void> write_at(uint64_t offset, BytesView bytes) override {
    if (bytes_.size() < offset + bytes.size()) bytes_.resize(offset + bytes.size());
    std::memcpy(bytes_.data() + offset, bytes.data(), bytes.size());
    return ok;
  }
  Result<void> sync() override { return ok; }
  Result<uint64_t> size() override { return uint64_t{bytes_.size()}; }
  Result<void> truncate(uint64_t size) override {
    bytes_.resize(size);
    return ok;
  }
  int descriptor() const override { return -1; }

  Bytes take() { return std::move(bytes_); }

 private:
  Bytes bytes_;
};

}  // namespace millrace::ml
