#include "wire/auth/sigv2.h"

#include <gtest/gtest.h>

#include "base/uri.h"
#include "wire/auth/key_fixture.h"

namespace millrace::auth {
namespace {

const Time kNow = *parse_iso8601("2026-11-22T10:00:00Z");
constexpr int64_t kEpoch = 1795341600;  // kNow
constexpr std::string_view kId = "AKIAIOSFODNN7EXAMPLE";
constexpr std::string_view kSecret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

struct Sent {
  std::string method = "GET";
  std::string path = "/bucket/key";
  std::string query;
  std::vector<HeaderView> headers;
  RequestView view() const { return {method, path, query, headers}; }
};

class SigV2 : public testing::Test {
 protected:
  // The request with the parameters of its signature, as boto3 appends them.
  Sent signed_by(std::string_view id, std::string_view secret, Sent sent,
                 int64_t expires = kEpoch + 60) const {
    if (!sent.query.empty()) sent.query += "&";
    sent.query += "AWSAccessKeyId=" + std::string(id) + "&Expires=" + std::to_string(expires);
    const auto text = string_to_sign_v2(sent.view(), rules_.host_bucket);
    EXPECT_TRUE(text);
    sent.query += "&Signature=" + uri_encode(sign_v2(secret, text.value_or("")));
    return sent;
  }
  Sent good(Sent sent = {}) const { return signed_by(kId, kSecret, std::move(sent)); }

  std::expected<Verified, AuthFailure> check(const Sent& sent, Time now = kNow) {
    return verify(sent.view(), rules_, {}, {keys_, signing_keys_}, now);
  }
  std::string_view problem_of(const Sent& sent, Time now = kNow) {
    const auto verified = check(sent, now);
    return verified ? "" : to_string(verified.error().problem);
  }

