#include "services/s3/post_policy.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/bytes.h"

namespace millrace::s3 {
namespace {

using Fields = std::vector<std::pair<std::string, std::string>>;

constexpr Time kNow{seconds(1'800'000'000)};  // 2027-01-15T08:00:00Z

std::string parse_error(std::string_view json) {
  const auto policy = parse_post_policy(to_base64(json));
  return policy ? "" : policy.error().code + ": " + policy.error().message;
}

// Of a policy with these conditions, which has not expired.
std::string refusal(std::string_view conditions, const Fields& fields) {
  const auto policy = parse_post_policy(to_base64(fmt::format(
      R"({{"expiration": "2027-01-15T08:00:01.000Z", "conditions": [{}]}})", conditions)));
  EXPECT_TRUE(policy) << policy.error().message;
  const Result<void> checked = check_post_policy(*policy, fields, "b", kNow);
  return checked ? "" : checked.error().message;
}

TEST(PostPolicyTest, EveryKindOfConditionHolds) {
  const std::string_view conditions = R"(
    {"bucket": "b"}, ["starts-with", "$key", "user/"], ["eq", "$acl", "private"],
    {"x-amz-meta-a": "1"}, ["starts-with", "$x-amz-meta-b", ""],
    ["starts-with", "$Content-Type", "image/"])";
  const Fields good = {{"Key", "user/a"},
                       {"acl", "private"},
                       {"X-Amz-Meta-A", "1"},
                       {"x-amz-meta-b", "?"},
                       {"Content-Type", "image/png, image/gif"},
                       {"policy", "…"},
                       {"x-amz-signature", "…"},
                       {"x-ignore-me", "1"}};
  EXPECT_EQ(refusal(conditions, good), "");
  const auto with = [&good](size_t i, const std::string& value) {
    Fields changed = good;
    changed[i].second = value;
    return changed;
  };
  EXPECT_EQ(refusal(conditions, with(0, "other/a")),
            R"(Invalid according to Policy: Policy Condition failed: ["starts-with", "$key", )"
            R"("user/"])");
  EXPECT_EQ(refusal(conditions, with(1, "public-read")),
            R"(Invalid according to Policy: Policy Condition failed: ["eq", "$acl", "private"])");
  EXPECT_NE(refusal(conditions, with(2, "2")), "");
  EXPECT_NE(refusal(conditions, with(4, "image/png, text/html")), "");
}

TEST(PostPolicyTest, EveryFieldAndTheBucketAreNamed) {
  EXPECT_EQ(refusal(R"({"bucket": "b"}, {"key": "k"})", {{"key", "k"}, {"Extra", "1"}, {"b", ""}}),
            "Invalid according to Policy: Extra input fields: extra, b");
  EXPECT_EQ(refusal(R"({"key": "k"})", {{"key", "k"}}),
            "Invalid according to Policy: Extra input fields: bucket");
  EXPECT_EQ(refusal(R"({"bucket": "other"}, {"key": "k"})", {{"key", "k"}}),
            R"(Invalid according to Policy: Policy Condition failed: ["eq", "$bucket", "other"])");
  EXPECT_EQ(refusal(R"({"bucket": "b"}, {"key": "k"})", {}),
            R"(Invalid according to Policy: Policy Condition failed: ["eq", "$key", "k"])");
}

TEST(PostPolicyTest, ExpiresAtItsMoment) {
  const auto policy = parse_post_policy(
      to_base64(R"({"expiration": "2027-01-15T08:00:00Z", "conditions": [{"bucket": "b"}]})"));
  ASSERT_TRUE(policy);
  EXPECT_TRUE(check_post_policy(*policy, {}, "b", kNow - microseconds(1)));
  const Result<void> late = check_post_policy(*policy, {}, "b", kNow);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().message, "Invalid according to Policy: Policy expired.");
  EXPECT_EQ(late.error().code, "AccessDenied");
}

TEST(PostPolicyTest, TheSizeIsWithinTheNarrowestRange) {
  const auto policy = parse_post_policy(to_base64(
      R"({"expiration": "2027-01-15T08:00:00Z", "conditions": [
          ["content-length-range", 2, 10], ["content-length-range", "1", "5"]]})"));
  ASSERT_TRUE(policy);
  EXPECT_TRUE(check_post_size(*policy, 2, true));
  EXPECT_TRUE(check_post_size(*policy, 5, true));
  EXPECT_TRUE(check_post_size(*policy, 0, false));
  EXPECT_EQ(check_post_size(*policy, 1, true).error().code, "EntityTooSmall");
  EXPECT_EQ(check_post_size(*policy, 6, false).error().code, "EntityTooLarge");
}

TEST(PostPolicyTest, NonsenseIsRefused) {
  EXPECT_EQ(parse_post_policy("!").error().message, "Invalid Policy: Invalid base64.");
  EXPECT_EQ(parse_error("{"), "InvalidPolicyDocument: Invalid Policy: Invalid JSON.");
  EXPECT_EQ(parse_error("[]"), "InvalidPolicyDocument: Invalid Policy: Invalid JSON.");
  EXPECT_EQ(parse_error("{}"), "InvalidPolicyDocument: Invalid Policy: Policy missing expiration.");
  EXPECT_NE(parse_error(R"({"expiration": "tomorrow", "conditions": []})"), "");
  EXPECT_NE(parse_error(R"({"expiration": "2027-01-15T08:00:00Z"})"), "");
  const auto condition = [](std::string_view text) {
    return parse_error(
        fmt::format(R"({{"expiration": "2027-01-15T08:00:00Z", "conditions": [{}]}})", text));
  };
  for (const std::string_view bad :
       {"1", R"({"a": "b", "c": "d"})", R"({"a": 1})", R"(["eq", "$a"])", R"(["eq", "a", "b"])",
        R"(["near", "$a", "b"])", R"(["content-length-range", 5, 1])",
        R"(["content-length-range", -1, 1])", R"(["eq", "$a", 1])"}) {
    EXPECT_EQ(condition(bad).substr(0, 21), "InvalidPolicyDocument") << bad;
  }
  std::string many = R"({"a": "b"})";
  for (size_t i = 0; i < kPolicyConditionsMax; ++i) many += R"(,{"a": "b"})";
  EXPECT_EQ(condition(many), "InvalidPolicyDocument: Invalid Policy: Too many conditions.");
}

}  // namespace
}  // namespace millrace::s3
