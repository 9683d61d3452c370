#include "engines/ml/mxnet_params.h"

#include <fmt/format.h>

#include <bit>
#include <cstring>

#include "engines/ml/limits.h"
#include "engines/ml/protobuf_wire.h"

namespace millrace::ml {
namespace {

constexpr uint64_t kListMagic = 0x112;
constexpr uint32_t kVersion1 = 0xf993fac8;
constexpr uint32_t kVersion2 = 0xf993fac9;
constexpr uint32_t kVersion3 = 0xf993faca;
constexpr uint32_t kDimensionsMax = 32;

enum StorageType : uint32_t { kDense = 0, kRowSparse = 1 };
enum DataType : uint32_t { kFloat32 = 0, kFloat64 = 1, kInt32 = 4, kInt64 = 6 };

std::unexpected<Error> damaged(std::string_view what) {
  return fail(ErrorKind::invalid, fmt::format("the parameters are damaged: {}", what));
}

class Cursor {
 public:
  Cursor(BytesView bytes, uint64_t values_max) : rest_(bytes), values_left_(values_max) {}

  Result<uint32_t> u32() {
    TRY(const BytesView bytes, take(4));
    return load_u32(bytes.data());
  }
  Result<uint64_t> u64() {
    TRY(const BytesView bytes, take(8));
    return load_u64(bytes.data());
  }
  Result<BytesView> take(uint64_t size) {
    if (size > rest_.size()) return damaged("they are cut off");
    const BytesView bytes = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return bytes;
  }
  bool at_end() const { return rest_.empty(); }

  Result<StoredTensor> tensor() {
    TRY(const uint32_t word, u32());
    if (word == kVersion2 || word == kVersion3) return versioned();
    StoredTensor tensor;
    if (word == kVersion1) {
      TRY(tensor.shape, shape(8));
    } else {  // Version 0 begins with the number of dimensions, of 32 bits each.
      TRY(tensor.shape, dimensions(word, 4));
    }
    TRY(context());
    TRY(const uint32_t type, u32());
    TRY(values(type, tensor.shape, tensor));
    return tensor;
  }

 private:
  Result<StoredTensor> versioned() {
    TRY(const uint32_t storage, u32());
    if (storage != kDense && storage != kRowSparse) {
      return fail(ErrorKind::unsupported,
                  fmt::format("a tensor has the storage type {}, which is not supported", storage));
    }
    std::vector<uint64_t> stored;
    if (storage == kRowSparse) {
      TRY(stored, shape(8));
    }
    StoredTensor tensor;
    TRY(tensor.shape, shape(8));
    TRY(context());
    TRY(const uint32_t type, u32());
    if (storage == kDense) {
      TRY(values(type, tensor.shape, tensor));
      return tensor;
    }
    TRY(sparse(type, stored, tensor));
    return tensor;
  }

  // A row-sparse tensor: the rows that are there, then their numbers.
  Result<void> sparse(uint32_t type, const std::vector<uint64_t>& stored, StoredTensor& tensor) {
    TRY(const uint32_t index_type, u32());
    if (index_type != kInt64) return damaged("row numbers are not of type int64");
    TRY(const std::vector<uint64_t> index_shape, shape(8));
    if (index_shape.size() != 1 || stored.empty() || stored.size() != tensor.shape.size() ||
        index_shape[0] != stored[0]) {
      return damaged("the shapes of a sparse tensor do not agree");
    }
    for (size_t d = 1; d < stored.size(); ++d) {
      if (stored[d] != tensor.shape[d]) {
        return damaged("the shapes of a sparse tensor do not agree");
      }
    }
    tensor.sparse = true;
    TRY(values(type, stored, tensor));
    TRY(product(tensor.shape));
    if (stored[0] > rest_.size() / 8) return damaged("they are cut off");
    TRY(tensor.row_numbers, take(stored[0] * 8));
    return ok;
  }

  Result<std::vector<uint64_t>> shape(size_t dimension_bytes) {
    TRY(const uint32_t count, u32());
    return dimensions(count, dimension_bytes);
  }

  Result<std::vector<uint64_t>> dimensions(uint32_t count, size_t dimension_bytes) {
    if (count == 0 || count > kDimensionsMax) return damaged("a tensor has no sensible shape");
    std::vector<uint64_t> shape;
    for (uint32_t d = 0; d < count; ++d) {
      if (dimension_bytes == 4) {
        TRY(const uint32_t size, u32());
        shape.push_back(size);
      } else {
        TRY(const uint64_t size, u64());
        shape.push_back(size);
      }
    }
    return shape;
  }

  Result<void> context() {  // The device that held the tensor.
    TRY(take(8));
    return ok;
  }

  // The number of values of a shape, taken from what is left of the limit.
  Result<uint64_t> product(const std::vector<uint64_t>& shape) {
    uint64_t count = 1;
    for (const uint64_t size : shape) {
      if (size != 0 && count > values_left_ / size) {
        return fail(ErrorKind::exhausted, "the parameters have too many values");
      }
      count *= size;
    }
    values_left_ -= count;
    return count;
  }

