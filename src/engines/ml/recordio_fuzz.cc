// Any bytes as a recordIO-protobuf file, gzipped or not.
#include <cstddef>
#include <cstdint>

#include "engines/ml/record.h"
#include "engines/ml/recordio.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace millrace;
  using namespace millrace::ml;
  const BytesView bytes(reinterpret_cast<const char*>(data), size);
  RecordioReader reader(make_gunzip_source(make_memory_source(bytes)));
  RowBatch rows;
  for (uint64_t unpacked = 0; unpacked < (16u << 20);) {
    const auto record = reader.next();
    if (!record || !*record) break;
    unpacked += (*record)->size() + 8;
    const size_t before = rows.size();
    const auto added =
        append_record(**record, {.feature_dim = 1000, .label = LabelRule::number}, rows);
    ASSERT(rows.size() == before + (added ? 1 : 0));
    ASSERT(rows.indices.size() == rows.values.size());
    if (!added) continue;
    const RowView row = rows.row(rows.size() - 1);
    for (size_t i = 0; i < row.indices.size(); ++i) {
      ASSERT(row.indices[i] < 1000);
      ASSERT(i == 0 || row.indices[i - 1] < row.indices[i]);
    }
  }
  return 0;
}
