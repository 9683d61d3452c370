// A whole file in the address space, read only. Its pages are the system's: processes that map the
// same file share them, and none is read before it is touched.
//
// The file must not shrink while it is mapped: touching a page that is gone ends the process with
// SIGBUS. Model folders are written once, before they are served.
//
// A resource; reading is thread-safe. Errors: unsupported (a file without a descriptor, or empty),
// exhausted.
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "runtime/disk.h"

namespace millrace::ml {

class MappedFile final {
 public:
  // The file may be closed afterwards.
  static Result<MappedFile> map(runtime::File& file);

  MappedFile(MappedFile&& other) noexcept : bytes_(other.bytes_) { other.bytes_ = {}; }
  MappedFile& operator=(MappedFile&&) = delete;
  ~MappedFile();

  BytesView bytes() const { return bytes_; }

 private:
  explicit MappedFile(BytesView bytes) : bytes_(bytes) {}
  BytesView bytes_;
};

}  // namespace millrace::ml
