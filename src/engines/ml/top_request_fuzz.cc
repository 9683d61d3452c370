// Any bytes as a request for the best items, and as the tables of items and users.
#include <cstddef>
#include <cstdint>

#include "engines/ml/item_table.h"
#include "engines/ml/limits.h"
#include "engines/ml/top_request.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace millrace;
  using namespace millrace::ml;
  constexpr uint64_t kFeatures = 1000;
  if (size == 0) return 0;
  const BytesView text(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (data[0] % 3 < 2) {
    const auto queries = parse_top_request(text, data[0] % 3 == 1, kFeatures);
    if (!queries) {
      ASSERT(!queries.error().message.empty());
      return 0;
    }
    for (const TopQuery& query : *queries) {
      ASSERT(query.top_n >= 1 && query.top_n <= kTopNMax);
      for (const uint32_t index : query.features.indices) ASSERT(index < kFeatures);
    }
    return 0;
  }
  const auto items = ItemTable::parse(text, kFeatures);
  if (!items) return 0;
  for (size_t at = 0; at < items->size(); ++at) {
    ASSERT(items->find(items->item(at).id) == at);
    for (const uint32_t index : items->features(at).indices) ASSERT(index < kFeatures);
  }
  const auto users = UserTable::parse(text, kFeatures, *items);
  if (users) ASSERT(users->size() > 0);
  return 0;
}
