#include "engines/metrics/log_pattern.h"

#include <gtest/gtest.h>

#include <random>

#include "engines/metrics/limits.h"

namespace millrace::metrics {
namespace {

bool matches(std::string_view pattern, std::string_view line) {
  const auto parsed = LogPattern::parse(pattern);
  EXPECT_TRUE(parsed) << pattern << ": " << (parsed ? "" : parsed.error().message);
  return parsed && parsed->matches(line);
}

ErrorKind refused(std::string_view pattern) {
  const auto parsed = LogPattern::parse(pattern);
  EXPECT_FALSE(parsed) << pattern;
  return parsed ? ErrorKind::internal : parsed.error().kind;
}

TEST(LogPatternTest, Terms) {
  EXPECT_TRUE(matches("", "anything"));
  EXPECT_TRUE(matches("   ", ""));
  EXPECT_TRUE(matches("ERROR", "[ERROR] 404"));
  EXPECT_FALSE(matches("ERROR", "error"));
  EXPECT_TRUE(matches("ERROR 404", "404 is an ERROR"));
  EXPECT_FALSE(matches("ERROR 404", "ERROR 500"));
  EXPECT_TRUE(matches("\"not found\" ERROR", "ERROR: not found"));
  EXPECT_FALSE(matches("\"not found\"", "not there, found"));
  EXPECT_TRUE(matches("\"say \\\"hi\\\"\"", "they say \"hi\" to us"));
  EXPECT_FALSE(matches("ERROR -debug", "ERROR in debug"));
  EXPECT_TRUE(matches("-debug", "ERROR"));
  EXPECT_FALSE(matches("-\"a b\"", "x a b"));
  EXPECT_TRUE(matches("?ERROR ?WARN", "a WARN"));
  EXPECT_FALSE(matches("?ERROR ?WARN", "INFO"));
  EXPECT_TRUE(matches("INFO ?WARN", "INFO"));
  EXPECT_FALSE(matches("?ERROR -debug", "ERROR debug"));
  EXPECT_TRUE(matches("a - b", "a - b"));
}

TEST(LogPatternTest, Json) {
  const std::string_view line =
      R"({"type":"order","n":42,"ok":true,"gone":null,"user":{"id":"u-7"},"tags":["x",{"k":"v"}],)"
      R"("a b":1,"big":1.5e3,"text":"12"})";
  EXPECT_TRUE(matches("{ $.type = \"order\" }", line));
  EXPECT_TRUE(matches("{$.type=order}", line));
  EXPECT_TRUE(matches("{ $.type = ord* }", line));
  EXPECT_TRUE(matches("{ $.type != \"sale\" }", line));
  EXPECT_FALSE(matches("{ $.missing != \"sale\" }", line));
  EXPECT_TRUE(matches("{ $.n = 42 && $.n > 41.5 && $.n <= 42 }", line));
  EXPECT_TRUE(matches("{ $.n = 4* }", line));
  EXPECT_TRUE(matches("{ $.big = 1.5e3 }", line));
  EXPECT_TRUE(matches("{ $.big >= 1500 }", line));
  EXPECT_FALSE(matches("{ $.n < 42 }", line));
  EXPECT_TRUE(matches("{ $.ok IS TRUE }", line));
  EXPECT_FALSE(matches("{ $.ok IS FALSE }", line));
  EXPECT_TRUE(matches("{ $.gone IS NULL }", line));
  EXPECT_TRUE(matches("{ $.missing NOT EXISTS }", line));
  EXPECT_FALSE(matches("{ $.gone NOT EXISTS }", line));
  EXPECT_TRUE(matches("{ $.user.id = \"u-7\" }", line));
  EXPECT_TRUE(matches("{ $.tags[0] = x && $.tags[1].k = v }", line));
  EXPECT_FALSE(matches("{ $.tags[7] = x }", line));
  EXPECT_TRUE(matches("{ $['a b'] = 1 }", line));
  EXPECT_TRUE(matches("{ $.text = 12 }", line));
  EXPECT_TRUE(matches("{ $.n = 1 || ($.type = order && $.ok IS TRUE) }", line));
  // && binds before ||.
  EXPECT_TRUE(matches("{ $.type = order || $.n = 1 && $.n = 2 }", line));
  EXPECT_FALSE(matches("{ ($.type = order || $.n = 1) && $.n = 2 }", line));
  EXPECT_TRUE(matches("{}", line));
  EXPECT_FALSE(matches("{ $.n = 42 }", "{\"n\":42"));
  EXPECT_FALSE(matches("{ $.n = 42 }", "n=42"));
  EXPECT_FALSE(matches("{ $.n = 42 }", ""));
  EXPECT_FALSE(matches("{ $.n NOT EXISTS }", std::string(200, '[') + std::string(200, ']')));
}

TEST(LogPatternTest, Fields) {
  const std::string_view line =
      R"(127.0.0.1 - frank [10/Oct/2000:13:25:15 -0700] "GET /index.html HTTP/1.0" 404 1534)";
  EXPECT_TRUE(matches("[ip, id, user, time, request, status, bytes]", line));
  EXPECT_FALSE(matches("[ip, id, user]", line));
  EXPECT_TRUE(matches("[ip, ..., status = 4*, bytes > 1000]", line));
  EXPECT_FALSE(matches("[ip, ..., status = 5*, bytes]", line));
  EXPECT_TRUE(matches("[ip = 127.*, ...]", line));
  EXPECT_TRUE(matches("[..., request = \"*html*\", status = 400 || status = 404, bytes]", line));
  EXPECT_FALSE(matches("[..., status >= 400 && status < 404, bytes]", line));
  EXPECT_TRUE(matches("[ip, id, user != root, ...]", line));
  EXPECT_TRUE(matches("[...]", ""));
  EXPECT_FALSE(matches("[a, ..., b]", "one"));
  EXPECT_TRUE(matches("[a, ..., b = two]", "one two"));
}

TEST(LogPatternTest, Refuses) {
  for (const char* pattern : {"\"open",
                              "{",
                              "{ $.a }",
                              "{ $.a = }",
                              "{ a = 1 }",
                              "{ $ = 1 }",
                              "{ $. = 1 }",
                              "{ $.a = 1 } x",
                              "{ $.a < x }",
                              "{ $.a[x] = 1 }",
                              "{ $.a[0 = 1 }",
                              "{ ($.a = 1 }",
                              "{ $.a IS 1 }",
                              "{ $.a NOT NULL }",
                              "{ $.a = 1 && }",
                              "[",
                              "[a",
                              "[a, ..., b, ...]",
                              "[a = 1 || b = 2]",
                              "[a] b",
                              "[a,,b]",
                              "te\"rm",
                              "{ $.a = \"x }",
                              "\xff"}) {
    EXPECT_EQ(refused(pattern), ErrorKind::invalid) << pattern;
  }
  for (const char* pattern :
       {"%ERROR%", "a %b%", "{ $.a = %x% }", "[a = %x%]", "{ $.* = 1 }", "{ $.a[*] = 1 }"}) {
    EXPECT_EQ(refused(pattern), ErrorKind::unsupported) << pattern;
  }
  EXPECT_EQ(refused(std::string(kPatternBytesMax + 1, 'a')), ErrorKind::invalid);
  EXPECT_EQ(refused("{" + std::string(100, '(') + "$.a=1"), ErrorKind::invalid);
  std::string many;
  for (size_t i = 0; i <= kPatternTermsMax; ++i) many += "a ";
  EXPECT_EQ(refused(many), ErrorKind::invalid);
}

// Many stars against a long line take time in proportion, not in powers.
TEST(LogPatternTest, StarsAreCheap) {
  std::string stars;
  for (int i = 0; i < 200; ++i) stars += "a*";
  EXPECT_FALSE(matches("[f = " + stars + "b]", std::string(20'000, 'a')));
}

TEST(LogPatternTest, AnyMixtureOfTokensEnds) {
  constexpr const char* kTokens[] = {"{",  "}", "[",      "]",   "(",    ")",   "$.a",    "=",
                                     "!=", "<", "&&",     "||",  "...",  "a",   ",",      "\"",
                                     "-",  "?", "%",      "IS",  "NULL", "NOT", "EXISTS", "1",
                                     "*",  " ", "$['x']", "[0]", "\\"};
  std::mt19937 random(3);
  size_t parsed = 0;
  for (int round = 0; round < 50'000; ++round) {
    std::string text(random() % 3 == 0 ? "{" : random() % 2 == 0 ? "[" : "");
    for (size_t i = random() % 12; i > 0; --i) text += kTokens[random() % std::size(kTokens)];
    const auto pattern = LogPattern::parse(text);
    if (!pattern) continue;
    ++parsed;
    static_cast<void>(pattern->matches(R"({"a":[1,"x",null],"x":{"a":2}})"));
    static_cast<void>(pattern->matches("a 1 [b c] \"d e\" ["));
  }
  EXPECT_GT(parsed, 1'000U);
}

}  // namespace
}  // namespace millrace::metrics
