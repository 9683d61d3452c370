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

// A tensor as it lies in a parameter file, which outlives it.
struct StoredTensor {
  std::vector<uint64_t> shape;
  BytesView values;   // Of a sparse tensor: of the rows that are there.
  bool wide = false;  // float64; else float32.
  bool sparse = false;
  BytesView row_numbers;  // Of a sparse tensor: 8 bytes each.

  // The values are float32, all there, and where a float may be read.
  bool plain() const;
  const float* floats() const { return reinterpret_cast<const float*>(values.data()); }
};

// Finds the tensors without copying or reading their values. `values_max` bounds the number of
// values of all tensors together.
Result<std::map<std::string, StoredTensor>> locate_mxnet_params(BytesView bytes,
                                                                uint64_t values_max);

// A copy of a tensor's values. Errors: invalid (a row number out of range).
Result<Tensor> copy_tensor(const StoredTensor& stored);

// All of a file: locate_mxnet_params(), then copies.
Result<std::map<std::string, Tensor>> parse_mxnet_params(BytesView bytes, uint64_t values_max);

// In the order given.
Bytes encode_mxnet_params(const std::vector<std::pair<std::string, Tensor>>& tensors);

// The same piece by piece: the head of the list, then for each tensor its head and its values, then
// the names in the order of the tensors.
Bytes mxnet_list_head(uint64_t tensors);
Bytes mxnet_tensor_head(const std::vector<uint64_t>& shape);
Bytes mxnet_list_tail(const std::vector<std::string>& names);

}  // namespace millrace::ml
