// Any bytes as a stream of DEFLATE: what comes out is what zlib makes of it, or both refuse it.
#include <zlib.h>

#include <cstddef>
#include <cstdint>

#include "engines/ml/inflate.h"

namespace {

constexpr size_t kOutputMax = 4 << 20;

// Whether the stream is whole; what came before it was found not to be, is in `out` too.
bool by_zlib(const uint8_t* data, size_t size, millrace::Bytes& out) {
  z_stream stream{};
  ASSERT(inflateInit2(&stream, -MAX_WBITS) == Z_OK);
  stream.next_in = const_cast<uint8_t*>(data);
  stream.avail_in = static_cast<uInt>(size);
  out.resize(kOutputMax);
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int answer = inflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  inflateEnd(&stream);
  return answer == Z_STREAM_END;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace millrace;
  using namespace millrace::ml;
  BitReader input(make_memory_source(BytesView(reinterpret_cast<const char*>(data), size)));
  Inflater inflater(input);
  Bytes out;
  bool whole = false;
  while (out.size() < kOutputMax) {
    const Result<BytesView> next = inflater.next();
    if (!next) break;
    if (next->empty()) {
      whole = true;
      break;
    }
    out.append(*next);
  }
  if (out.size() >= kOutputMax) return 0;
  Bytes expected;
  ASSERT(by_zlib(data, size, expected) == whole);
  if (whole) ASSERT(out == expected);
  return 0;
}
