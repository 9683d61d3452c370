// The message aialgs.data.Record, in which SageMaker's algorithms take examples and answer:
// maps of tensors named `values` as features and label. Source: "Common Data Formats for
// Training", https://docs.aws.amazon.com/sagemaker/latest/dg/cdf-training.html (record.proto).
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/result.h"
#include "engines/ml/rows.h"

namespace millrace::ml {

// Reads one record as a further row of `rows`: a sparse tensor (indices in any order; values of
// equal ones add up) or a dense one of feature_dim values, whose zeros are left out; float32,
// float64 or int32. An entry `importance` beside the label (an extension of Millrace: one positive
// finite number) says how much the example counts. On an error `rows` is as before. Errors:
// invalid, with the cause.
Result<void> append_record(BytesView record, const RowRules& rules, RowBatch& rows);

// What every format asks of a label (which is read: the rule is not `ignored`) and of an
// importance. Errors: invalid, with the cause.
Result<void> check_label(LabelRule rule, float label);
Result<void> check_importance(float importance);

// Adds one row that did not come from a record (a JSON request), under the same rules.
Result<void> append_row(const RowRules& rules, RowBatch& rows, bool sparse, float label);

// The record of one example; sparse.
Bytes encode_record(RowView row, uint64_t feature_dim, std::optional<float> label);
// The record of an answer: label = {score: …, predicted_label: …}.
Bytes encode_prediction(float score, std::optional<float> predicted_label);

}  // namespace millrace::ml
