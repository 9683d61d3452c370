// Any bytes as a recordIO-protobuf file, gzipped or not: record by record, and as a channel reads
// it.
#include <cstddef>
#include <cstdint>

#include "engines/ml/example_format.h"
#include "engines/ml/record.h"
#include "engines/ml/recordio.h"

namespace millrace::ml {
namespace {

constexpr RowRules kRules{.feature_dim = 1000, .label = LabelRule::number};

// A channel's reader gives the same rows, up to the first record that is none.
void compare_channel(BytesView bytes, const RowBatch& expected, size_t right) {
  const auto reader = make_examples({}, make_memory_source(bytes), kRules);
  RowBatch rows;
  for (bool more = true; more && rows.size() < right;) {
    const Result<bool> read = reader->read(right, rows);
    ASSERT(read.has_value());
    more = *read;
  }
  ASSERT(rows.size() == right);
  for (size_t at = 0; at < right; ++at) {
    ASSERT(rows.label(at) == expected.label(at));
    ASSERT(rows.row(at).indices.size() == expected.row(at).indices.size());
  }
}

}  // namespace
}  // namespace millrace::ml

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace millrace;
  using namespace millrace::ml;
  const BytesView bytes(reinterpret_cast<const char*>(data), size);
  RecordioReader reader(make_gunzip_source(make_memory_source(bytes)));
  RowBatch rows;
  size_t right = 0;  // Rows before the first record that is none.
  bool failed = false;
  for (uint64_t unpacked = 0; unpacked < (16u << 20);) {
    const auto record = reader.next();
    if (!record || !*record) break;
    unpacked += (*record)->size() + 8;
    const size_t before = rows.size();
    const auto added = append_record(**record, kRules, rows);
    failed = failed || !added;
    right += failed ? 0 : 1;
    ASSERT(rows.size() == before + (added ? 1 : 0));
    ASSERT(rows.indices.size() == rows.values.size());
    // A field that nobody knows in front keeps the one pass from reading the record: the general
    // parser has to say the same.
    RowBatch general;
    const auto again = append_record(Bytes("\x1a\x00", 2).append(**record), kRules, general);
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
  compare_channel(bytes, rows, right);
  return 0;
}
