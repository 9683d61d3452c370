#include <gtest/gtest.h>

#include <deque>

#include "wire/protocols/cbor_reader.h"
#include "wire/protocols/cbor_writer.h"
#include "wire/protocols/document.h"
#include "wire/protocols/sample_model.h"

namespace millrace::wire {
namespace {

using testing::make_sample;
using testing::Sample;

class Cbor : public ::testing::Test {
 protected:
  std::string read(std::string_view hex) {
    Bytes& bytes = kept_.emplace_back();
    EXPECT_TRUE(from_hex(hex, bytes)) << hex;
    return read_bytes(bytes);
  }
  std::string read_bytes(std::string_view bytes) {
    const auto value = CborReader(bytes, arena_).read(sample_.input());
    if (!value) {
      EXPECT_EQ(value.error().code, "SerializationException");
      return "!";
    }
    return write_document(sample_.input(), *value);
  }

  Sample sample_ = make_sample(R"({"protocol": "smithy-rpc-v2-cbor"})");
  Arena arena_;
  std::deque<Bytes> kept_;
};

TEST_F(Cbor, ReadsWhatItWrites) {
  const std::string_view text =
      R"({"JobName":"ab","Small":-70000,"Big":9223372036854775807,"Share":0.25,"Flag":true,)"
      R"("Raw":"AAE=","When":1.5,"Names":["x",null],"Tags":[{"Key":"k"}],"Labels":{"a":"b"},)"
      R"("Tree":{"Left":{"Label":"l"}}})";
  const auto value = parse_document(sample_.input(), text, arena_);
  ASSERT_TRUE(value.has_value());
  Bytes bytes;
  append_cbor(bytes, sample_.input(), *value);
  EXPECT_EQ(read_bytes(bytes), text);
  for (size_t i = 0; i < bytes.size(); ++i) {
    EXPECT_EQ(read_bytes(std::string_view(bytes).substr(0, i)), "!") << i;
  }
  EXPECT_EQ(read_bytes(bytes + "\xF6"), "!");
}

TEST_F(Cbor, ReadsAllLengthsAndForms) {
  EXPECT_EQ(read("bf64546578747f61616162ffff"), R"({"Text":"ab"})");
  EXPECT_EQ(read("a16454657874780161"), R"({"Text":"a"})");
  EXPECT_EQ(read("a165536d616c6cf94400"), R"({"Small":4})");
  EXPECT_EQ(read("a165536861726501"), R"({"Share":1})");
  EXPECT_EQ(read("a1645768656ec11a5e0be100"), R"({"When":1577836800})");
  EXPECT_EQ(read("a16454657874f6"), "{}");
  EXPECT_EQ(read("a2617882c2410182f5f664546578746161"), R"({"Text":"a"})");
}

TEST_F(Cbor, RefusesMalformedBytes) {
  for (const std::string_view hex : {"ff",
                                     "a1",
                                     "a16454657874",
                                     "1c",
                                     "a164546578741c",
                                     "a1645465787462",
                                     "a164546578746261",
                                     "a164546578744161",              // bytes for a text
                                     "a1645465787461ff",              // not UTF-8
                                     "a164546578747f416161ff",        // a chunk of bytes in a text
                                     "a1fff6",                        // a break as key
                                     "a10102",                        // a number as key
                                     "a16454657874f5",                // a boolean for a text
                                     "a16454657874c06161",            // a tag on a text
                                     "a165536d616c6c1a80000000",      // beyond 32 bits
                                     "a165536d616c6cf93e00",          // 1.5
                                     "a1634269671bffffffffffffffff",  // beyond 64 bits
                                     "a1645768656e1a5e0be100",        // a moment without its tag
                                     "a1645768656ec16178",            // a text as moment
                                     "a1645768656ec1fb7ff0000000000000",
                                     "a165466c6167f6f6",
                                     "a165466c616701"}) {
    EXPECT_EQ(read(hex), "!") << hex;
  }
}

TEST_F(Cbor, DoesNotTrustDeclaredLengths) {
  EXPECT_EQ(read("a164546578747bffffffffffffffff"), "!");
  EXPECT_EQ(read("a1654e616d65739bffffffffffffffff"), "!");
  EXPECT_EQ(read("bbffffffffffffffff"), "!");
  EXPECT_EQ(read("a161789bffffffffffffffff"), "!");
  EXPECT_LT(arena_.bytes_reserved(), size_t{1} << 16);
}

TEST_F(Cbor, LimitsDepth) {
  EXPECT_EQ(read_bytes("\xA1\x61x" + std::string(100000, '\x81')), "!");
  EXPECT_EQ(read_bytes("\xA1\x61x" + std::string(100000, '\xC1')), "!");
  EXPECT_EQ(read_bytes("\xA1\x61x" + std::string(100000, '\x9F')), "!");
}

}  // namespace
}  // namespace millrace::wire
