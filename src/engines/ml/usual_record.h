// The layout in which encoders write the message Record: one entry `values` of float32 features,
// packed, with packed keys or without (dense), perhaps a shape, then the label, perhaps with an
// `importance`; nothing else, and each field once and in the order of its number. That is what
// SageMaker's SDKs and ours write, so it is read in one pass straight into the arrays; everything
// else, and everything that is wrong, is left to the general parser (record.h), which explains it.
//
// Thread-safe: pure. Reads no byte beyond the record.
#pragma once

#include "base/bytes.h"
#include "engines/ml/rows.h"

namespace millrace::ml {

// Reads `record` as a further row and answers true, or leaves `rows` as it was and answers false.
bool append_usual_record(BytesView record, const RowRules& rules, RowBatch& rows);

}  // namespace millrace::ml
