// Any bytes as the body of an inference request in each format.
#include <cstddef>
#include <cstdint>

#include "engines/ml/request_body.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace millrace;
  using namespace millrace::ml;
  if (size == 0) return 0;
  const BytesView body(reinterpret_cast<const char*>(data) + 1, size - 1);
  RowBatch rows;
  Result<void> result;
  switch (data[0] % 3) {
    case 0:
      result = parse_json_request(body, 1000, rows);
      if (result) {  // What is read in one pass is read as the document is.
        RowBatch other;
        ASSERT(parse_json_document(body, 1000, other).has_value());
        ASSERT(other.indices == rows.indices && other.values == rows.values);
        ASSERT(other.size() == rows.size());
      }
      break;
    case 1:
      result = parse_jsonlines_request(body, 1000, rows);
      {
        RowBatch other;
        const Result<void> documents = parse_jsonlines_documents(body, 1000, other);
        ASSERT(documents.has_value() == result.has_value());
        ASSERT(other.indices == rows.indices && other.values == rows.values);
        ASSERT(other.size() == rows.size());
      }
      break;
    default:
      result = parse_recordio_request(body, 1000, rows);
      break;
  }
  ASSERT(result.has_value() || !result.error().message.empty());
  for (const uint32_t index : rows.indices) ASSERT(index < 1000);
  return 0;
}
