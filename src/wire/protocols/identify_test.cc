#include "wire/protocols/identify.h"

#include <gtest/gtest.h>

namespace millrace::wire {
namespace {

std::string show(const Identity& identity) {
  const std::string protocol(identity.protocol ? to_string(*identity.protocol) : "rest");
  return protocol + "|" + std::string(identity.service) + "|" + std::string(identity.operation) +
         "|" + std::string(identity.version);
}

std::string of(std::vector<HeaderView> headers, std::string_view path = "/",
               std::string_view query = "", std::string_view body = "") {
  return show(identify({"POST", path, query, headers, body}));
}

TEST(Identify, Targets) {
  EXPECT_EQ(of({{"x-amz-target", "SageMaker.CreateModel"},
                {"content-type", "application/x-amz-json-1.1"}}),
            "json-1.1|SageMaker|CreateModel|");
  EXPECT_EQ(of({{"X-Amz-Target", "DynamoDB_20120810.GetItem"},
                {"Content-Type", "application/x-amz-json-1.0; charset=utf-8"}}),
            "json-1.0|DynamoDB_20120810|GetItem|");
  EXPECT_EQ(of({{"X-Amz-Target", "a.b.Op"}}), "json-1.1|a.b|Op|");
  EXPECT_EQ(of({{"X-Amz-Target", "nothing"}}), "json-1.1|nothing||");
}

TEST(Identify, Cbor) {
  const std::vector<HeaderView> headers = {{"Smithy-Protocol", "rpc-v2-cbor"}};
  EXPECT_EQ(of(headers, "/service/GraniteServiceVersion20100801/operation/PutMetricData"),
            "rpc-v2-cbor|GraniteServiceVersion20100801|PutMetricData|");
  EXPECT_EQ(of(headers, "/prefix/service/S/operation/O"), "rpc-v2-cbor|S|O|");
  EXPECT_EQ(of(headers, "/"), "rpc-v2-cbor|||");
}

TEST(Identify, Forms) {
  const std::vector<HeaderView> headers = {{"Content-Type", "application/x-www-form-urlencoded"}};
  EXPECT_EQ(of(headers, "/", "", "Version=2011-06-15&Action=GetCallerIdentity"),
            "query||GetCallerIdentity|2011-06-15");
  EXPECT_EQ(of({}, "/", "Action=GetCallerIdentity&Version=2011-06-15"),
            "query||GetCallerIdentity|2011-06-15");
  EXPECT_EQ(of(headers, "/", "", "SubAction=x"), "rest|||");
}

TEST(Identify, Rest) { EXPECT_EQ(of({{"Content-Type", "text/plain"}}, "/b/k"), "rest|||"); }

}  // namespace
}  // namespace millrace::wire
