#include "wire/protocols/router.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace millrace::wire {
namespace {

constexpr Shape kText{.name = "Text", .kind = Kind::string};
constexpr Member kSource{.name = "CopySource",
                         .wire_name = "x-amz-copy-source",
                         .shape = &kText,
                         .location = Location::header,
                         .required = true};
constexpr Member kUpload{.name = "UploadId",
                         .wire_name = "uploadId",
                         .shape = &kText,
                         .location = Location::query,
                         .required = true};
constexpr Member kPart{.name = "PartNumber",
                       .wire_name = "partNumber",
                       .shape = &kText,
                       .location = Location::query,
                       .required = true};
constexpr Member kAttributes{.name = "ObjectAttributes",
                             .wire_name = "x-amz-object-attributes",
                             .shape = &kText,
                             .location = Location::header,
                             .required = true};
constexpr Member kAttributesMembers[] = {kAttributes};
constexpr Member kCopyMembers[] = {kSource};
constexpr Member kPartMembers[] = {kUpload, kPart};
constexpr Member kPartCopyMembers[] = {kUpload, kPart, kSource};
constexpr Member kAbortMembers[] = {kUpload};
constexpr Shape kCopy{.name = "Copy", .kind = Kind::structure, .members = kCopyMembers};
constexpr Shape kPartInput{.name = "Part", .kind = Kind::structure, .members = kPartMembers};
constexpr Shape kPartCopy{.name = "PartCopy", .kind = Kind::structure, .members = kPartCopyMembers};
constexpr Shape kAttributesInput{
    .name = "Attributes", .kind = Kind::structure, .members = kAttributesMembers};
constexpr Shape kAbort{.name = "Abort", .kind = Kind::structure, .members = kAbortMembers};

constexpr Protocol kProtocols[] = {Protocol::rest_xml};
constexpr std::string_view kKey = "/{Bucket}/{Key+}";
constexpr Operation kServed[] = {
    {.name = "AbortMultipartUpload", .method = "DELETE", .path = kKey, .input = &kAbort},
    {.name = "CompleteMultipartUpload", .method = "POST", .path = kKey, .input = &kAbort},
    {.name = "CopyObject", .method = "PUT", .path = kKey, .input = &kCopy},
    {.name = "DeleteObject", .method = "DELETE", .path = kKey},
    {.name = "GetObject", .method = "GET", .path = "/{Bucket}/{Key+}?x-id=GetObject"},
    {.name = "GetObjectAttributes",
     .method = "GET",
     .path = "/{Bucket}/{Key+}?attributes",
     .input = &kAttributesInput},
    {.name = "ListBuckets", .method = "GET", .path = "/"},
    {.name = "ListObjects", .method = "GET", .path = "/{Bucket}"},
    {.name = "ListObjectsV2", .method = "GET", .path = "/{Bucket}?list-type=2"},
    {.name = "PutObject", .method = "PUT", .path = kKey},
    {.name = "UploadPart", .method = "PUT", .path = kKey, .input = &kPartInput},
    {.name = "UploadPartCopy", .method = "PUT", .path = kKey, .input = &kPartCopy},
};
constexpr OperationName kAll[] = {
    {"AbortMultipartUpload", "DELETE", kKey},
    {"Between", "GET", "/fixed/{Name}/{Rest+}/end"},
    {"CompleteMultipartUpload", "POST", kKey},
    {"CopyObject", "PUT", kKey},
    {"DeleteObject", "DELETE", kKey},
    {"GetBucketAcl", "GET", "/{Bucket}?acl"},
    {"GetObject", "GET", "/{Bucket}/{Key+}?x-id=GetObject"},
    {"GetObjectAttributes", "GET", "/{Bucket}/{Key+}?attributes"},
    {"ListBuckets", "GET", "/"},
    {"ListDirectoryBuckets", "GET", "/"},
    {"ListObjects", "GET", "/{Bucket}"},
    {"ListObjectsV2", "GET", "/{Bucket}?list-type=2"},
    {"PutBucketLifecycle", "PUT", "/{Bucket}?lifecycle"},
    {"PutBucketLifecycleConfiguration", "PUT", "/{Bucket}?lifecycle"},
    {"PutObject", "PUT", kKey},
    {"UploadPart", "PUT", kKey},
    {"UploadPartCopy", "PUT", kKey},
    {"WriteGetObjectResponse", "POST", "/WriteGetObjectResponse"},
};

class Routes : public ::testing::Test {
 protected:
  std::string match(std::string_view method, std::string_view path, std::string_view query = "",
                    bool copies = false) {
    const HeaderView header{"X-Amz-Copy-Source", "b/k"};
    const std::span<const HeaderView> headers(&header, copies ? 1 : 0);
    const auto found = router_.match({method, path, query, headers, {}});
    if (!found) return "none";
    std::string out(found->name->name);
    if (found->operation == nullptr) out += "?";
    for (const Label& label : found->labels()) {
      out += " " + std::string(label.name) + "=" + std::string(label.value);
    }
    return out;
  }

