// Feeds arbitrary aws-chunked streams to the decoder, whole and cut at an arbitrary place; both
// must say the same.
#include <cstdint>

#include "base/result.h"
#include "wire/auth/aws_chunked.h"

using namespace millrace;
using namespace millrace::auth;

namespace {

struct Outcome {
  Bytes bytes;
  bool ended = false;
  bool failed = false;
};

void feed(AwsChunkedDecoder& decoder, BytesView input, Outcome& out) {
  while (!input.empty() && !out.failed && !decoder.ended()) {
    const auto step = decoder.step(input);
    if (!step) {
      out.failed = true;
      return;
    }
    ASSERT(step->consumed > 0 && step->payload.size() <= step->consumed);
    out.bytes += step->payload;
    input.remove_prefix(step->consumed);
  }
}

Outcome decode(const ChunkedStream& stream, BytesView first, BytesView second) {
  AwsChunkedDecoder decoder(stream);
  Outcome out;
  feed(decoder, first, out);
  feed(decoder, second, out);
  out.ended = decoder.ended() && !out.failed;
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 3) return 0;
  ChunkedStream stream;
  stream.mode = static_cast<PayloadMode>(2 + data[0] % 3);
  stream.decoded_length = data[1];
  stream.chunk_bytes_min = 1;
  stream.trailer_names = {"x-amz-checksum-crc32"};
  if (stream.mode != PayloadMode::streaming_unsigned_trailer) {
    const CredentialScope scope{"20130524", "us-east-1", "s3"};
    stream.signatures.emplace(Bytes(32, 'k'), "20130524T000000Z", scope, std::string(64, '0'));
  }
  const BytesView input(reinterpret_cast<const char*>(data) + 3, size - 3);
  const Outcome whole = decode(stream, input, {});
  const size_t cut = data[2] % (input.size() + 1);
  const Outcome parts = decode(stream, input.substr(0, cut), input.substr(cut));
  ASSERT(whole.failed == parts.failed && whole.ended == parts.ended);
  // How much of a chunk that turns out to be forged is handed out depends on how it arrives.
  ASSERT(whole.failed || whole.bytes == parts.bytes);
  ASSERT(!whole.ended || whole.bytes.size() == stream.decoded_length);
  return 0;
}