  KeyFixture keys_{{{.id = std::string(kId), .secret = std::string(kSecret)},
                    {.id = "ASIATEMPORARY",
                     .secret = "temporary",
                     .session_token = "token/==",
                     .expires = kNow + std::chrono::hours(1)}}};
  SigningKeys signing_keys_;
  VerifyRules rules_ = s3_rules();
};

// S3 User Guide, "Query string request authentication alternative": the documented example.
TEST_F(SigV2, MatchesTheDocumentedExample) {
  const Sent sent{.path = "/photos/puppy.jpg",
                  .query = "AWSAccessKeyId=AKIAIOSFODNN7EXAMPLE&Expires=1175139620"};
  const auto text = string_to_sign_v2(sent.view(), "johnsmith");
  ASSERT_TRUE(text);
  EXPECT_EQ(*text, "GET\n\n\n1175139620\n/johnsmith/photos/puppy.jpg");
  EXPECT_EQ(sign_v2("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
                    "GET\n\n\n1175139620\n/johnsmith/photos/puppy.jpg"),
            "NpgCjnDzrM+WFzoENXmpNDUsSn8=");
}

TEST_F(SigV2, SignsHeadersOfBothPlacesAndSubresourcesInOrder) {
  const Sent sent{
      .method = "PUT",
      .path = "/b/a%20b",
      .query =
          "versionId=a%2Fb&acl&x-amz-security-token=t%2F&content-type=text%2Fplain&"
          "AWSAccessKeyId=A&Expires=7&prefix=p",
      .headers = {{"X-Amz-Meta-Z", " 1 "}, {"x-amz-meta-a", "2"}, {"Content-MD5", "m"}}};
  EXPECT_EQ(string_to_sign_v2(sent.view(), "").value_or(""),
            "PUT\nm\ntext/plain\n7\nx-amz-meta-a:2\nx-amz-meta-z:1\nx-amz-security-token:t/\n"
            "/b/a%20b?acl&versionId=a/b");
}

TEST_F(SigV2, AGoodSignatureIsOfItsKey) {
  for (const char* method : {"GET", "HEAD", "PUT", "DELETE"}) {
    const auto verified = check(good({.method = method}));
    ASSERT_TRUE(verified) << method;
    EXPECT_EQ(verified->kind, AuthKind::presigned);
    EXPECT_EQ(verified->key.id, kId);
    EXPECT_EQ(verified->key.secret, "");
    EXPECT_EQ(verified->scope.region, "");
  }
  rules_.host_bucket = "bucket";
  EXPECT_EQ(problem_of(good({.path = "/key"})), "");
}

TEST_F(SigV2, WhatIsChangedAfterwardsIsRefused) {
  Sent sent = good();
  sent.path = "/bucket/other";
  EXPECT_EQ(problem_of(sent), "signature_mismatch");
  sent = good();
  sent.method = "PUT";
  EXPECT_EQ(problem_of(sent), "signature_mismatch");
  sent = good();
  sent.headers.push_back({"x-amz-acl", "public-read"});
  EXPECT_EQ(problem_of(sent), "signature_mismatch");
  sent = good();
  sent.query.replace(sent.query.find("Expires=1"), 9, "Expires=2");
  EXPECT_EQ(problem_of(sent), "signature_mismatch");
  EXPECT_EQ(problem_of(signed_by(kId, "guessed", {})), "signature_mismatch");
}

TEST_F(SigV2, AParameterThatItDoesNotSignMayNotChooseTheOperation) {
  for (const char* name :
       {"retention", "encryption", "publicAccessBlock", "attributes", "policyStatus"}) {
    Sent sent = good();
    sent.query += "&" + std::string(name);
    EXPECT_EQ(problem_of(sent), "signature_mismatch") << name;
  }
  Sent sent = good();
  sent.query += "&tagging";
  EXPECT_EQ(problem_of(sent), "signature_mismatch");
  EXPECT_EQ(problem_of(good({.path = "/bucket", .query = "list-type=2&prefix=a"})), "");
}

TEST_F(SigV2, ExpiresAtItsSecond) {
  EXPECT_EQ(problem_of(signed_by(kId, kSecret, {}, kEpoch)), "");
  const Sent old = signed_by(kId, kSecret, {}, kEpoch - 1);
  EXPECT_EQ(problem_of(old), "presigned_expired");
  const Error error = to_error(check(old).error(), ErrorFamily::s3);
  EXPECT_EQ(error.code, "AccessDenied");
  EXPECT_EQ(error.http_status, 403);
  EXPECT_EQ(error.message, "Request has expired");
  EXPECT_EQ(error.details.front().second, "2026-11-22T09:59:59Z");
}

TEST_F(SigV2, ATemporaryKeyNeedsItsToken) {
  EXPECT_EQ(problem_of(signed_by("ASIATEMPORARY", "temporary",
                                 {.query = "x-amz-security-token=token%2F%3D%3D"})),
            "");
  EXPECT_EQ(problem_of(signed_by("ASIATEMPORARY", "temporary", {})), "token_missing");
  const Sent wrong =
      signed_by("ASIATEMPORARY", "temporary", {.query = "x-amz-security-token=other"});
  EXPECT_EQ(problem_of(wrong), "token_invalid");
  const Time later = kNow + std::chrono::hours(2);
  EXPECT_EQ(problem_of(signed_by("ASIATEMPORARY", "temporary",
                                 {.query = "x-amz-security-token=token%2F%3D%3D"}, kEpoch + 9000),
                       later),
            "token_expired");
}

TEST_F(SigV2, WhatIsMissingOrMalformedIsTold) {
  EXPECT_EQ(problem_of({.query = "AWSAccessKeyId=A"}), "v2_incomplete");
  EXPECT_EQ(problem_of({.query = "Signature=x&Expires=7"}), "v2_incomplete");
  EXPECT_EQ(problem_of({.query = "AWSAccessKeyId=A&Signature=x&Expires=soon"}),
            "v2_expires_malformed");
  EXPECT_EQ(problem_of({.query = "AWSAccessKeyId=A&Signature=x&Expires=99999999999999999999"}),
            "v2_expires_malformed");
  EXPECT_EQ(problem_of({.query = "AWSAccessKeyId=A&Signature=x&Expires=9"}), "unknown_key");
  EXPECT_EQ(problem_of({.query = "AWSAccessKeyId=%zz&Signature=x&Expires=9"}),
            "signature_mismatch");
  Sent twice = good();
  twice.query += "&Signature=x";
  EXPECT_EQ(problem_of(twice), "signature_mismatch");
  Sent both = good();
  both.headers.push_back({"Authorization", "AWS AKIA:abc"});
  EXPECT_EQ(problem_of(both), "two_mechanisms");
}

TEST_F(SigV2, TheHeaderFormIsNotSupported) {
  const Sent sent{.headers = {{"Authorization", "AWS AKIAIOSFODNN7EXAMPLE:abc="}}};
  const auto refused = check(sent);
  ASSERT_FALSE(refused);
  const Error error = to_error(refused.error(), ErrorFamily::s3);
  EXPECT_EQ(error.code, "InvalidRequest");
  EXPECT_EQ(error.http_status, 400);
  EXPECT_EQ(error.message,
            "The authorization mechanism you have provided is not supported. Please use "
            "AWS4-HMAC-SHA256.");
}

TEST_F(SigV2, OtherServicesKnowNoVersion2) {
  const Sent sent = good();
  const auto verified = verify(sent.view(), service_rules("sts"), {}, {keys_, signing_keys_}, kNow);
  ASSERT_TRUE(verified);
  EXPECT_EQ(verified->kind, AuthKind::anonymous);
}

}  // namespace
}  // namespace millrace::auth
