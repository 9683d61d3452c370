#include "wire/pipeline/directory.h"

#include <gtest/gtest.h>

namespace millrace::wire {
namespace {

constexpr Protocol kJson[] = {Protocol::json_1_1};
constexpr Protocol kRest[] = {Protocol::rest_json};
constexpr Protocol kQuery[] = {Protocol::query};
constexpr Protocol kXml[] = {Protocol::rest_xml};
constexpr OperationName kInvoke[] = {{"Invoke", "POST", "/endpoints/{Name}/invocations"}};
constexpr OperationName kGet[] = {{"GetObject", "GET", "/{Bucket}/{Key+}"}};
constexpr OperationName kWho[] = {{"GetCallerIdentity", "POST", "/"}};

constexpr Service kMaker{.name = "maker",
                         .signing_name = "maker",
                         .endpoint_prefix = "api.maker",
                         .target_prefix = "Maker",
                         .protocols = kJson};
constexpr Service kRuntime{.name = "maker_runtime",
                           .signing_name = "maker",
                           .endpoint_prefix = "runtime.maker",
                           .protocols = kRest,
                           .all_operations = kInvoke};
constexpr Service kSts{.name = "sts",
                       .signing_name = "sts",
                       .endpoint_prefix = "sts",
                       .api_version = "2011-06-15",
                       .protocols = kQuery,
                       .all_operations = kWho};
constexpr Service kS3{.name = "s3",
                      .signing_name = "s3",
                      .endpoint_prefix = "s3",
                      .protocols = kXml,
                      .all_operations = kGet};

class DirectoryTest : public testing::Test {
 protected:
  Directory directory{{{&kMaker, nullptr, nullptr},
                       {&kRuntime, nullptr, nullptr},
                       {&kSts, nullptr, nullptr},
                       {&kS3, nullptr, nullptr}}};

  std::string found(std::string_view method, std::string_view path, std::vector<HeaderView> headers,
                    std::string_view scope, std::string_view host = "127.0.0.1:4566",
                    std::string_view body = {}) {
    const RequestParts parts{method, path, {}, headers, body};
    const Identity identity = identify(parts);
    const Directory::Entry* const entry = directory.find(parts, identity, scope, host);
    return entry == nullptr ? "" : std::string(entry->bound.model->name);
  }
};

TEST_F(DirectoryTest, ScopeNamesTheService) {
  EXPECT_EQ(found("GET", "/b/k", {}, "s3"), "s3");
  EXPECT_EQ(found("POST", "/", {}, "nobody"), "");
}

TEST_F(DirectoryTest, ServicesThatSignAlikeAreToldApartByTargetAndRoute) {
  EXPECT_EQ(found("POST", "/",
                  {{"X-Amz-Target", "Maker.List"}, {"Content-Type", "application/x-amz-json-1.1"}},
                  "maker"),
            "maker");
  EXPECT_EQ(found("POST", "/endpoints/e/invocations", {}, "maker"), "maker_runtime");
}

TEST_F(DirectoryTest, UnsignedRequestsAreRoutedByWhatTheySay) {
  EXPECT_EQ(
      found("POST", "/",
            {{"X-Amz-Target", "Maker.List"}, {"Content-Type", "application/x-amz-json-1.1"}}, ""),
      "maker");
  EXPECT_EQ(found("POST", "/", {{"Content-Type", "application/x-www-form-urlencoded"}}, "",
                  "127.0.0.1", "Action=GetCallerIdentity&Version=2011-06-15"),
            "sts");
  EXPECT_EQ(found("GET", "/bucket/key", {}, ""), "s3");
  EXPECT_EQ(found("POST", "/endpoints/e/invocations", {}, "", "runtime.maker.localhost"),
            "maker_runtime");
}

TEST_F(DirectoryTest, FindsByName) {
  ASSERT_NE(directory.find_by_name("sts"), nullptr);
  EXPECT_EQ(directory.find_by_name("nobody"), nullptr);
}

TEST(VirtualHostBucket, IsWhatStandsBeforeTheServersName) {
  EXPECT_EQ(virtual_host_bucket("b.localhost:4566"), "b");
  EXPECT_EQ(virtual_host_bucket("b.s3.localhost.localstack.cloud:4566"), "b");
  EXPECT_EQ(virtual_host_bucket("my.dotted.bucket.s3.amazonaws.com"), "my.dotted.bucket");
  EXPECT_EQ(virtual_host_bucket("b.s3.us-east-1.amazonaws.com"), "b");
  EXPECT_EQ(virtual_host_bucket("127.0.0.1:4566"), "");
  EXPECT_EQ(virtual_host_bucket("localhost:4566"), "");
  EXPECT_EQ(virtual_host_bucket("s3.localhost:4566"), "");
  EXPECT_EQ(virtual_host_bucket("s3.localhost.localstack.cloud:4566"), "");
  EXPECT_EQ(virtual_host_bucket("s3.us-east-1.amazonaws.com"), "");
  EXPECT_EQ(virtual_host_bucket("s3.us-gov-west-1.localhost:4566"), "");
  EXPECT_EQ(virtual_host_bucket("my.bucket.s3.eu-west-1.localhost"), "my.bucket");
  EXPECT_EQ(virtual_host_bucket("s3.us-east-one.localhost"), "s3.us-east-one");
  EXPECT_EQ(virtual_host_bucket("a.eu-west-1.localhost"), "a.eu-west-1");
}

}  // namespace
}  // namespace millrace::wire
