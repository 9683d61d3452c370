// No form may do more than be refused.
#include <cstddef>
#include <cstdint>

#include "wire/protocols/form_reader.h"
#include "wire/protocols/sample_fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace millrace;
  using namespace millrace::wire;
  Arena arena;
  FormReader reader(arena);
  if (!reader.load({reinterpret_cast<const char*>(data), size})) return 0;
  const auto value = reader.read(fuzzing::kTree);
  ASSERT(!value || value->type == ValueType::structure);
  return 0;
}
