#include <fmt/format.h>
#include <gtest/gtest.h>

#include "services/s3/website/site.h"
#include "services/s3/website/website_rules.h"
#include "wire/protocols/document.h"

namespace millrace::s3 {
namespace {

class WebsiteTest : public ::testing::Test {
 protected:
  api::WebsiteConfiguration parse(std::string_view json) {
    auto value = wire::parse_document(api::WebsiteConfiguration::kShape, arena_.copy(json), arena_);
    EXPECT_TRUE(value);
    return {value->items, arena_};
  }
  static std::string where(const api::WebsiteConfiguration& website, std::string_view key,
                           int error_status = 0) {
    const auto to = find_redirect(website, {key, error_status, "http", "site:80"});
    return to ? fmt::format("{} {}", to->status, to->location) : "";
  }
  Arena arena_;
};

TEST_F(WebsiteTest, AHostNamesItsBucket) {
  EXPECT_EQ(site_bucket("b.s3-website.localhost:4566"), "b");
  EXPECT_EQ(site_bucket("b.s3-website-us-east-1.localhost"), "b");
  EXPECT_EQ(site_bucket("my.dotted.b.s3-website.eu-central-1.amazonaws.com"), "my.dotted.b");
  EXPECT_EQ(site_bucket("b.s3.localhost"), "");
  EXPECT_EQ(site_bucket("b.s3-websites.localhost"), "");
  EXPECT_EQ(site_bucket(".s3-website.localhost"), "");
  EXPECT_EQ(site_bucket("b.s3-website.example.com"), "");
  EXPECT_EQ(site_bucket(""), "");
}

TEST_F(WebsiteTest, AFolderIsItsIndex) {
  const auto site = parse(R"({"IndexDocument": {"Suffix": "index.html"}})");
  EXPECT_EQ(document_key(site, ""), "index.html");
  EXPECT_EQ(document_key(site, "a/"), "a/index.html");
  EXPECT_EQ(document_key(site, "a"), "a");
}

TEST_F(WebsiteTest, EverythingMayBeRedirected) {
  const auto site = parse(R"({"RedirectAllRequestsTo": {"HostName": "h", "Protocol": "https"}})");
  EXPECT_EQ(where(site, "a b/c"), "301 https://h/a%20b/c");
  EXPECT_EQ(where(parse(R"({"RedirectAllRequestsTo": {"HostName": "h"}})"), ""), "301 http://h/");
}

TEST_F(WebsiteTest, TheFirstRuleThatAppliesCounts) {
  const auto site = parse(R"({"IndexDocument": {"Suffix": "i"}, "RoutingRules": [
    {"Condition": {"KeyPrefixEquals": "docs/"}, "Redirect": {"ReplaceKeyPrefixWith": "documents/"}},
    {"Condition": {"KeyPrefixEquals": "old"},
     "Redirect": {"ReplaceKeyWith": "new.html", "HttpRedirectCode": "302"}},
    {"Condition": {"HttpErrorCodeReturnedEquals": "404", "KeyPrefixEquals": "img/"},
     "Redirect": {"HostName": "cdn", "Protocol": "https", "HttpRedirectCode": "307"}},
    {"Condition": {"HttpErrorCodeReturnedEquals": "403"},
     "Redirect": {"ReplaceKeyPrefixWith": "denied/"}}]})");
  EXPECT_EQ(where(site, "docs/a"), "301 http://site:80/documents/a");
  EXPECT_EQ(where(site, "old/x"), "302 http://site:80/new.html");
  EXPECT_EQ(where(site, "img/x"), "");
  EXPECT_EQ(where(site, "img/x", 404), "307 https://cdn/img/x");
  EXPECT_EQ(where(site, "docs/a", 404), "");
  EXPECT_EQ(where(site, "k", 403), "301 http://site:80/denied/k");
}

}  // namespace
}  // namespace millrace::s3
