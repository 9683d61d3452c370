// Writes a zip file piece by piece: members are stored, not compressed, so that a reader can map
// them where they lie. The same content gives the same bytes. Source: PKWARE's APPNOTE.TXT 6.3.10,
// §4.3, without zip64: below 4 GiB in all.
//
// Not thread-safe; the file outlives it. Errors: exhausted (too large), what the file answers.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "runtime/disk.h"

namespace millrace::ml {

class ZipWriter final {
 public:
  explicit ZipWriter(runtime::File& file) : file_(file) {}

  // Begins a member whose content starts at a multiple of `alignment` bytes (a power of two of at
  // most 4096), by an extra field of zeros in its header, as Android's zipalign does it.
  Result<void> begin(std::string_view name, uint32_t alignment = 1);
  Result<void> append(BytesView bytes);
  Result<void> end();
  // After the last member: the directory. The file is not synced.
  Result<void> finish();

 private:
  Result<void> write(BytesView bytes);

  runtime::File& file_;
  uint64_t offset_ = 0;
  Bytes directory_;
  uint32_t members_ = 0;
  Bytes name_;  // Of the member that is open.
  uint64_t header_ = 0;
  uint64_t extra_ = 0;
  uint64_t begin_ = 0;
  uint32_t crc_ = 0;
};

}  // namespace millrace::ml
