// Any bytes as a file of CSV, gzipped or not.
#include <cstddef>
#include <cstdint>

#include "engines/ml/text_comparison.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace millrace;
  ml::compare_readers(BytesView(reinterpret_cast<const char*>(data), size), ml::make_csv_examples);
  return 0;
}
