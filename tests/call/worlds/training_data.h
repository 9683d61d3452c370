// The bytes that fixtures put into buckets, as variables for fixtures (base64).
#pragma once

#include "tests/call/json_text.h"

namespace millrace::call_tests {

// `training_rows`: recordIO-protobuf of kRows examples with kFeatures features each, sparse; the
// label is 1 where the first two features are set together, else 0.
inline constexpr uint64_t kFeatures = 8;
inline constexpr uint32_t kRows = 64;
Variables training_data();

}  // namespace millrace::call_tests
