// The bodies of inference requests, as rows. Pure functions. Errors: invalid, naming the instance
// (from 1) and the cause; exhausted (kRequestRowsMax).
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "engines/ml/record.h"
#include "engines/ml/rows.h"

namespace millrace::ml {

// The usual shapes in one pass (plain_request.h), all others as parse_json_document().
Result<void> parse_json_request(BytesView body, uint64_t feature_dim, RowBatch& rows);
Result<void> parse_json_document(BytesView body, uint64_t feature_dim, RowBatch& rows);
// Likewise, line by line.
Result<void> parse_jsonlines_request(BytesView body, uint64_t feature_dim, RowBatch& rows);
Result<void> parse_jsonlines_documents(BytesView body, uint64_t feature_dim, RowBatch& rows);
Result<void> parse_recordio_request(BytesView body, uint64_t feature_dim, RowBatch& rows);

}  // namespace millrace::ml
