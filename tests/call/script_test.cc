#include "tests/call/script.h"

#include <gtest/gtest.h>

namespace millrace::call_tests {
namespace {

std::string refusal(std::string_view text) {
  const auto script = parse_script("f.test", text);
  return script ? "accepted" : script.error().message;
}

constexpr std::string_view kCheck = "\n\ncall sts GetCallerIdentity\n---- 200\n";

TEST(Script, ReadsEveryStep) {
  const auto script = parse_script("f.test", R"(# A comment.
skip-world restart: it is slow
skip-world faults: it has none

given role {"name": "r"}

call sts AssumeRole {
  "RoleArn": "x",
# in between
  "RoleSessionName": "s"
}
---- 200|201
{"Credentials": {"AccessKeyId": "/^ASIA/"}}

let key = .Credentials.AccessKeyId
let all = .

until sts GetAccessKeyInfo {"AccessKeyId": "$key"} .Account == "0"

until sts GetAccessKeyInfo
---- 400

event aws.sts "A B"
---- contains
{"a": ["$key"]}

advance 3600

call sts AssumeRole {"RoleArn": "{---- 200}"}
---- 400|403 ValidationError|ValidationException
/fail(ed|s)$/
)");
  ASSERT_TRUE(script.has_value()) << script.error().message;
  ASSERT_EQ(script->exemptions.size(), 2U);
  EXPECT_EQ(script->exemption(WorldKind::restart)->reason, "it is slow");
  EXPECT_EQ(script->exemption(WorldKind::http), nullptr);
  ASSERT_EQ(script->steps.size(), 8U);
  const auto& steps = script->steps;
  EXPECT_EQ(steps[0].kind, StepKind::given);
  EXPECT_EQ(steps[0].operation, "role");
  EXPECT_EQ(steps[0].line, 5);
  EXPECT_EQ(steps[1].operation, "AssumeRole");
  EXPECT_EQ(steps[1].check->line, 12);
  EXPECT_TRUE(steps[1].check->admits_status(201));
  EXPECT_FALSE(steps[1].check->admits_status(400));
  EXPECT_EQ(steps[2].lets.size(), 2U);
  EXPECT_EQ(steps[3].path, ".Account");
  EXPECT_EQ(steps[3].expected, "\"0\"");
  EXPECT_TRUE(steps[4].check.has_value());
  EXPECT_EQ(steps[5].operation, "A B");
  EXPECT_EQ(steps[6].advance, seconds(3600));
  EXPECT_EQ(steps[7].input, R"({"RoleArn": "{---- 200}"})");
  EXPECT_EQ(steps[7].check->codes.size(), 2U);
  EXPECT_EQ(steps[7].check->message, "fail(ed|s)$");
}

TEST(Script, RefusesWhatCannotFail) {
  EXPECT_EQ(refusal(""), "f.test:0: nothing is checked: no step has a '----'");
  EXPECT_EQ(refusal("# only a comment\n"), "f.test:0: nothing is checked: no step has a '----'");
  EXPECT_EQ(refusal("given role {\"name\": \"r\"}\n"),
            "f.test:0: nothing is checked: no step has a '----'");
  EXPECT_EQ(refusal("call sts GetCallerIdentity\n"),
            "f.test:1: this step needs a check: a line of '----' below it");
  EXPECT_EQ(refusal("call sts GetCallerIdentity\n\n---- 200\n"),
            "f.test:1: this step needs a check: a line of '----' below it");
  EXPECT_EQ(refusal("event a \"b\"\n---- contains\n"),
            "f.test:2: what the event contains is missing");
  EXPECT_EQ(refusal("until sts GetCallerIdentity\n"),
            "f.test:1: this step needs a check: a line of '----' below it");
}

TEST(Script, RefusesEveryWorldSkipped) {
  const std::string text =
      "skip-world process: a\nskip-world http: b\nskip-world restart: c\nskip-world faults: d\n";
  EXPECT_EQ(refusal(text + std::string(kCheck)), "f.test:4: every world is skipped");
}

TEST(Script, NamesTheLineOfAMistake) {
  const std::string check(kCheck);
  const std::pair<std::string, std::string> cases[] = {
      {"# c\n\ncal sts X\n---- 200\n", "f.test:3: 'cal' is no step"},
      {"call sts getX\n---- 200\n", "f.test:1: a call names"},
      {"call sts GetX {\"a\": }\n---- 200\n", "f.test:1: no JSON"},
      {"call sts GetX {\"a\": 1\n---- 200\n", "f.test:1: the JSON object does not end"},
      {"call sts GetX {} {}\n---- 200\n", "f.test:1: '{}' after the JSON"},
      {"call sts GetX [1]\n---- 200\n", "f.test:1: a JSON object must stand here"},
      {"call sts GetX\n---- 99\n", "f.test:2: '99' is no HTTP status"},
      {"call sts GetX\n---- 200|400\n", "f.test:2: a check expects a success or an error"},
      {"call sts GetX\n---- 200 Code\n", "f.test:2: a success has no error code"},
      {"call sts GetX\n---- 400 Code more\n", "f.test:2: 'more' after"},
      {"call sts GetX\n----\n", "f.test:2: '' is no HTTP status"},
      {"call sts GetX\n---- 400\n{}\n", "f.test:3: a regular expression stands between"},
      {"call sts GetX\n---- 400\n/(/\n", "f.test:3: no regular expression"},
      {"call sts GetX\n---- 200\n{\"a\": \"/(/\"}\n", "f.test:3: no regular expression"},
      {"call sts GetX\n---- 200\nnot json\n", "f.test:3: no JSON"},
      {"call sts GetX {\"a\": \"$b\"}\n---- 200\n", "f.test:1: $b is not defined before"},
      {"call sts GetX {\"a\": \"1$\"}\n---- 200\n", "f.test:1: a lone '$'"},
      {"call sts GetX\n---- 200\n{\"a\": \"$b\"}\n", "f.test:3: $b is not defined before"},
      {"let a = .b" + check, "f.test:1: let takes from the last answer"},
      {check.substr(2) + "\nlet a = b\n", "f.test:4: a path begins with '.'"},
      {check.substr(2) + "\nlet a = .b\nlet a = .c\n", "f.test:5: a is defined twice"},
      {"until sts GetX {} .a = 1" + check, "f.test:1: until"},
      {"until sts GetX {} .a == x" + check, "f.test:1: no JSON"},
      {"event a b\n---- contains\n{}\n", "f.test:1: event <source>"},
      {"event a \"b\"\n---- 200\n{}\n", "f.test:2: of an event only"},
      {"advance 0" + check, "f.test:1: advance <seconds>"},
      {"advance 10\n---- 200\n", "f.test:2: this step takes no check"},
      {"given Role" + check, "f.test:1: given <fixture>"},
      {"skip-world moon: x" + check, "f.test:1: skip-world <process"},
      {"skip-world http:" + check, "f.test:1: skip-world needs a reason"},
      {check.substr(2) + "\nskip-world http: late\n", "f.test:4: skip-world stands before"},
  };
  for (const auto& [text, expected] : cases) {
    const std::string got = refusal(text);
    EXPECT_TRUE(got.starts_with(expected)) << text << "\n→ " << got << "\nnot " << expected;
  }
}

TEST(Script, HasALimit) {
  EXPECT_EQ(refusal(std::string(kScriptBytesMax + 1, '#')), "f.test:0: the file is too large");
}

}  // namespace
}  // namespace millrace::call_tests
