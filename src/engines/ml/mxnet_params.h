// MXNet's parameter files (`mx.nd.save`): a list of named tensors. Source: NDArray::Save and
// NDArray::Load of apache/mxnet 1.x; docs/formats/factorization-machines-model.md has the bytes.
//
// Reads versions 0 to 3, dense and row-sparse, of float32 and float64 (as float32); writes dense
// float32 of version 2. Errors: invalid (damaged), unsupported (another type), exhausted (limits).
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace millrace::ml {

struct Tensor {
  std::vector<uint64_t> shape;
  std::vector<float> values;  // Row by row.
};

// `values_max` bounds the number of values of all tensors together.
Result<std::map<std::string, Tensor>> parse_mxnet_params(BytesView bytes, uint64_t values_max);

// In the order given.
Bytes encode_mxnet_params(const std::vector<std::pair<std::string, Tensor>>& tensors);

}  // namespace millrace::ml
