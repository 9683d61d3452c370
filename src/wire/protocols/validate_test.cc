#include "wire/protocols/validate.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "wire/protocols/document.h"
#include "wire/protocols/pattern.h"
#include "wire/protocols/sample_model.h"

namespace millrace::wire {
namespace {

using testing::make_sample;
using testing::Sample;

class Validate : public ::testing::Test {
 protected:
  std::string check(std::string_view json) {
    Arena arena;
    const auto value = parse_document(sample_.input(), json, arena);
    EXPECT_TRUE(value.has_value()) << json;
    const auto result = validator_.validate(sample_.input(), *value, "ValidationException");
    if (result) return "";
    EXPECT_EQ(result.error().code, "ValidationException");
    EXPECT_EQ(result.error().kind, ErrorKind::invalid);
    return result.error().message;
  }

  Sample sample_ = make_sample(R"({"protocol": "json"})");
  Validator validator_;
};

TEST_F(Validate, AcceptsWhatFits) {
  EXPECT_EQ(check(R"({"JobName":"ab","Small":10,"Share":1,"Color":"Red","Names":["ab"]})"), "");
}

TEST_F(Validate, NamesWhatIsMissing) {
  const std::string text =
      "1 validation error detected: Value null at 'jobName' failed to satisfy constraint: Member "
      "must not be null";
  EXPECT_EQ(check("{}"), text);
  EXPECT_EQ(validator_.validate(sample_.input(), Value(), "X").error().message, text);
  EXPECT_EQ(check(R"({"JobName":"ab","Tags":[{"Key":"ab"},{}]})"),
            "1 validation error detected: Value null at 'tags.2.member.key' failed to satisfy "
            "constraint: Member must not be null");
  EXPECT_EQ(check(R"({"JobName":"ab","TagMap":{"one":{}}})"),
            "1 validation error detected: Value null at 'tagMap.one.member.key' failed to satisfy "
            "constraint: Member must not be null");
}

TEST_F(Validate, CollectsSeveral) {
  EXPECT_EQ(check(R"({"JobName":"A","Color":"Blue","Small":11})"),
            "4 validation errors detected: Value 'A' at 'jobName' failed to satisfy constraint: "
            "Member must have length greater than or equal to 2; Value 'A' at 'jobName' failed to "
            "satisfy constraint: Member must satisfy regular expression pattern: [a-z]+; Value "
            "'Blue' at 'color' failed to satisfy constraint: Member must satisfy enum value set: "
            "[Red, Green]; Value '11' at 'small' failed to satisfy constraint: Member must have "
            "value less than or equal to 10");
}

TEST_F(Validate, WritesListsAndMapsAsAwsDoes) {
  EXPECT_EQ(check(R"({"JobName":"ab","Names":["ab","X"]})"),
            "1 validation error detected: Value '[ab, X]' at 'names' failed to satisfy constraint: "
            "Member must satisfy constraint: [Member must have length less than or equal to 8, "
            "Member must have length greater than or equal to 2, Member must satisfy regular "
            "expression pattern: [a-z]+]");
  EXPECT_EQ(check(R"({"JobName":"ab","Names":["ab","cd","ef","gh"]})"),
            "1 validation error detected: Value '[ab, cd, ef, gh]' at 'names' failed to satisfy "
            "constraint: Member must have length less than or equal to 3");
  EXPECT_EQ(check(R"({"JobName":"ab","Labels":{"ab":"X"}})"),
            "1 validation error detected: Value '{ab=X}' at 'labels' failed to satisfy constraint: "
            "Map value must satisfy constraint: [Member must have length less than or equal to 8, "
            "Member must have length greater than or equal to 2, Member must satisfy regular "
            "expression pattern: [a-z]+]");
  EXPECT_NE(check(R"({"JobName":"ab","Labels":{"X":"ab"}})").find("Map keys must satisfy"),
            std::string::npos);
  EXPECT_EQ(check(R"({"JobName":"ab","Tags":[null]})"),
            "1 validation error detected: Value null at 'tags.1.member' failed to satisfy "
            "constraint: Member must not be null");
}

TEST_F(Validate, CountsLettersAndHidesSecrets) {
  EXPECT_NE(check(R"({"JobName":"ééééééééé"})").find("less than or equal to 8"), std::string::npos);
  EXPECT_EQ(check(R"({"JobName":"éé"})").find("length"), std::string::npos);
  EXPECT_EQ(check(R"({"JobName":"ab","Secret":"hidden"})"),
            "1 validation error detected: Value at 'secret' failed to satisfy constraint: Member "
            "must have length greater than or equal to 8");
}

TEST_F(Validate, BoundsItsMessages) {
  std::string tags = "{}";
  for (int i = 0; i < 100; ++i) tags += ",{}";
  EXPECT_TRUE(check("{\"JobName\":\"ab\",\"Tags\":[" + tags + "]}")
                  .starts_with("10 validation errors detected: "));
  const std::string message = check("{\"JobName\":\"" + std::string(100000, 'x') + "\"}");
  EXPECT_LT(message.size(), 3000U);
}

TEST_F(Validate, SharesPatternsBetweenThreads) {
  // tidy: allow(calls) what is tested is threads, and this module knows no pools.
  std::vector<std::jthread> threads;
  std::atomic<int> wrong = 0;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 200; ++j) {
        if (!check(R"({"JobName":"ab","Names":["cd"]})").empty()) ++wrong;
        if (check(R"({"JobName":"AB"})").empty()) ++wrong;
      }
    });
  }
  threads.clear();
  EXPECT_EQ(wrong, 0);
}

TEST(Pattern, ReadsJavasSyntax) {
  EXPECT_EQ(to_pcre("[\\u0020-\\uD7FF\\uD800\\uDC00-\\uDBFF\\uDFFF\\r\\\\u0041]"),
            "[\\x{20}-\\x{D7FF}\\x{10000}-\\x{10FFFF}\\r\\\\u0041]");
  const Pattern text("[\\u0020-\\uD7FF\\uE000-\\uFFFD\\uD800\\uDC00-\\uDBFF\\uDFFF\\r\\n\\t]*");
  EXPECT_TRUE(text.is_enforced());
  EXPECT_TRUE(text.matches("a\xF0\x9F\x98\x80\n"));
  EXPECT_FALSE(text.matches("\x01"));
  EXPECT_FALSE(text.matches("\xFF"));
}

TEST(Pattern, KnowsJavasClasses) {
  EXPECT_EQ(to_pcre("[\\p{Alnum}-_]+\\p{Graph}[\\w-.]x${1,256}"),
            "[[:alnum:]\\-_]+[[:graph:]][\\w\\-.]x$");
  EXPECT_TRUE(Pattern("^([\\p{L}\\p{Z}\\p{N}_.:\\/=+\\-@]*)${1,128}").matches("a b/c"));
  EXPECT_FALSE(Pattern("[\\p{Print}]*").matches("\n"));
}

TEST(Pattern, MatchesTheWholeText) {
  const Pattern either("a|ab");
  EXPECT_TRUE(either.matches("ab"));
  EXPECT_FALSE(either.matches("abc"));
  EXPECT_FALSE(Pattern("^a$").matches("a\n"));
}

TEST(Pattern, EndsWhereBacktrackingExplodes) {
  const Pattern bad("(a+)+b");
  EXPECT_FALSE(bad.matches(std::string(100, 'a')));
  EXPECT_FALSE(Pattern("[").is_enforced());
  EXPECT_TRUE(Pattern("[").matches("anything"));
}

}  // namespace
}  // namespace millrace::wire
