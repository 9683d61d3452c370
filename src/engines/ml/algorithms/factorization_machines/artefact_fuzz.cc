// Any bytes as a `model_algo-1`: as the zip file, and as the parameters within one.
#include "engines/ml/algorithms/factorization_machines/artefact.h"

#include <cstddef>
#include <cstdint>

#include "engines/ml/archive.h"
#include "engines/ml/memory_file.h"
#include "engines/ml/mxnet_params.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace millrace;
  using namespace millrace::ml;
  constexpr uint64_t kModelBytesMax = 1 << 20;
  if (size == 0) return 0;
  Bytes bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (data[0] % 2 == 1) {
    const char* meta = R"({"training_parameters": {"predictor_type": "regressor"}})";
    bytes = *make_zip({{"meta.json", meta}, {"params", bytes}});
  }
  if (const auto members = stored_members(bytes, 64)) {
    for (const auto& [name, content] : *members) {
      const auto tensors = locate_mxnet_params(content, kModelBytesMax / sizeof(float));
      if (!tensors) continue;
      for (const auto& [tensor_name, tensor] : *tensors) {
        if (const auto copied = copy_tensor(tensor))
          ASSERT(copied->values.size() <= kModelBytesMax);
      }
    }
  }
  MemoryFile file(bytes);
  const auto model = factorization_machines::read_artefact(file, kModelBytesMax);
  if (model) ASSERT(model->feature_dim() > 0);
  return 0;
}
