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
    // A field that nobody knows in front keeps the one pass from reading the record: the general
    // parser has to say the same.
    RowBatch general;
    const auto again = append_record(Bytes("\x1a\x00", 2).append(**record),
                                     {.feature_dim = 1000, .label = LabelRule::number}, general);
    ASSERT(again.has_value() == added.has_value());
    if (!added) continue;
    ASSERT(general.row(0).indices.size() == rows.row(before).indices.size());
    ASSERT(general.label(0) == rows.label(before));
    ASSERT(general.importance(0) == rows.importance(before));
    const RowView row = rows.row(rows.size() - 1);
    for (size_t i = 0; i < row.indices.size(); ++i) {
      ASSERT(row.indices[i] < 1000);
      ASSERT(i == 0 || row.indices[i - 1] < row.indices[i]);
    }
  }
  return 0;
}
