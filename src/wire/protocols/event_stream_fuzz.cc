// No stream of events may do more than be refused, and what is read is written the same.
#include <cstddef>
#include <cstdint>

#include "wire/protocols/event_stream.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace millrace;
  BytesView stream(reinterpret_cast<const char*>(data), size);
  for (;;) {
    const BytesView before = stream;
    const auto message = wire::take_event(stream);
    if (!message || !*message) return 0;
    Bytes again;
    wire::append_event(again, **message);
    ASSERT(again == before.substr(0, before.size() - stream.size()));
  }
}
