// What is read is written, and what is written is read again to the same text.
#include <cstddef>
#include <cstdint>

#include "wire/protocols/json_reader.h"
#include "wire/protocols/json_writer.h"
#include "wire/protocols/sample_fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace millrace;
  using namespace millrace::wire;
  Arena arena;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto value = JsonReader(text, JsonForm::wire, arena).read(fuzzing::kTree);
  if (!value) return 0;
  Bytes once, twice;
  append_json(once, fuzzing::kTree, *value, JsonForm::wire);
  const auto again = JsonReader(once, JsonForm::wire, arena).read(fuzzing::kTree);
  ASSERT(again.has_value());
  append_json(twice, fuzzing::kTree, *again, JsonForm::wire);
  ASSERT(once == twice);
  return 0;
}
