#include "engines/ml/mxnet_params.h"

#include <gtest/gtest.h>

#include "engines/ml/protobuf_wire.h"

namespace millrace::ml {
namespace {

constexpr uint64_t kValuesMax = 1000;

Bytes list(const std::vector<Bytes>& tensors, const std::vector<std::string>& names) {
  Bytes out;
  append_u64(out, 0x112);
  append_u64(out, 0);
  append_u64(out, tensors.size());
  for (const Bytes& tensor : tensors) out += tensor;
  append_u64(out, names.size());
  for (const std::string& name : names) {
    append_u64(out, name.size());
    out += name;
  }
  return out;
}

void append_shape(Bytes& out, const std::vector<uint64_t>& shape) {
  append_u32(out, static_cast<uint32_t>(shape.size()));
  for (const uint64_t size : shape) append_u64(out, size);
}

void append_float(Bytes& out, float value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

// A row-sparse 4x2 tensor of which the rows 1 and 3 are there.
Bytes row_sparse(uint64_t last_row) {
  Bytes out;
  append_u32(out, 0xf993fac9);
  append_u32(out, 1);
  append_shape(out, {2, 2});
  append_shape(out, {4, 2});
  append_u32(out, 1);
  append_u32(out, 0);
  append_u32(out, 0);
  append_u32(out, 6);
  append_shape(out, {2});
  for (const float value : {1.f, 2.f, 3.f, 4.f}) append_float(out, value);
  append_u64(out, 1);
  append_u64(out, last_row);
  return out;
}

std::string error_of(BytesView bytes) {
  const auto result = parse_mxnet_params(bytes, kValuesMax);
  return result ? "none" : result.error().message;
}

TEST(MxnetParams, WritesWhatItReads) {
  const Tensor v{{2, 3}, {1, 2, 3, 4, 5, 6}};
  const Bytes bytes = encode_mxnet_params({{"arg:v", v}, {"arg:b", {{1, 1}, {7}}}});
  const auto tensors = parse_mxnet_params(bytes, kValuesMax);
  ASSERT_TRUE(tensors) << tensors.error().message;
  EXPECT_EQ(tensors->at("arg:v").shape, v.shape);
  EXPECT_EQ(tensors->at("arg:v").values, v.values);
  EXPECT_EQ(tensors->at("arg:b").values, std::vector<float>{7});
}

TEST(MxnetParams, HasTheDocumentedBytes) {
  EXPECT_EQ(to_hex(encode_mxnet_params({{"a", {{1}, {1}}}})),
            "1201000000000000"
            "0000000000000000"
            "0100000000000000"  // magic, reserved, count
            "c9fa93f9"
            "00000000"
            "01000000"
            "0100000000000000"  // version, dense, shape
            "01000000"
            "00000000"
            "00000000"
            "0000803f"  // cpu, 0, float32, 1.0
            "0100000000000000"
            "0100000000000000"
            "61");  // names
}

TEST(MxnetParams, ReadsRowSparseTensors) {
  const auto tensors = parse_mxnet_params(list({row_sparse(3)}, {"arg:v"}), kValuesMax);
  ASSERT_TRUE(tensors) << tensors.error().message;
  EXPECT_EQ(tensors->at("arg:v").values, (std::vector<float>{0, 0, 1, 2, 0, 0, 3, 4}));
  EXPECT_NE(error_of(list({row_sparse(4)}, {"arg:v"})), "none");
}

TEST(MxnetParams, ReadsOlderVersionsAndFloat64) {
  Bytes v1;
  append_u32(v1, 0xf993fac8);
  append_shape(v1, {1});
  append_u32(v1, 1);
  append_u32(v1, 0);
  append_u32(v1, 1);
  append_u64(v1, 0x4004000000000000);  // 2.5
  Bytes v0;
  append_u32(v0, 2);
  append_u32(v0, 1);
  append_u32(v0, 2);
  append_u32(v0, 1);
  append_u32(v0, 0);
  append_u32(v0, 0);
  append_float(v0, 3);
  append_float(v0, 4);
  const auto tensors = parse_mxnet_params(list({v1, v0}, {"one", "two"}), kValuesMax);
  ASSERT_TRUE(tensors) << tensors.error().message;
  EXPECT_EQ(tensors->at("one").values, std::vector<float>{2.5f});
  EXPECT_EQ(tensors->at("two").values, (std::vector<float>{3, 4}));
  EXPECT_EQ(tensors->at("two").shape, (std::vector<uint64_t>{1, 2}));
}

TEST(MxnetParams, RefusesEveryCutOffFile) {
  const Bytes bytes = list({row_sparse(3)}, {"arg:v"});
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_NE(error_of(BytesView(bytes).substr(0, size)), "none") << size;
  }
  EXPECT_NE(error_of(bytes + "x"), "none");
}

TEST(MxnetParams, RefusesShapesBeyondItsLimit) {
  for (const std::vector<uint64_t>& shape : std::vector<std::vector<uint64_t>>{
           {1ull << 40}, {1ull << 33, 1ull << 33}, {~0ull, ~0ull}, {1001}}) {
    Bytes tensor;
    append_u32(tensor, 0xf993fac9);
    append_u32(tensor, 0);
    append_shape(tensor, shape);
    append_u64(tensor, 1);
    append_u32(tensor, 0);
    EXPECT_EQ(error_of(list({tensor}, {"v"})), "the parameters have too many values");
  }
}

}  // namespace
}  // namespace millrace::ml
