// Any bytes behind gzip's magic number: what is one whole member to zlib is the same here, and
// whatever else comes out, nothing breaks.
#include <zlib.h>

#include <cstddef>
#include <cstdint>

#include "engines/ml/byte_source.h"

namespace {

constexpr size_t kOutputMax = 4 << 20;

// Whether the bytes are one whole member.
bool by_zlib(millrace::BytesView packed, millrace::Bytes& out) {
  z_stream stream{};
  ASSERT(inflateInit2(&stream, 16 + MAX_WBITS) == Z_OK);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  out.resize(kOutputMax);
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int answer = inflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  const bool whole = answer == Z_STREAM_END && stream.avail_in == 0;
  inflateEnd(&stream);
  return whole;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace millrace;
  using namespace millrace::ml;
  const Bytes packed = "\x1f\x8b" + Bytes(reinterpret_cast<const char*>(data), size);
  const auto source = make_gunzip_source(make_memory_source(packed));
  Bytes out;
  Bytes piece(1 << 16, '\0');
  bool whole = false;
  while (out.size() < kOutputMax) {
    const Result<size_t> taken = source->read(piece.data(), piece.size());
    if (!taken) break;
    whole = *taken == 0;
    if (whole) break;
    out.append(piece, 0, *taken);
  }
  Bytes expected;
  if (out.size() < kOutputMax && by_zlib(packed, expected)) {
    ASSERT(whole);
    ASSERT(out == expected);
  }
  return 0;
}
