#include "tests/call/worlds/training_data.h"

#include <array>

#include "base/bytes.h"
#include "engines/ml/record.h"
#include "engines/ml/recordio.h"

namespace millrace::call_tests {
namespace {

// Row n has the features that its number's bits are, so that every combination of six comes once;
// the last two are always there.
Bytes training_rows() {
  Bytes out;
  for (uint32_t n = 0; n < kRows; ++n) {
    std::vector<uint32_t> indices;
    for (uint32_t feature = 0; feature < kFeatures; ++feature) {
      if (feature >= kFeatures - 2 || (n >> feature & 1) != 0) indices.push_back(feature);
    }
    const std::vector<float> values(indices.size(), 1.0F);
    const float label = (n & 3) == 3 ? 1.0F : 0.0F;
    ml::append_recordio(out, ml::encode_record({indices, values}, kFeatures, label));
  }
  return out;
}

}  // namespace

Variables training_data() { return {{"training_rows", "\"" + to_base64(training_rows()) + "\""}}; }

}  // namespace millrace::call_tests
