#include "services/s3/form_parser.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace millrace::s3 {
namespace {

std::string field(std::string_view name, std::string_view value) {
  return fmt::format("--B\r\nContent-Disposition: form-data; name=\"{}\"\r\n\r\n{}\r\n", name,
                     value);
}
std::string file(std::string_view name, std::string_view bytes) {
  return fmt::format(
      "--B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{}\"\r\n"
      "Content-Type: text/plain\r\n\r\n{}\r\n",
      name, bytes);
}

struct Parsed {
  Result<void> result;
  std::vector<std::pair<std::string, std::string>> fields;
  Bytes file;
};

// Feeds `piece` bytes at a time.
Parsed parse(std::string_view body, size_t piece) {
  FormParser parser("B");
  Parsed out;
  for (size_t at = 0; at < body.size() && out.result; at += piece) {
    out.result = parser.feed(body.substr(at, piece), out.file);
  }
  if (out.result) out.result = parser.finish();
  out.fields = parser.fields();
  return out;
}

TEST(FormParserTest, ReadsABoundary) {
  EXPECT_EQ(form_boundary("multipart/form-data; boundary=abc"), "abc");
  EXPECT_EQ(form_boundary("Multipart/Form-Data; charset=utf-8; Boundary=\"a b\""), "a b");
  EXPECT_FALSE(form_boundary("multipart/form-data"));
  EXPECT_FALSE(form_boundary("multipart/form-data; boundary="));
  EXPECT_FALSE(form_boundary("multipart/form-data; boundary=\"abc"));
  EXPECT_FALSE(form_boundary("multipart/mixed; boundary=abc"));
  EXPECT_FALSE(form_boundary("multipart/form-data; boundary=" + std::string(71, 'a')));
  EXPECT_FALSE(form_boundary("multipart/form-data; boundary=a\nb"));
}

TEST(FormParserTest, IsTheSameInPiecesOfAnySize) {
  const std::string bytes = "line\r\n--not\r\n--\r\r\n-\r\n--A tail";
  const std::string body = field("key", "u/${filename}") + field("x", "") +
                           file("C:\\dir\\a \\\"b\\\".txt", bytes) + field("after", "ignored") +
                           "--B--\r\n";
  for (const size_t piece : {size_t{1}, size_t{2}, size_t{3}, size_t{7}, size_t{50}, body.size()}) {
    const Parsed out = parse(body, piece);
    ASSERT_TRUE(out.result) << piece << ": " << out.result.error().message;
    ASSERT_EQ(out.fields.size(), 2U);
    EXPECT_EQ(out.fields[0].second, "u/a \"b\".txt");
    EXPECT_EQ(out.fields[1].second, "");
    EXPECT_EQ(out.file, bytes) << piece;
  }
}

TEST(FormParserTest, TheFileMayBeEmptyAndThePolicyStaysAsItIs) {
  const Parsed out = parse(field("policy", "${filename}") + file("f", "") + "--B--", 5);
  ASSERT_TRUE(out.result);
  EXPECT_EQ(out.file, "");
  EXPECT_EQ(out.fields[0].second, "${filename}");
}

TEST(FormParserTest, RefusesWhatIsNoForm) {
  const auto code = [](std::string_view body) {
    const Parsed out = parse(body, 11);
    return out.result ? std::string() : out.result.error().code;
  };
  EXPECT_EQ(code(""), "MalformedPOSTRequest");
  EXPECT_EQ(code("nonsense"), "MalformedPOSTRequest");
  EXPECT_EQ(code("--Bx\r\n"), "MalformedPOSTRequest");
  EXPECT_EQ(code(field("key", "a")), "MalformedPOSTRequest");             // No end.
  EXPECT_EQ(code(file("f", "x").substr(0, 90)), "MalformedPOSTRequest");  // Cut.
  EXPECT_EQ(code("--B\r\nContent-Type: a\r\n\r\nx\r\n--B--"), "MalformedPOSTRequest");
  EXPECT_EQ(code("--B\r\nno colon\r\n\r\nx\r\n--B--"), "MalformedPOSTRequest");
  EXPECT_EQ(code("--B\r\nContent-Disposition: attachment; name=\"a\"\r\n\r\nx\r\n--B--"),
            "MalformedPOSTRequest");
  EXPECT_EQ(code(field("key", "a") + "--B--\r\n"), "InvalidArgument");  // No file.
}

TEST(FormParserTest, WhatComesBeforeTheFileIsLimited) {
  const auto code = [](const std::string& body) {
    const Parsed out = parse(body, 1000);
    return out.result ? std::string() : out.result.error().code;
  };
  const std::string end = file("f", std::string(100'000, 'x')) + "--B--";
  EXPECT_EQ(code(field("a", std::string(kFormFieldsMax - 300, 'a')) + end), "");
  EXPECT_EQ(code(field("a", std::string(kFormFieldsMax + 1, 'a')) + end),
            "MaxPostPreDataLengthExceededError");
  std::string many;
  for (int i = 0; i < 1000; ++i) many += field("", "");
  EXPECT_EQ(code(many + end), "MaxPostPreDataLengthExceededError");
  EXPECT_EQ(code("--B\r\nX: " + std::string(kFormHeadMax, 'a')), "MalformedPOSTRequest");
}

}  // namespace
}  // namespace millrace::s3
