// Bytes that arrive in order: of a file, of memory, or unpacked from gzip.
//
// Not thread-safe. What a memory source reads must outlive it.
#pragma once

#include <cstddef>
#include <memory>

#include "base/bytes.h"
#include "base/result.h"
#include "runtime/disk.h"

namespace millrace::ml {

class ByteSource {
 public:
  virtual ~ByteSource() = default;
  // Reads up to `size` bytes; 0 only at the end.
  virtual Result<size_t> read(char* bytes, size_t size) = 0;
};

std::unique_ptr<ByteSource> make_memory_source(BytesView bytes);
std::unique_ptr<ByteSource> make_file_source(std::unique_ptr<runtime::File> file);
// Of a named pipe: what its writers have written, as it comes; the end is where all have closed it.
std::unique_ptr<ByteSource> make_pipe_source(std::unique_ptr<runtime::File> pipe);

// Passes `source` on, and unpacks it where it begins with gzip's magic number (RFC 1952; several
// members in a row are one stream). Errors: invalid, where the gzip data is damaged or cut off.
std::unique_ptr<ByteSource> make_gunzip_source(std::unique_ptr<ByteSource> source);
// The same, and what is longer than kAheadAfterBytes is unpacked on a thread of its own, a few
// pieces ahead, so that reading what is unpacked overlaps with it.
std::unique_ptr<ByteSource> make_gunzip_ahead_source(std::unique_ptr<ByteSource> source);

inline constexpr size_t kAheadAfterBytes = 1 << 20;  // Unpacked. A thread costs as much as those.

}  // namespace millrace::ml
