#include <gtest/gtest.h>

#include "wire/protocols/document.h"
#include "wire/protocols/json_reader.h"
#include "wire/protocols/json_writer.h"
#include "wire/protocols/sample_model.h"

namespace millrace::wire {
namespace {

using testing::make_sample;
using testing::Sample;

class Json : public ::testing::Test {
 protected:
  Result<Value> read(std::string_view text) {
    return JsonReader(text, JsonForm::wire, arena_).read(sample_.input());
  }
  // What is written of what was read, or the error's message.
  std::string again(std::string_view text) {
    const auto value = read(text);
    if (!value) {
      EXPECT_EQ(value.error().code, "SerializationException");
      EXPECT_EQ(value.error().kind, ErrorKind::invalid);
      return "! " + value.error().message;
    }
    Bytes out;
    append_json(out, sample_.input(), *value, JsonForm::wire);
    return out;
  }
  bool refused(std::string_view text) { return !read(text).has_value(); }

  Sample sample_ = make_sample(R"({"protocol": "json"})");
  Arena arena_;
};

TEST_F(Json, ReadsEveryKind) {
  const std::string_view text =
      R"({"JobName":"ab","Small":-7,"Big":9223372036854775807,"Share":0.25,"Flag":true,)"
      R"("Raw":"AAE=",)"
      R"("When":1.5,"Free":{"a":[1,{}]},"Names":["x",null],"Tags":[{"Key":"k"}],)"
      R"("Labels":{"a":"b"},"Tree":{"Left":{"Label":"l"}}})";
  EXPECT_EQ(again(text), text);
}

TEST_F(Json, SkipsWhatItDoesNotKnowAndDropsNulls) {
  EXPECT_EQ(again(R"({"X":{"a":[{}],"b":"\u0041"},"JobName":null,"Text":"t","y":-1.5e3})"),
            R"({"Text":"t"})");
}

TEST_F(Json, LastOfDuplicatesWins) {
  EXPECT_EQ(again(R"({"Text":"a","Labels":{"k":"1","m":"2","k":"3"},"Text":"b"})"),
            R"({"Labels":{"m":"2","k":"3"},"Text":"b"})");
}

TEST_F(Json, DecodesEscapes) {
  const auto value = read(R"({"Text":"a\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00é"})");
  ASSERT_TRUE(value.has_value());
  EXPECT_EQ(value->items[find_member(sample_.input(), "Text")].as_text(),
            "a\"\\/\b\f\n\r\t\xC3\xA9\xF0\x9F\x98\x80\xC3\xA9");
  EXPECT_EQ(again("{\"Text\":\"\\u0000\\u001f\"}"), "{\"Text\":\"\\u0000\\u001f\"}");
}

TEST_F(Json, BorrowsTextsWithoutEscapes) {
  const std::string text = R"({"Text":"a rather long text that is not copied"})";
  const auto value = read(text);
  ASSERT_TRUE(value.has_value());
  const char* const at = value->items[find_member(sample_.input(), "Text")].text;
  EXPECT_TRUE(at > text.data() && at < text.data() + text.size());
}

TEST_F(Json, NamesTheMismatchAsAwsDoes) {
  EXPECT_EQ(again(R"({"Text":5})"), "! NUMBER_VALUE cannot be converted to String");
  EXPECT_EQ(again(R"({"Text":true})"), "! TRUE_VALUE cannot be converted to String");
  EXPECT_EQ(again(R"({"Small":"5"})"), "! STRING_VALUE cannot be converted to Integer");
  EXPECT_EQ(again(R"({"Big":false})"), "! FALSE_VALUE cannot be converted to Long");
  EXPECT_EQ(again(R"({"When":"2020-01-01T00:00:00Z"})"),
            "! STRING_VALUE cannot be converted to Date");
  EXPECT_EQ(again(R"({"Text":{}})"), "! Start of structure or map found where not expected");
  EXPECT_EQ(again(R"({"Tree":"a"})"), "! Unexpected field type");
  EXPECT_EQ(again(R"({"Raw":5})"), "! only base-64-encoded strings are convertible to bytes");
}

TEST_F(Json, RefusesMalformedText) {
  for (const std::string_view text : {"",
                                      " ",
                                      "{",
                                      "}",
                                      "{\"Text\"",
                                      "{\"Text\":",
                                      "{\"Text\":\"",
                                      "{\"Text\":\"a\"",
                                      "{\"Text\":\"a\",}",
                                      "{,}",
                                      "{\"Text\" \"a\"}",
                                      "{\"Text\":\"a\"}x",
                                      "{\"Text\":\"a\"}{}",
                                      "{'Text':'a'}",
                                      "{Text:\"a\"}",
                                      "[]",
                                      "1",
                                      "\"a\"",
                                      "nul",
                                      "{\"Text\":nul}",
                                      "{\"Text\":\"\n\"}",
                                      "{\"Text\":\"\\x\"}",
                                      "{\"Text\":\"\\u12\"}",
                                      "{\"Text\":\"\\ud800\"}",
                                      "{\"Text\":\"\\ud800\\u0041\"}",
                                      "{\"Text\":\"\\udc00\"}",
                                      "{\"Text\":\"\xFF\"}",
                                      "{\"Text\":\"\xC0\x80\"}",
                                      "{\"Text\":\"\xED\xA0\x80\"}",
                                      "{\"Small\":01}",
                                      "{\"Small\":+1}",
                                      "{\"Small\":.5}",
                                      "{\"Small\":1.}",
                                      "{\"Small\":1e}",
                                      "{\"Small\":-}",
                                      "{\"Small\":0x1}",
                                      "{\"Share\":NaN}",
                                      "{\"Share\":\"nan\"}",
                                      "{\"Names\":[1]}",
                                      "{\"Names\":[\"a\",]}",
                                      "{\"Names\":[\"a\" \"b\"]}",
                                      "{\"Names\":{}}",
                                      "{\"Labels\":[]}",
                                      "{\"Raw\":\"A\"}",
                                      "{\"Raw\":\"AA*=\"}",
                                      "{\"Free\":{\"a\":}}",
                                      "{\"Free\":[1,]}",
                                      "{\"Flag\":\"true\"}",
                                      "{\"Flag\":truth}",
                                      "{\"Small\":1.5}",
                                      "{\"When\":1e300}"}) {
    EXPECT_TRUE(refused(text) || read(text)->type != ValueType::structure) << text;
  }
}

TEST_F(Json, KeepsNumbersInRange) {
  EXPECT_FALSE(refused(R"({"Small":2147483647})"));
  EXPECT_TRUE(refused(R"({"Small":2147483648})"));
  EXPECT_FALSE(refused(R"({"Small":1e2})"));
  EXPECT_TRUE(refused(R"({"Big":9223372036854775808})"));
  EXPECT_EQ(again(R"({"Share":"Infinity"})"), R"({"Share":"Infinity"})");
}

TEST_F(Json, LimitsDepth) {
  const auto tree = [](int depth) {
    std::string text = "{\"Tree\":";
    for (int i = 0; i < depth; ++i) text += "{\"Left\":";
    text += "{}";
    return text + std::string(static_cast<size_t>(depth) + 1, '}');
  };
  EXPECT_FALSE(refused(tree(100)));
  EXPECT_TRUE(refused(tree(200)));
  EXPECT_TRUE(refused(tree(200000)));
  const auto free = [](size_t depth) {
    return "{\"Free\":" + std::string(depth, '[') + std::string(depth, ']') + "}";
  };
  EXPECT_FALSE(refused(free(60)));
  EXPECT_TRUE(refused(free(100)));
  EXPECT_TRUE(refused("{\"Unknown\":" + std::string(1000000, '[')));
}

TEST_F(Json, LimitsTheMemoryThatSmallTextsAskFor) {
  std::string text = "{\"Tags\":[{}";
  for (int i = 0; i < 3'000'000; ++i) text += ",{}";
  EXPECT_TRUE(refused(text + "]}"));
}

TEST_F(Json, RefusesEveryTruncation) {
  const std::string text =
      R"({"JobName":"ab","Small":-7,"Names":["x\u00e9"],"Labels":{"a":"b"},"Free":{"a":[null]}})";
  for (size_t i = 0; i < text.size(); ++i) EXPECT_TRUE(refused(text.substr(0, i))) << i;
  EXPECT_FALSE(refused(text));
}

TEST_F(Json, WritesOnlyValidText) {
  Bytes out;
  append_json_text(out, "a\xFF\x01\"\\\n\xC3\xA9");
  EXPECT_EQ(out, "\"a\xEF\xBF\xBD\\u0001\\\"\\\\\\n\xC3\xA9\"");
}

TEST_F(Json, DocumentsReadIsoTextsAndWriteNumbers) {
  const auto value =
      parse_document(sample_.input(), R"({"When":"2020-01-01T00:00:00.5Z"})", arena_);
  ASSERT_TRUE(value.has_value());
  EXPECT_EQ(write_document(sample_.input(), *value), R"({"When":1577836800.5})");
  EXPECT_FALSE(parse_document(sample_.input(), R"({"When":"yesterday"})", arena_).has_value());
}

}  // namespace
}  // namespace millrace::wire
