// What is read is written, and what is written is read again.
#include <cstddef>
#include <cstdint>

#include "wire/protocols/sample_fuzz.h"
#include "wire/protocols/xml_reader.h"
#include "wire/protocols/xml_writer.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace millrace;
  using namespace millrace::wire;
  Arena arena;
  XmlReader reader(arena);
  if (!reader.load({reinterpret_cast<const char*>(data), size})) return 0;
  const auto value = reader.read(fuzzing::kTree);
  if (!value) return 0;
  Bytes text = "<R>";
  append_xml_members(text, fuzzing::kTree, *value);
  text += "</R>";
  XmlReader again(arena);
  ASSERT(text.size() > (size_t{1} << 20) || again.load(text).has_value());
  return 0;
}