  Service service_{
      .signing_name = "s3", .protocols = kProtocols, .operations = kServed, .all_operations = kAll};
  Router router_{service_};
};

TEST_F(Routes, FindsBucketsAndKeys) {
  EXPECT_EQ(match("GET", "/"), "ListBuckets");
  EXPECT_EQ(match("GET", "/b"), "ListObjects Bucket=b");
  EXPECT_EQ(match("GET", "/b/"), "ListObjects Bucket=b");
  EXPECT_EQ(match("GET", "/b", "list-type=2&prefix=a"), "ListObjectsV2 Bucket=b");
  EXPECT_EQ(match("GET", "/b", "list-type=1"), "ListObjects Bucket=b");
  EXPECT_EQ(match("GET", "/b/k"), "GetObject Bucket=b Key=k");
  EXPECT_EQ(match("GET", "/b/k/l//m/"), "GetObject Bucket=b Key=k/l//m/");
  EXPECT_EQ(match("GET", "/b//k"), "GetObject Bucket=b Key=/k");
  EXPECT_EQ(match("GET", "/b/a%2Fb"), "GetObject Bucket=b Key=a%2Fb");
}

TEST_F(Routes, PrefersTheMostSpecific) {
  EXPECT_EQ(match("PUT", "/b/k"), "PutObject Bucket=b Key=k");
  EXPECT_EQ(match("PUT", "/b/k", "", true), "CopyObject Bucket=b Key=k");
  EXPECT_EQ(match("PUT", "/b/k", "partNumber=1&uploadId=u"), "UploadPart Bucket=b Key=k");
  EXPECT_EQ(match("PUT", "/b/k", "partNumber=1&uploadId=u", true), "UploadPartCopy Bucket=b Key=k");
  EXPECT_EQ(match("DELETE", "/b/k", "uploadId=u"), "AbortMultipartUpload Bucket=b Key=k");
  EXPECT_EQ(match("DELETE", "/b/k"), "DeleteObject Bucket=b Key=k");
}

// A part of an upload that says too little of it is not an object, nor a POST without an upload one
// that completes it.
TEST_F(Routes, ParametersTellOperationsApart) {
  EXPECT_EQ(match("PUT", "/b/k", "partNumber=1"), "UploadPart Bucket=b Key=k");
  EXPECT_EQ(match("PUT", "/b/k", "uploadId=u"), "UploadPart Bucket=b Key=k");
  EXPECT_EQ(match("PUT", "/b/k", "uploadId=u", true), "UploadPartCopy Bucket=b Key=k");
  EXPECT_EQ(match("POST", "/b/k", "uploadId=u"), "CompleteMultipartUpload Bucket=b Key=k");
  EXPECT_EQ(match("POST", "/b/k"), "none");
  EXPECT_EQ(match("GET", "/b/k", "attributes"), "GetObjectAttributes Bucket=b Key=k");
  EXPECT_EQ(match("GET", "/b/k", "x-id=GetObject"), "GetObject Bucket=b Key=k");
}

TEST_F(Routes, NamesWhatIsNotServed) {
  EXPECT_EQ(match("GET", "/b", "acl"), "GetBucketAcl? Bucket=b");
  EXPECT_EQ(match("GET", "/b", "acl="), "GetBucketAcl? Bucket=b");
  EXPECT_EQ(match("PUT", "/b", "lifecycle"), "PutBucketLifecycleConfiguration? Bucket=b");
  EXPECT_EQ(match("POST", "/WriteGetObjectResponse"), "WriteGetObjectResponse?");
  EXPECT_EQ(match("GET", "/WriteGetObjectResponse"), "ListObjects Bucket=WriteGetObjectResponse");
}

TEST_F(Routes, LeavesGreedyLabelsTheirSuffix) {
  EXPECT_EQ(match("GET", "/fixed/n/a/b/end"), "Between? Name=n Rest=a/b");
  EXPECT_EQ(match("GET", "/fixed/n/end"), "GetObject Bucket=fixed Key=n/end");
}

TEST_F(Routes, AnswersNothingElse) {
  EXPECT_EQ(match("PATCH", "/b/k"), "none");
  EXPECT_EQ(match("POST", "/b"), "none");
  EXPECT_TRUE(router_.has_path("/b"));
  EXPECT_EQ(match("GET", ""), "ListBuckets");
  EXPECT_NE(match("GET", "/" + std::string(100000, '/')), "");
}

}  // namespace
}  // namespace millrace::wire
