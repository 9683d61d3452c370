// The usual shapes of a JSON request, read in one pass without a document:
//   {"instances": [{"data": {"features": {"keys": [3], "shape": [9], "values": [1.5]}}},
//                  {"features": {"keys": [3], "values": [1]}}, {"features": [0.5, 2]}]}
// with each name once, in any order, and spaces anywhere. Keys are digits; numbers have at most 15
// significant digits and a power of ten within 10^±22, so that they are read exactly.
//
// A pure function; thread-safe.
#pragma once

#include "base/bytes.h"
#include "engines/ml/rows.h"

namespace millrace::ml {

// Reads the rows into the empty `rows`. False: `body` is something else, or wrong; `rows` is empty
// again, and request_body.h's parser reads it or says what is wrong.
bool parse_plain_request(BytesView body, uint64_t feature_dim, RowBatch& rows);
// The same of one instance, a line of JSON Lines: appends a row. False: `rows` is as it was.
bool parse_plain_instance(BytesView line, uint64_t feature_dim, RowBatch& rows);

}  // namespace millrace::ml
