#include "services/s3/logging/access_line.h"

#include <gtest/gtest.h>

#include "runtime/clock.h"

namespace millrace::s3 {
namespace {

std::string operation(std::string_view method, std::string_view query, bool object) {
  return access_operation({.method = method, .query = query, .object = object});
}

TEST(AccessLineTest, OperationsAreCalledAsInAwssLogs) {
  EXPECT_EQ(operation("GET", "", true), "REST.GET.OBJECT");
  EXPECT_EQ(operation("GET", "list-type=2&prefix=a", false), "REST.GET.BUCKET");
  EXPECT_EQ(operation("HEAD", "", false), "REST.HEAD.BUCKET");
  EXPECT_EQ(operation("PUT", "partNumber=1&uploadId=x", true), "REST.PUT.PART");
  EXPECT_EQ(operation("GET", "partNumber=1", true), "REST.GET.OBJECT");
  EXPECT_EQ(operation("POST", "uploads", true), "REST.POST.UPLOADS");
  EXPECT_EQ(operation("POST", "uploadId=x", true), "REST.POST.UPLOAD");
  EXPECT_EQ(operation("POST", "delete", false), "REST.POST.MULTI_OBJECT_DELETE");
  EXPECT_EQ(operation("GET", "tagging", true), "REST.GET.OBJECT_TAGGING");
  EXPECT_EQ(operation("GET", "versioning", false), "REST.GET.VERSIONING");
  EXPECT_EQ(access_operation({.method = "PUT", .query = "", .object = true, .copies = true}),
            "REST.COPY.OBJECT");
  EXPECT_EQ(access_operation({.method = "GET", .query = "", .object = true, .website = true}),
            "WEBSITE.GET.OBJECT");
}

TEST(AccessLineTest, LineHasAwssFieldsInTheirOrder) {
  AccessLine line;
  line.owner = "0ff1ce";
  line.bucket = "bucket";
  line.time = Time(std::chrono::seconds(1549411238));
  line.remote = "192.0.2.3";
  line.requester = "0ff1ce";
  line.request_id = "3E57427F3";
  line.operation = "REST.GET.OBJECT";
  line.key = "a b";
  line.method = "GET";
  line.target = "/bucket/a%20b";
  line.version_minor = 1;
  line.status = 200;
  line.bytes_sent = "113";
  line.object_size = "113";
  line.taken = milliseconds(7);
  line.agent = "S3Console/0.4";
  line.host_id = "s9lzHYrFp76Z=";
  line.signature = "SigV4";
  line.authentication = "AuthHeader";
  line.host = "localhost:4566";
  EXPECT_EQ(write_access_line(line),
            "0ff1ce bucket [06/Feb/2019:00:00:38 +0000] 192.0.2.3 0ff1ce 3E57427F3 "
            "REST.GET.OBJECT a%20b \"GET /bucket/a%20b HTTP/1.1\" 200 - 113 113 7 7 \"-\" "
            "\"S3Console/0.4\" - s9lzHYrFp76Z= SigV4 - AuthHeader localhost:4566 - - -\n");
}

TEST(AccessLineTest, WhatNoRequestCausedHasNone) {
  AccessLine line;
  line.owner = "0ff1ce";
  line.bucket = "bucket";
  line.time = Time(std::chrono::seconds(1549411238));
  line.requester = "AmazonS3";
  line.operation = "S3.EXPIRE.OBJECT";
  line.key = "k";
  line.object_size = "5";
  EXPECT_EQ(write_access_line(line),
            "0ff1ce bucket [06/Feb/2019:00:00:38 +0000] - AmazonS3 - S3.EXPIRE.OBJECT k - - - - 5 "
            "- - - - - - - - - - - - -\n");
}

TEST(AccessLineTest, WhatAClientSendsStaysWithinItsQuotes) {
  AccessLine line;
  line.owner = line.bucket = line.operation = "x";
  line.method = "GET";
  line.target = "/";
  line.agent = "a\" 200 - \n\"b";
  EXPECT_NE(write_access_line(line).find("\"a%22 200 - %0A%22b\""), std::string::npos);
}

TEST(AccessLineTest, TheDayOfALineIsRead) {
  AccessLine line;
  line.owner = line.bucket = line.operation = "x";
  line.time = Time(std::chrono::seconds(1549411238));
  EXPECT_EQ(day_of(write_access_line(line)), Time(std::chrono::seconds(1549411200)));
  for (const std::string_view bad :
       {"", "[", "x x [06/Feb/20", "x x [31/Feb/2019:", "x x [06/Fe!/2019:"}) {
    EXPECT_FALSE(day_of(bad)) << bad;
  }
}

}  // namespace
}  // namespace millrace::s3
