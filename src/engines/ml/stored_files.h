// Files of channels that are not on this disk: in the input modes Pipe and FastFile a training job
// reads them as streams from where they are stored, and nothing is copied. Whoever embeds this
// engine passes an implementation.
//
// Thread-safe; it outlives what it has opened, and a source belongs to one thread. Errors of a
// source: invalid (the file is gone, or another one by now), internal (it cannot be read).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engines/ml/byte_source.h"

namespace millrace::ml {

class StoredFiles {
 public:
  virtual ~StoredFiles() = default;
  // The names of the channel's files, in byte order; nothing of a channel that is on the disk.
  virtual std::optional<std::vector<std::string>> files(const std::string& channel) const = 0;
  // One of them, from its begin.
  virtual std::unique_ptr<ByteSource> open(const std::string& channel, const std::string& file) = 0;
};

}  // namespace millrace::ml
