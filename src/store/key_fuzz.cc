// Any bytes decode to a key or to an error; a key has exactly one encoding.
#include "store/key.h"

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace millrace;
  using Key = std::tuple<std::string, Realm, int64_t, uint64_t, Time, std::string>;
  const BytesView bytes(reinterpret_cast<const char*>(data), size);
  if (const Result<Key> key = store::decode_key<Key>(bytes); key) {
    if (store::encode_key(*key) != bytes) std::abort();
  }
  const std::tuple<std::string, std::string> split(bytes.substr(0, size / 2),
                                                   bytes.substr(size / 2));
  const auto again =
      store::decode_key<std::tuple<std::string, std::string>>(store::encode_key(split));
  if (!again || *again != split) std::abort();
  return 0;
}