  Result<void> values(uint32_t type, const std::vector<uint64_t>& shape, StoredTensor& tensor) {
    if (type != kFloat32 && type != kFloat64) {
      return fail(ErrorKind::unsupported,
                  fmt::format("a tensor has the data type {}, which is not supported", type));
    }
    tensor.wide = type == kFloat64;
    TRY(const uint64_t count, product(shape));
    TRY(tensor.values, take(count * (tensor.wide ? 8 : 4)));
    return ok;
  }

  BytesView rest_;
  uint64_t values_left_;
};

float value_at(const StoredTensor& tensor, uint64_t at) {
  if (tensor.wide) {
    return static_cast<float>(std::bit_cast<double>(load_u64(tensor.values.data() + at * 8)));
  }
  return std::bit_cast<float>(load_u32(tensor.values.data() + at * 4));
}

}  // namespace

bool StoredTensor::plain() const {
  return !wide && !sparse && reinterpret_cast<uintptr_t>(values.data()) % alignof(float) == 0;
}

Result<std::map<std::string, StoredTensor>> locate_mxnet_params(BytesView bytes,
                                                                uint64_t values_max) {
  Cursor cursor(bytes, values_max);
  TRY(const uint64_t magic, cursor.u64());
  if (magic != kListMagic) return damaged("the magic number is wrong");
  TRY(cursor.u64());  // Reserved.
  TRY(const uint64_t count, cursor.u64());
  if (count > kTensorsMax)
    return fail(ErrorKind::exhausted, "the parameters have too many tensors");
  std::vector<StoredTensor> tensors;
  for (uint64_t i = 0; i < count; ++i) {
    TRY(StoredTensor tensor, cursor.tensor());
    tensors.push_back(std::move(tensor));
  }
  TRY(const uint64_t names, cursor.u64());
  if (names != count) return damaged("there are not as many names as tensors");
  std::map<std::string, StoredTensor> named;
  for (StoredTensor& tensor : tensors) {
    TRY(const uint64_t size, cursor.u64());
    if (size > kTensorNameBytesMax) return damaged("a tensor's name is too long");
    TRY(const BytesView name, cursor.take(size));
    named.insert_or_assign(std::string(name), std::move(tensor));
  }
  if (!cursor.at_end()) return damaged("something follows the last name");
  return named;
}

Result<Tensor> copy_tensor(const StoredTensor& stored) {
  Tensor tensor;
  tensor.shape = stored.shape;
  uint64_t count = 1;
  for (const uint64_t size : stored.shape) count *= size;  // Bounded when it was located.
  tensor.values.resize(count);
  if (!stored.sparse) {
    for (uint64_t i = 0; i < count; ++i) tensor.values[i] = value_at(stored, i);
    return tensor;
  }
  const uint64_t rows = stored.row_numbers.size() / 8;
  const uint64_t width = rows == 0 ? 0 : stored.values.size() / (stored.wide ? 8 : 4) / rows;
  for (uint64_t i = 0; i < rows; ++i) {
    const uint64_t row = load_u64(stored.row_numbers.data() + i * 8);
    if (row >= stored.shape[0]) return damaged("a row number is out of range");
    for (uint64_t f = 0; f < width; ++f) {
      tensor.values[row * width + f] = value_at(stored, i * width + f);
    }
  }
  return tensor;
}

Result<std::map<std::string, Tensor>> parse_mxnet_params(BytesView bytes, uint64_t values_max) {
  TRY(const auto stored, locate_mxnet_params(bytes, values_max));
  std::map<std::string, Tensor> tensors;
  for (const auto& [name, tensor] : stored) {
    TRY(Tensor copied, copy_tensor(tensor));
    tensors.emplace(name, std::move(copied));
  }
  return tensors;
}

Bytes mxnet_list_head(uint64_t tensors) {
  Bytes out;
  append_u64(out, kListMagic);
  append_u64(out, 0);
  append_u64(out, tensors);
  return out;
}

Bytes mxnet_tensor_head(const std::vector<uint64_t>& shape) {
  constexpr uint32_t kCpu = 1;
  Bytes out;
  append_u32(out, kVersion2);
  append_u32(out, kDense);
  append_u32(out, static_cast<uint32_t>(shape.size()));
  for (const uint64_t size : shape) append_u64(out, size);
  append_u32(out, kCpu);
  append_u32(out, 0);  // Device.
  append_u32(out, kFloat32);
  return out;
}

Bytes mxnet_list_tail(const std::vector<std::string>& names) {
  Bytes out;
  append_u64(out, names.size());
  for (const std::string& name : names) {
    append_u64(out, name.size());
    out.append(name);
  }
  return out;
}

Bytes encode_mxnet_params(const std::vector<std::pair<std::string, Tensor>>& tensors) {
  Bytes out = mxnet_list_head(tensors.size());
  std::vector<std::string> names;
  for (const auto& [name, tensor] : tensors) {
    out += mxnet_tensor_head(tensor.shape);
    out.append(reinterpret_cast<const char*>(tensor.values.data()),
               tensor.values.size() * sizeof(float));
    names.push_back(name);
  }
  return out + mxnet_list_tail(names);
}

}  // namespace millrace::ml
