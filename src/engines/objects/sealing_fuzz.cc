// What is sealed in any pieces opens in any range; what is not sealed opens never.
#include "engines/objects/sealing.h"

#include <cstdlib>

namespace {

using millrace::Bytes;
using millrace::BytesView;
using millrace::Secret;
using namespace millrace::objects;

// The beginning of the input says how it is cut up and what is read; the rest is repeated to be
// more than a chunk long.
struct Plan {
  size_t piece = 1, repeat = 1, offset = 0;
};

Plan plan_of(BytesView& input) {
  Plan plan;
  const auto next = [&input] {
    const size_t value = input.empty() ? 0 : static_cast<uint8_t>(input.front());
    if (!input.empty()) input.remove_prefix(1);
    return value;
  };
  plan.piece = 1 + next() * 521;
  plan.repeat = 1 + next();
  plan.offset = next() << 10 | next();
  return plan;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  BytesView input(reinterpret_cast<const char*>(data), size);
  const Plan plan = plan_of(input);
  const Secret key(Bytes(millrace::Cipher::kKeyBytes, 'k'));
  if (input.empty()) return 0;
  Bytes plain;
  for (size_t i = 0; i < plan.repeat; ++i) plain.append(input);
  Sealer sealer(key);
  Bytes sealed;
  for (size_t at = 0; at < plain.size(); at += plan.piece) {
    sealer.update(BytesView(plain).substr(at, plan.piece), sealed);
  }
  sealer.finish(sealed);
  if (sealed.size() != sealed_bytes(plain.size())) std::abort();
  Opener opener(key, plain.size());
  const uint64_t offset = plan.offset % plain.size();
  const SealedRange range = opener.locate(offset, 1);
  Bytes out(opener.plain_of(range.first), '\0');
  const BytesView chunk = BytesView(sealed).substr(range.offset, range.length);
  if (!opener.open(range.first, chunk, out.data())) std::abort();
  if (out[range.skip] != plain[offset]) std::abort();
  // The input itself is no chunk.
  out.resize(kPlainChunkBytes);
  if (opener.open(0, input.substr(0, sealed.size()), out.data())) std::abort();
  return 0;
}
