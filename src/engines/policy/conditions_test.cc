#include "engines/policy/conditions.h"

#include <gtest/gtest.h>

#include <initializer_list>

namespace millrace::policy {
namespace {

using Values = std::initializer_list<std::string>;

bool holds_for(std::string_view op, const Context& context, Values wanted,
               std::string_view key = "k") {
  Condition condition{{}, std::string(key), wanted};
  EXPECT_TRUE(parse_operator(op, condition.op)) << op;
  return holds(condition, context, true);
}

// The key k has these values; none: it is absent.
bool check(std::string_view op, Values given, Values wanted) {
  Context context;
  for (const std::string& value : given) context.add("k", value);
  return holds_for(op, context, wanted);
}

TEST(ConditionsTest, Strings) {
  EXPECT_TRUE(check("StringEquals", {"a"}, {"b", "a"}));
  EXPECT_FALSE(check("StringEquals", {"a"}, {"A"}));
  EXPECT_FALSE(check("StringEquals", {"ab"}, {"a*"}));
  EXPECT_FALSE(check("StringEquals", {}, {"a"}));
  EXPECT_FALSE(check("StringNotEquals", {"a"}, {"b", "a"}));
  EXPECT_TRUE(check("StringNotEquals", {"a"}, {"b"}));
  EXPECT_TRUE(check("StringNotEquals", {}, {"b"}));
  EXPECT_TRUE(check("StringEqualsIgnoreCase", {"aB"}, {"Ab"}));
  EXPECT_FALSE(check("StringNotEqualsIgnoreCase", {"aB"}, {"Ab"}));
  EXPECT_TRUE(check("StringLike", {"home/x"}, {"home/*"}));
  EXPECT_TRUE(check("StringLike", {"ab"}, {"a?"}));
  EXPECT_FALSE(check("StringNotLike", {"home/x"}, {"home/*"}));
  EXPECT_TRUE(check("StringLike", {""}, {""}));
}

TEST(ConditionsTest, KeysAreComparedWithoutCase) {
  Context context;
  context.set("aws:SourceIp", "10.0.0.1");
  EXPECT_TRUE(holds_for("StringEquals", context, {"10.0.0.1"}, "AWS:sourceip"));
}

TEST(ConditionsTest, Numbers) {
  EXPECT_TRUE(check("NumericEquals", {"10"}, {"10.0"}));
  EXPECT_FALSE(check("NumericEquals", {"x"}, {"10"}));
  EXPECT_FALSE(check("NumericNotEquals", {"10"}, {"10"}));
  EXPECT_TRUE(check("NumericLessThan", {"9"}, {"10"}));
  EXPECT_FALSE(check("NumericLessThan", {"10"}, {"10"}));
  EXPECT_TRUE(check("NumericLessThanEquals", {"10"}, {"10"}));
  EXPECT_TRUE(check("NumericGreaterThan", {"11"}, {"10"}));
  EXPECT_FALSE(check("NumericGreaterThan", {"10"}, {"10"}));
  EXPECT_TRUE(check("NumericGreaterThanEquals", {"10"}, {"10"}));
  EXPECT_FALSE(check("NumericLessThan", {"nan"}, {"10"}));
  EXPECT_FALSE(check("NumericLessThan", {""}, {"10"}));
  EXPECT_FALSE(check("NumericLessThanEquals", {}, {"10"}));
}

TEST(ConditionsTest, Dates) {
  constexpr const char* kNow = "2026-11-22T10:00:00Z";
  EXPECT_TRUE(check("DateEquals", {kNow}, {"2026-11-22T11:00:00+01:00"}));
  EXPECT_FALSE(check("DateNotEquals", {kNow}, {kNow}));
  EXPECT_TRUE(check("DateLessThan", {kNow}, {"2026-11-23"}));
  EXPECT_FALSE(check("DateLessThan", {kNow}, {"2026-11-22"}));
  EXPECT_TRUE(check("DateLessThanEquals", {kNow}, {kNow}));
  EXPECT_TRUE(check("DateGreaterThan", {kNow}, {"1000000000"}));
  EXPECT_TRUE(check("DateGreaterThanEquals", {kNow}, {kNow}));
  EXPECT_FALSE(check("DateGreaterThan", {kNow}, {"yesterday"}));
}

TEST(ConditionsTest, Booleans) {
  EXPECT_TRUE(check("Bool", {"true"}, {"True"}));
  EXPECT_FALSE(check("Bool", {"true"}, {"false"}));
  EXPECT_FALSE(check("Bool", {}, {"false"}));
}

TEST(ConditionsTest, NullAsksWhetherTheKeyIsThere) {
  EXPECT_TRUE(check("Null", {}, {"true"}));
  EXPECT_FALSE(check("Null", {}, {"false"}));
  EXPECT_TRUE(check("Null", {"x"}, {"false"}));
  EXPECT_FALSE(check("Null", {"x"}, {"true"}));
}

TEST(ConditionsTest, Binary) {
  EXPECT_TRUE(check("BinaryEquals", {"QmluYXJ5"}, {"QmluYXJ5"}));
  EXPECT_FALSE(check("BinaryEquals", {"QmluYXJ5"}, {"QmluYXJ6"}));
  EXPECT_FALSE(check("BinaryEquals", {"%"}, {"%"}));
}

TEST(ConditionsTest, Addresses) {
  EXPECT_TRUE(check("IpAddress", {"203.0.113.7"}, {"203.0.113.0/24"}));
  EXPECT_FALSE(check("IpAddress", {"203.0.114.7"}, {"203.0.113.0/24"}));
  EXPECT_TRUE(check("IpAddress", {"203.0.113.7"}, {"203.0.113.7"}));
  EXPECT_TRUE(check("IpAddress", {"1.2.3.4"}, {"0.0.0.0/0"}));
  EXPECT_TRUE(check("IpAddress", {"203.0.113.127"}, {"203.0.113.0/25"}));
  EXPECT_FALSE(check("IpAddress", {"203.0.113.128"}, {"203.0.113.0/25"}));
  EXPECT_TRUE(check("IpAddress", {"2001:DB8:1234:5678::1"}, {"2001:DB8:1234:5678::/64"}));
  EXPECT_FALSE(check("IpAddress", {"2001:DB8:1234:5679::1"}, {"2001:DB8:1234:5678::/64"}));
  EXPECT_TRUE(check("IpAddress", {"::ffff:10.0.0.1"}, {"10.0.0.0/8"}));
  EXPECT_FALSE(check("IpAddress", {"10.0.0.1"}, {"10.0.0.0/33"}));
  EXPECT_FALSE(check("IpAddress", {"10.0.0.1"}, {"::/0"}));
  EXPECT_FALSE(check("IpAddress", {"10.0.0.1"}, {"10.0.0"}));
  EXPECT_FALSE(check("NotIpAddress", {"10.0.0.1"}, {"10.0.0.0/8"}));
  EXPECT_TRUE(check("NotIpAddress", {"11.0.0.1"}, {"10.0.0.0/8"}));
}

TEST(ConditionsTest, Arns) {
  constexpr const char* kRole = "arn:aws:iam::123456789012:role/app/reader";
  EXPECT_TRUE(check("ArnLike", {kRole}, {"arn:aws:iam::*:role/app/*"}));
  EXPECT_TRUE(check("ArnEquals", {kRole}, {"arn:aws:iam::123456789012:role/*"}));
  EXPECT_FALSE(check("ArnLike", {kRole}, {"arn:aws:iam::*:user/*"}));
  EXPECT_FALSE(check("ArnNotLike", {kRole}, {"arn:aws:iam::*:role/*"}));
  EXPECT_TRUE(check("ArnNotEquals", {kRole}, {"arn:aws:iam::*:user/*"}));
}

TEST(ConditionsTest, IfExistsHoldsWhereTheKeyIsAbsent) {
  EXPECT_TRUE(check("StringEqualsIfExists", {}, {"a"}));
  EXPECT_FALSE(check("StringEqualsIfExists", {"b"}, {"a"}));
  EXPECT_TRUE(check("NumericLessThanIfExists", {}, {"1"}));
  EXPECT_TRUE(check("ForAnyValue:StringEqualsIfExists", {}, {"a"}));
  Operator op;
  EXPECT_FALSE(parse_operator("NullIfExists", op));
}

TEST(ConditionsTest, ForAllValuesAsksOfEachValueOfTheRequest) {
  EXPECT_TRUE(check("ForAllValues:StringEquals", {"a", "b"}, {"a", "b", "c"}));
  EXPECT_FALSE(check("ForAllValues:StringEquals", {"a", "d"}, {"a", "b", "c"}));
  EXPECT_TRUE(check("ForAllValues:StringEquals", {}, {"a"}));
  EXPECT_TRUE(check("ForAllValues:StringNotEquals", {"x", "y"}, {"a"}));
  EXPECT_FALSE(check("ForAllValues:StringNotEquals", {"x", "a"}, {"a"}));
}

TEST(ConditionsTest, ForAnyValueAsksOfOneValueOfTheRequest) {
  EXPECT_TRUE(check("ForAnyValue:StringLike", {"x", "ab"}, {"a*"}));
  EXPECT_FALSE(check("ForAnyValue:StringLike", {"x", "y"}, {"a*"}));
  EXPECT_FALSE(check("ForAnyValue:StringEquals", {}, {"a"}));
  EXPECT_TRUE(check("ForAnyValue:StringNotEquals", {"x", "a"}, {"a"}));
  EXPECT_FALSE(check("ForAnyValue:StringNotEquals", {"a"}, {"a"}));
}

TEST(ConditionsTest, ValuesHaveVariables) {
  Context context;
  context.set("aws:username", "ann");
  context.set("s3:prefix", "home/ann/");
  EXPECT_TRUE(holds_for("StringLike", context, {"home/${aws:username}/*"}, "s3:prefix"));
  EXPECT_FALSE(holds_for("StringLike", context, {"home/${aws:userid}/*"}, "s3:prefix"));
}

TEST(ConditionsTest, UnknownOperatorsAreNone) {
  Operator op;
  for (const char* name : {"", "StringLikes", "ForAnyValue:", "IfExists", "ForEach:StringEquals",
                           "stringequals", "StringEqualsIfExistsIfExists"}) {
    EXPECT_FALSE(parse_operator(name, op)) << name;
  }
}

}  // namespace
}  // namespace millrace::policy
