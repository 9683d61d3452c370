// Gzip, in pieces. Not thread-safe. Memory: some 300 KiB.
#pragma once

#include <zlib.h>

#include "base/bytes.h"

namespace millrace::s3 {

class Gzip final {
 public:
  Gzip();
  ~Gzip();
  Gzip(const Gzip&) = delete;
  Gzip& operator=(const Gzip&) = delete;

  // Appends what there is of the packed bytes; all of it with the last piece, behind which nothing
  // comes.
  void update(BytesView plain, bool last, Bytes& out);

 private:
  z_stream stream_{};
};

Bytes gzip(BytesView plain);

}  // namespace millrace::s3
