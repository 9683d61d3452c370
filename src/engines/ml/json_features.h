// Features of an example in JSON, as SageMaker's inference formats have them, and what reading
// other members takes. Pure functions. Errors: invalid, with the cause.
#pragma once

#include <boost/json.hpp>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "engines/ml/rows.h"

namespace millrace::ml {

// `text` as one JSON value.
Result<boost::json::value> parse_json_text(BytesView text, boost::json::storage_ptr storage);

// Any JSON number.
Result<double> json_number(const boost::json::value& value);

// A member that is a list; nullptr where it is missing.
Result<const boost::json::array*> json_array_member(const boost::json::object& object,
                                                    std::string_view name);

// [1.5, 0] or {"keys": [3], "shape": [9], "values": [1]}: a further row of `rows`. On an error
// rows.undo() restores them.
Result<void> append_json_features(const boost::json::value& features, const RowRules& rules,
                                  RowBatch& rows);

}  // namespace millrace::ml
