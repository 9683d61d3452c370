// Any bytes as a file of libsvm, gzipped or not.
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "engines/ml/example_format.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace millrace;
  using namespace millrace::ml;
  const BytesView bytes(reinterpret_cast<const char*>(data), size);
  const auto reader =
      make_examples({.kind = ExampleFormat::Kind::libsvm}, make_memory_source(bytes),
                    {.feature_dim = 3, .label = LabelRule::number});
  RowBatch rows;
  for (int batch = 0; batch < 1000; ++batch) {
    rows.clear();
    const Result<bool> more = reader->read(100, rows);
    ASSERT(rows.indices.size() == rows.values.size());
    ASSERT(rows.open_begin() == rows.indices.size());
    for (size_t at = 0; at < rows.size(); ++at) {
      const RowView row = rows.row(at);
      ASSERT(std::isfinite(rows.label(at)));
      ASSERT(rows.importance(at) > 0);
      for (size_t i = 0; i < row.indices.size(); ++i) {
        ASSERT(row.indices[i] < 3);
        ASSERT(i == 0 || row.indices[i - 1] < row.indices[i]);
        ASSERT(std::isfinite(row.values[i]));
      }
    }
    if (!more || !*more) break;
  }
  return 0;
}
