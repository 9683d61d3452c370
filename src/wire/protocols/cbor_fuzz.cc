// What is read is written, and what is written is read again to the same bytes.
#include <cstddef>
#include <cstdint>

#include "wire/protocols/cbor_reader.h"
#include "wire/protocols/cbor_writer.h"
#include "wire/protocols/sample_fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace millrace;
  using namespace millrace::wire;
  Arena arena;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto value = CborReader(bytes, arena).read(fuzzing::kTree);
  if (!value) return 0;
  Bytes once, twice;
  append_cbor(once, fuzzing::kTree, *value);
  const auto again = CborReader(once, arena).read(fuzzing::kTree);
  ASSERT(again.has_value());
  append_cbor(twice, fuzzing::kTree, *again);
  ASSERT(once == twice);
  return 0;
}
