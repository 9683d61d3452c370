// Requests for the best items, an extension:
//   {"instances": [{"user": "17850",                      a user of the user table
//                   "features": {"keys": [7], "values": [1]},   or features, or both
//                   "top_n": 10,                          1 to kTopNMax
//                   "filter": {"category": "gifts",       or a list of them
//                              "in_stock": true, "exclude_seen": true, "exclude": ["85123A"]},
//                   "margin_weight": 0.5}]}
// → {"predictions": [{"items": [{"id": "22423", "name": "…", "score": 0.93}]}]}
// and the same an instance a line in JSON Lines. Members that are not named here are refused.
//
// Pure functions. Errors: invalid, naming the instance (from 1) and the cause; exhausted.
#pragma once

#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "engines/ml/recommendation.h"

namespace millrace::ml {

// Whether a body may hold requests for items: "top_n" stands in it.
bool asks_for_items(BytesView body);

Result<std::vector<TopQuery>> parse_top_request(BytesView body, bool json_lines,
                                                uint64_t feature_dim);

// The members of a prediction: {"items": […]}. Appends to `out`.
void append_top_answer(Bytes& out, const std::vector<RecommendedItem>& items);

}  // namespace millrace::ml
