#include "engines/ml/plain_request.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "engines/ml/generator.h"
#include "engines/ml/request_body.h"

namespace millrace::ml {
namespace {

constexpr uint64_t kFeatures = 1000;

bool equal(const RowBatch& a, const RowBatch& b) {
  return a.size() == b.size() && a.indices == b.indices && a.values == b.values &&
         std::equal(a.ends().begin(), a.ends().end(), b.ends().begin(), b.ends().end());
}

TEST(PlainRequest, ReadsTheUsualShapes) {
  RowBatch rows;
  ASSERT_TRUE(parse_plain_request(
      R"( {"instances" : [{"data": {"features": {"keys": [3, 1], "shape": [1000],
           "values": [1, -2.5e1]}}}, {"features":{"values":[0.125],"keys":[999]}}]} )",
      kFeatures, rows));
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows.indices, (std::vector<uint32_t>{1, 3, 999}));
  EXPECT_EQ(rows.values, (std::vector<float>{-25, 1, 0.125f}));
  RowBatch dense;
  ASSERT_TRUE(parse_plain_request(R"({"instances": [{"features": [0, 2, 1e-3]}]})", 3, dense));
  EXPECT_EQ(dense.indices, (std::vector<uint32_t>{1, 2}));
}

TEST(PlainRequest, LeavesTheRestToTheOtherParser) {
  for (const std::string_view body :
       {"", "{", "[]", R"({"instances": [{"features": [1, 2]}]})",
        R"({"instances": [{"features": {"keys": [01], "values": [1]}}]})",
        R"({"instances": [{"features": {"keys": [1000], "values": [1]}}]})",
        R"({"instances": [{"features": {"keys": [1], "values": [1], "keys": [2]}}]})",
        R"({"instances": [{"features": {"keys": [1], "values": [1.]}}]})",
        R"({"instances": [{"features": {"keys": [1], "values": [.5]}}]})",
        R"({"instances": [{"features": {"keys": [1], "values": [1e]}}]})",
        R"({"instances": [{"features": {"keys": [1], "values": [1,]}}]})",
        R"({"instances": [{"features": {"keys": [1.0], "values": [1]}}]})",
        R"({"instances": [{"features": {"keys": [1], "values": [12345678901234567]}}]})",
        R"({"instances": [{"features": {"keys": [1], "values": [1e23]}}]})",
        R"({"instances": [{"features": {"keys": [1], "values": [1]}, "other": 1}]})",
        R"({"instances": [{"features": {"keys": [1, 2], "values": [1]}}]})",
        R"({"instances": [{"features": {"keys": [1], "values": [1]}}]}])"}) {
    RowBatch rows;
    EXPECT_FALSE(parse_plain_request(body, kFeatures, rows)) << body;
    EXPECT_TRUE(rows.empty() && rows.indices.empty() && rows.values.empty()) << body;
  }
}

// Whatever it reads, it reads as the standard library reads numbers, and as the other parser reads
// the whole.
TEST(PlainRequest, ReadsNumbersExactly) {
  Generator generator(1);
  for (int round = 0; round < 20000; ++round) {
    std::string text;
    if (generator.below(2) == 0) text += '-';
    text += std::to_string(generator.below(uint64_t{1} << generator.below(39)));
    if (generator.below(2) == 0) text += "." + std::to_string(generator.below(1000));
    if (generator.below(3) == 0) {
      const std::array signs = {"", "+", "-"};
      text += std::string("e") + signs[generator.below(3)] + std::to_string(generator.below(9));
    }
    double expected = 0;
    std::from_chars(text.data(), text.data() + text.size(), expected);
    const std::string body =
        R"({"instances": [{"features": {"keys": [5], "values": [)" + text + "]}}]}";
    RowBatch rows;
    ASSERT_TRUE(parse_plain_request(body, kFeatures, rows)) << text;
    ASSERT_EQ(rows.values.at(0), static_cast<float>(expected)) << text;
  }
}

TEST(PlainRequest, AgreesWithTheOtherParserOnDamagedBodies) {
  const std::string whole =
      R"({"instances": [{"data": {"features": {"keys": [3, 1], "shape": [9], "values": [1, -2]}}},)"
      R"( {"features": {"values": [0.125], "keys": [999]}}]})";
  const std::string letters = R"({}[]":,.-+e0123456789 datvk)";
  Generator generator(2);
  size_t taken = 0;
  for (int round = 0; round < 20000; ++round) {
    std::string body = whole;
    for (uint64_t edit = generator.below(3) + 1; edit > 0; --edit) {
      body[generator.below(body.size())] = letters[generator.below(letters.size())];
    }
    RowBatch plain;
    if (!parse_plain_request(body, kFeatures, plain)) continue;
    ++taken;
    RowBatch other;
    const Result<void> parsed = parse_json_document(body, kFeatures, other);
    ASSERT_TRUE(parsed) << body << ": " << parsed.error().message;
    EXPECT_TRUE(equal(plain, other)) << body;
  }
  EXPECT_GT(taken, 100u);
}

TEST(PlainRequest, ReadsLinesAsDocumentsAreRead) {
  const std::string whole =
      R"({"data": {"features": {"keys": [3, 1], "shape": [9], "values": [1, -2]}}})"
      "\n\n"
      R"({"features": {"values": [0.125], "keys": [999]}})";
  const std::string letters = "{}[]\":,.-+e0123456789 datvk\n";
  Generator generator(3);
  size_t taken = 0;
  for (int round = 0; round < 20000; ++round) {
    std::string body = whole;
    for (uint64_t edit = generator.below(3); edit > 0; --edit) {
      body[generator.below(body.size())] = letters[generator.below(letters.size())];
    }
    RowBatch lines;
    RowBatch documents;
    const Result<void> read = parse_jsonlines_request(body, kFeatures, lines);
    const Result<void> expected = parse_jsonlines_documents(body, kFeatures, documents);
    ASSERT_EQ(read.has_value(), expected.has_value()) << body;
    if (!read) ASSERT_EQ(read.error().message, expected.error().message) << body;
    EXPECT_TRUE(equal(lines, documents)) << body;
    taken += read ? 1 : 0;
  }
  EXPECT_GT(taken, 100u);
}

}  // namespace
}  // namespace millrace::ml
