#include "services/s3/cors.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "services/s3/errors.h"
#include "wire/protocols/document.h"

namespace millrace::s3 {
namespace {

class CorsTest : public ::testing::Test {
 protected:
  api::CORSConfiguration parse(std::string_view rules) {
    const std::string_view text = arena_.copy(fmt::format("{{\"CORSRules\": [{}]}}", rules));
    auto value = wire::parse_document(api::CORSConfiguration::kShape, text, arena_);
    EXPECT_TRUE(value);
    return {value->items, arena_};
  }
  std::string refusal(std::string_view rules) {
    const Result<void> checked = check_cors(parse(rules));
    return checked ? "" : checked.error().code + ": " + checked.error().message;
  }
  Arena arena_;
};

std::string header(const http::Headers& headers, std::string_view name) {
  const std::string* const value = headers.find(name);
  return value != nullptr ? *value : "(none)";
}

TEST_F(CorsTest, AWildcardStandsForAnyText) {
  EXPECT_TRUE(matches_wildcard("*", "", false));
  EXPECT_TRUE(matches_wildcard("http://*.example.com", "http://a.example.com", false));
  EXPECT_TRUE(matches_wildcard("http://*.example.com", "http://.example.com", false));
  EXPECT_FALSE(matches_wildcard("http://*.example.com", "http://example.com", false));
  EXPECT_FALSE(matches_wildcard("ab*ba", "aba", false));  // Both ends may not share a character.
  EXPECT_FALSE(matches_wildcard("x-amz-*", "X-AMZ-date", false));
  EXPECT_TRUE(matches_wildcard("x-amz-*", "X-AMZ-date", true));
  EXPECT_FALSE(matches_wildcard("http://a", "http://A", false));
}

TEST_F(CorsTest, TheFirstRuleThatAdmitsEverythingCounts) {
  const auto all = parse(R"(
    {"AllowedOrigins": ["http://a"], "AllowedMethods": ["GET"], "AllowedHeaders": ["x-a"]},
    {"AllowedOrigins": ["http://b", "http://a"], "AllowedMethods": ["GET", "PUT"],
     "AllowedHeaders": ["*"], "MaxAgeSeconds": 7},
    {"AllowedOrigins": ["*"], "AllowedMethods": ["HEAD"]})");
  const auto rule = [&](std::string_view origin, std::string_view method, std::string_view names) {
    const api::CORSRule found = find_cors_rule(all, {origin, method, names});
    return !found ? -1 : found.max_age_seconds(found.allowed_headers().empty() ? 3 : 1);
  };
  EXPECT_EQ(rule("http://a", "GET", ""), 1);
  EXPECT_EQ(rule("http://a", "GET", "X-A , x-a,"), 1);
  EXPECT_EQ(rule("http://a", "GET", "x-a,x-b"), 7);
  EXPECT_EQ(rule("http://b", "PUT", "anything"), 7);
  EXPECT_EQ(rule("http://c", "HEAD", ""), 3);
  EXPECT_EQ(rule("http://c", "HEAD", "x-a"), -1);
  EXPECT_EQ(rule("http://c", "GET", ""), -1);
  EXPECT_EQ(rule("", "GET", ""), -1);
}

TEST_F(CorsTest, ABrowserIsToldWhatItMay) {
  const auto all = parse(R"(
    {"AllowedOrigins": ["http://*"], "AllowedMethods": ["GET", "PUT"], "AllowedHeaders": ["*"],
     "ExposeHeaders": ["ETag", "x-amz-id"], "MaxAgeSeconds": 3000},
    {"AllowedOrigins": ["*"], "AllowedMethods": ["HEAD"]})");
  http::Headers named;
  const CorsRequest put{"http://a", "PUT", "Content-Type,X-Amz-Date"};
  add_cors_headers(find_cors_rule(all, put), put, named);
  EXPECT_EQ(header(named, "Access-Control-Allow-Origin"), "http://a");
  EXPECT_EQ(header(named, "Access-Control-Allow-Methods"), "GET, PUT");
  EXPECT_EQ(header(named, "Access-Control-Allow-Headers"), "content-type, x-amz-date");
  EXPECT_EQ(header(named, "Access-Control-Expose-Headers"), "ETag, x-amz-id");
  EXPECT_EQ(header(named, "Access-Control-Max-Age"), "3000");
  EXPECT_EQ(header(named, "Access-Control-Allow-Credentials"), "true");
  http::Headers any;
  const CorsRequest head{"http://a", "HEAD", ""};
  add_cors_headers(find_cors_rule(all, head), head, any);
  EXPECT_EQ(header(any, "Access-Control-Allow-Origin"), "*");
  EXPECT_EQ(header(any, "Access-Control-Allow-Credentials"), "(none)");
  EXPECT_EQ(header(any, "Access-Control-Max-Age"), "(none)");
}

TEST_F(CorsTest, RefusesInAwsWords) {
  EXPECT_EQ(refusal(""), "MalformedXML: " + problem(Problem::malformed_xml).message);
  EXPECT_EQ(refusal(R"({"AllowedOrigins": ["*"], "AllowedMethods": ["OPTIONS"]})"),
            "InvalidRequest: Found unsupported HTTP method in CORS config. Unsupported method is "
            "OPTIONS");
  EXPECT_EQ(refusal(R"({"AllowedOrigins": ["*x*"], "AllowedMethods": ["GET"]})"),
            "InvalidRequest: AllowedOrigin \"*x*\" can not have more than one wildcard.");
  EXPECT_EQ(refusal(R"({"AllowedOrigins": ["*"], "AllowedMethods": ["GET"],
                        "ExposeHeaders": ["*"]})"),
            "InvalidRequest: ExposeHeader \"*\" contains wildcard. We currently do not support "
            "wildcard for ExposeHeader.");
  EXPECT_EQ(refusal(R"({"AllowedOrigins": [""], "AllowedMethods": ["GET"]})").substr(0, 12),
            "MalformedXML");
  std::string many;
  for (size_t i = 0; i <= kCorsRulesMax; ++i) {
    if (i != 0) many += ',';
    many += R"({"AllowedOrigins": ["*"], "AllowedMethods": ["GET"]})";
  }
  EXPECT_EQ(refusal(many),
            "InvalidRequest: The number of CORS rules should not exceed allowed limit of 100 "
            "rules.");
}

}  // namespace
}  // namespace millrace::s3
