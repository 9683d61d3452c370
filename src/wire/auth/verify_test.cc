#include "wire/auth/verify.h"

#include <gtest/gtest.h>

#include "base/hash.h"
#include "wire/auth/key_fixture.h"
#include "wire/auth/sign.h"

namespace millrace::auth {
namespace {

const Time kNow = *parse_iso8601("2026-11-22T10:00:00Z");
constexpr std::string_view kId = "AKIAIOSFODNN7EXAMPLE";
constexpr std::string_view kSecret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

// A request that a test signs, changes and has verified.
struct Sent {
  std::string method = "GET";
  std::string path = "/";
  std::string query = "";
  std::string body = "";
  std::vector<std::pair<std::string, std::string>> headers = {{"Host", "localhost:4566"}};

  std::vector<HeaderView> views() const {
    std::vector<HeaderView> out;
    for (const auto& [name, value] : headers) out.push_back({name, value});
    return out;
  }
  std::string& header(std::string_view name) {
    for (auto& [key, value] : headers) {
      if (http::equal_ignoring_case(key, name)) return value;
    }
    return headers.emplace_back(name, "").second;
  }
  void replace(std::string_view name, std::string_view from, std::string_view to) {
    std::string& value = header(name);
    const size_t at = value.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    value.replace(at, from.size(), to);
  }
};

class Verify : public testing::Test {
 protected:
  Signer sts() const {
    return {.access_key_id = std::string(kId), .secret = std::string(kSecret), .service = "sts"};
  }
  Signer s3() const { return s3_signer(std::string(kId), std::string(kSecret)); }

  static Sent signed_by(const Signer& signer, Sent sent, Time when = kNow) {
    const HeaderView* hash = nullptr;
    std::vector<HeaderView> views = sent.views();
    hash = find_header(views, "x-amz-content-sha256");
    const std::string payload =
        hash != nullptr ? std::string(hash->value) : to_hex(sha256(sent.body));
    const auto made =
        sign_header(signer, {sent.method, sent.path, sent.query, views}, payload, when);
    sent.headers.insert(sent.headers.end(), made.headers.begin(), made.headers.end());
    return sent;
  }
  static Sent s3_request() {
    Sent sent;
    sent.headers.emplace_back("x-amz-content-sha256", kEmptySha256);
    return sent;
  }
  static Sent presigned_by(const Signer& signer, Sent sent, seconds expires, Time when = kNow) {
    const std::vector<HeaderView> views = sent.views();
    sent.query = sign_query(signer, {sent.method, sent.path, sent.query, views},
                            signer.service == "s3" ? kUnsignedPayload : kEmptySha256, when, expires)
                     .query;
    return sent;
  }

  std::expected<Verified, AuthFailure> check(const Sent& sent, const VerifyRules& rules,
                                             Time now = kNow) {
    const std::vector<HeaderView> views = sent.views();
    return verify({sent.method, sent.path, sent.query, views}, rules, sent.body,
                  {keys_, signing_keys_}, now);
  }
  void expect_problem(AuthProblem problem, const Sent& sent, const VerifyRules& rules,
                      Time now = kNow) {
    const auto verified = check(sent, rules, now);
    ASSERT_FALSE(verified) << "expected " << to_string(problem);
    EXPECT_EQ(to_string(verified.error().problem), to_string(problem));
  }

  KeyFixture keys_{{{.id = std::string(kId), .secret = std::string(kSecret)},
                    {.id = "ASIATEMPORARY",
                     .secret = "temporary",
                     .session_token = "token/==",
                     .expires = kNow + std::chrono::hours(1)}}};
  SigningKeys signing_keys_;
  VerifyRules sts_rules_ = service_rules("sts", "us-east-1");
  VerifyRules s3_rules_ = s3_rules("us-east-1");
};

TEST_F(Verify, AcceptsAHeaderSignatureAndHidesTheSecret) {
  Sent sent{.method = "POST", .body = "Action=GetCallerIdentity"};
  const auto verified = check(signed_by(sts(), sent), sts_rules_);
  ASSERT_TRUE(verified);
  EXPECT_EQ(verified->key.id, kId);
  EXPECT_EQ(verified->key.secret, "");
  EXPECT_EQ(verified->scope.region, "us-east-1");
  EXPECT_TRUE(verified->payload_verified);
  EXPECT_TRUE(verified->signing_key.empty());
}

TEST_F(Verify, RefusesATamperedBodyAndAWrongSecret) {
  Sent sent = signed_by(sts(), {.method = "POST", .body = "Action=GetCallerIdentity"});
  sent.body.back() = 'Y';
  expect_problem(AuthProblem::signature_mismatch, sent, sts_rules_);
  Signer wrong = sts();
  wrong.secret = "guessed";
  const auto refused = check(signed_by(wrong, {}), sts_rules_);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().problem, AuthProblem::signature_mismatch);
  for (const auto& [name, value] : refused.error().details) {
    EXPECT_EQ(value.find(kSecret), std::string::npos) << name;
  }
}

TEST_F(Verify, AnswersAnonymousWhereNothingIsClaimed) {
  const auto verified = check({}, s3_rules_);
  ASSERT_TRUE(verified);
  EXPECT_EQ(verified->kind, AuthKind::anonymous);
}

TEST_F(Verify, AllowsFifteenMinutesOfSkew) {
  const std::chrono::minutes skew(15);
  EXPECT_TRUE(check(signed_by(sts(), {}, kNow - skew), sts_rules_));
  EXPECT_TRUE(check(signed_by(sts(), {}, kNow + skew), sts_rules_));
  expect_problem(AuthProblem::too_old, signed_by(sts(), {}, kNow - skew - seconds(1)), sts_rules_);
  const Sent early = signed_by(sts(), {}, kNow + skew + seconds(1));
  expect_problem(AuthProblem::not_yet, early, sts_rules_);
  EXPECT_EQ(to_error(check(early, sts_rules_).error(), ErrorFamily::json).message,
            "Signature not yet current: 20261122T101501Z is still later than 20261122T101500Z "
            "(20261122T100000Z + 15 min.)");
  const auto old = check(signed_by(sts(), {}, kNow - std::chrono::hours(1)), sts_rules_);
  EXPECT_EQ(to_error(old.error(), ErrorFamily::query).message,
            "Signature expired: 20261122T090000Z is now earlier than 20261122T094500Z "
            "(20261122T100000Z - 15 min.)");
}

TEST_F(Verify, ChecksTheScope) {
  Signer signer = sts();
  signer.region = "eu-west-1";
  expect_problem(AuthProblem::wrong_region, signed_by(signer, {}), sts_rules_);
  EXPECT_TRUE(check(signed_by(signer, {}), service_rules("sts")));
  signer = sts();
  signer.service = "iam";
  expect_problem(AuthProblem::wrong_service, signed_by(signer, {}), sts_rules_);
  Sent sent = signed_by(sts(), {});
  sent.replace("authorization", "/20261122/", "/20261121/");
  expect_problem(AuthProblem::scope_date_mismatch, sent, sts_rules_);
  sent.replace("authorization", "/20261121/", "/2026112/");
  expect_problem(AuthProblem::scope_date_malformed, sent, sts_rules_);
  sent = signed_by(sts(), {});
  sent.replace("authorization", "aws4_request", "aws5_request");
  expect_problem(AuthProblem::scope_terminator, sent, sts_rules_);
}

TEST_F(Verify, TellsTheRegionThatS3Expects) {
  Signer signer = s3();
  signer.region = "eu-west-1";
  const auto refused = check(signed_by(signer, s3_request()), s3_rules_);
  ASSERT_FALSE(refused);
  const Error error = to_error(refused.error(), ErrorFamily::s3);
  EXPECT_EQ(error.message,
            "The authorization header is malformed; the region 'eu-west-1' is wrong; expecting "
            "'us-east-1'");
  ASSERT_EQ(error.details.size(), 1U);
  EXPECT_EQ(error.details[0], (std::pair<std::string, std::string>("Region", "us-east-1")));
}

TEST_F(Verify, ChecksTemporaryKeys) {
  Signer signer{.access_key_id = "ASIATEMPORARY",
                .secret = "temporary",
                .session_token = "token/==",
                .service = "sts"};
  EXPECT_TRUE(check(signed_by(signer, {}), sts_rules_));
  EXPECT_TRUE(check(presigned_by(signer, {}, seconds(60)), sts_rules_));
  signer.session_token = "token/=";
  expect_problem(AuthProblem::token_invalid, signed_by(signer, {}), sts_rules_);
  signer.session_token = "";
  expect_problem(AuthProblem::token_missing, signed_by(signer, {}), sts_rules_);
  signer.session_token = "token/==";
  const Time later = kNow + std::chrono::hours(1);
  expect_problem(AuthProblem::token_expired, signed_by(signer, {}, later), sts_rules_, later);
  Signer permanent = sts();
  permanent.session_token = "surplus";
  expect_problem(AuthProblem::token_invalid, signed_by(permanent, {}), sts_rules_);
}

TEST_F(Verify, RefusesAnUnknownKey) {
  Signer signer = sts();
  signer.access_key_id = "AKIDNOBODY";
  expect_problem(AuthProblem::unknown_key, signed_by(signer, {}), sts_rules_);
}

TEST_F(Verify, RefusesMalformedHeaders) {
  const Sent good = signed_by(sts(), {});
  const std::string value = Sent(good).header("authorization");
  const auto with = [&good](std::string authorization) {
    Sent sent = good;
    sent.header("authorization") = std::move(authorization);
    return sent;
  };
  const std::string scope = "/20261122/us-east-1/sts/aws4_request";
  const std::string credential = "Credential=" + std::string(kId) + scope;
  const std::string signature = "Signature=" + std::string(64, 'a');
  const std::string a = "AWS4-HMAC-SHA256 ";
  using enum AuthProblem;
  expect_problem(unsupported_algorithm, with("Bearer x"), sts_rules_);
  expect_problem(unsupported_algorithm, with(""), sts_rules_);
  expect_problem(header_incomplete, with("AWS4-HMAC-SHA256"), sts_rules_);
  expect_problem(header_incomplete, with(a + credential + ", " + signature), sts_rules_);
  expect_problem(header_malformed, with(value + ", Extra=1"), sts_rules_);
  expect_problem(header_malformed, with(value + ", " + signature), sts_rules_);
  expect_problem(credential_malformed,
                 with(a + "Credential=a/b/c, SignedHeaders=host, " + signature), sts_rules_);
  for (const std::string headers : {"", ";host", "host;", "Host", "host;host", "ho st"}) {
    const auto verified =
        check(with(a + credential + ",SignedHeaders=" + headers + "," + signature), sts_rules_);
    ASSERT_FALSE(verified);
    EXPECT_EQ(verified.error().problem, header_malformed) << headers;
  }
  expect_problem(header_malformed, with(a + std::string(5000, 'x')), sts_rules_);
  expect_problem(header_malformed,
                 with(a + credential + ",SignedHeaders=host,Signature=" + std::string(64, 'A')),
                 sts_rules_);
  Sent undated = good;
  std::erase_if(undated.headers, [](const auto& h) { return h.first == "X-Amz-Date"; });
  expect_problem(date_missing, undated, sts_rules_);
  Sent dated = good;
  dated.header("x-amz-date") = "yesterday";
  expect_problem(date_malformed, dated, sts_rules_);
  EXPECT_EQ(
      to_error(check(with("AWS4-HMAC-SHA256"), sts_rules_).error(), ErrorFamily::json).message,
      "Authorization header requires 'Credential' parameter. Authorization header requires "
      "'Signature' parameter. Authorization header requires 'SignedHeaders' parameter.");
}

TEST_F(Verify, TakesTheComponentsInAnyOrderAndSeparation) {
  Sent sent = signed_by(sts(), {});
  std::string& value = sent.header("authorization");
  std::erase(value, ',');
  EXPECT_TRUE(check(sent, sts_rules_));
}

TEST_F(Verify, TakesADateHeaderWhereThereIsNoOther) {
  Sent sent;
  sent.headers.emplace_back("Date", "Sun, 22 Nov 2026 10:00:00 GMT");
  sent = signed_by(sts(), sent);
  // Signed again without X-Amz-Date, as old clients do.
  std::erase_if(sent.headers, [](const auto& h) { return h.first == "X-Amz-Date"; });
  const std::vector<HeaderView> headers = {{"date", sent.header("date")},
                                           {"host", "localhost:4566"}};
  const std::vector<std::string_view> names = {"date", "host"};
  const std::string canonical =
      canonical_request({"GET", "/", "", headers}, {"/", "", names, kEmptySha256});
  const CredentialScope scope{"20261122", "us-east-1", "sts"};
  const std::string signature = sign(derive_signing_key(kSecret, scope),
                                     string_to_sign("20261122T100000Z", scope, canonical));
  sent.header("authorization") = "AWS4-HMAC-SHA256 Credential=" + std::string(kId) + "/" +
                                 scope.text() + ",SignedHeaders=date;host,Signature=" + signature;
  EXPECT_TRUE(check(sent, sts_rules_));
}

TEST_F(Verify, S3WantsThePayloadsHashAndAllAmzHeadersSigned) {
  expect_problem(AuthProblem::content_sha256_missing, signed_by(s3(), {}), s3_rules_);
  Sent sent;
  sent.headers.emplace_back("x-amz-content-sha256", "nonsense");
  expect_problem(AuthProblem::content_sha256_malformed, signed_by(s3(), sent), s3_rules_);
  sent = signed_by(s3(), s3_request());
  EXPECT_TRUE(check(sent, s3_rules_));
  sent.headers.emplace_back("X-Amz-Acl", "public-read");
  const auto refused = check(sent, s3_rules_);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().problem, AuthProblem::headers_not_signed);
  EXPECT_EQ(refused.error().given, "x-amz-acl");
}

TEST_F(Verify, ReadsEveryPayloadMode) {
  const std::pair<std::string_view, PayloadMode> modes[] = {
      {kEmptySha256, PayloadMode::literal},
      {"UNSIGNED-PAYLOAD", PayloadMode::unsigned_payload},
      {"STREAMING-AWS4-HMAC-SHA256-PAYLOAD", PayloadMode::streaming_signed},
      {"STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER", PayloadMode::streaming_signed_trailer},
      {"STREAMING-UNSIGNED-PAYLOAD-TRAILER", PayloadMode::streaming_unsigned_trailer}};
  for (const auto& [text, mode] : modes) {
    Sent sent;
    sent.headers.emplace_back("x-amz-content-sha256", text);
    const auto verified = check(signed_by(s3(), sent), s3_rules_);
    ASSERT_TRUE(verified) << text;
    EXPECT_EQ(verified->payload, mode);
    EXPECT_EQ(verified->signing_key.empty(), !is_streaming(mode));
  }
}

TEST_F(Verify, S3KeysAreSignedAsMeant) {
  Sent sent = s3_request();
  sent.path = "/bucket/a//../b%20c%2Fd+e";
  EXPECT_EQ(canonical_path(sent.path, kS3Paths), "/bucket/a//../b%20c%2Fd%20e");
  EXPECT_EQ(canonical_path(sent.path, kServicePaths), "/bucket/b%2520c%252Fd%2Be");
  EXPECT_TRUE(check(signed_by(s3(), sent), s3_rules_));
  sent.path = "/bucket/%zz";
  expect_problem(AuthProblem::uri_malformed, signed_by(s3(), sent), s3_rules_);
}

TEST_F(Verify, PresignedUrlsLastAsLongAsTheySay) {
  const Sent sent = presigned_by(s3(), {.path = "/b/k"}, seconds(60));
  EXPECT_EQ(check(sent, s3_rules_, kNow + seconds(60))->kind, AuthKind::presigned);
  EXPECT_EQ(check(sent, s3_rules_)->payload, PayloadMode::unsigned_payload);
  expect_problem(AuthProblem::presigned_expired, sent, s3_rules_, kNow + seconds(61));
  expect_problem(AuthProblem::not_yet, sent, s3_rules_, kNow - std::chrono::minutes(16));
  using enum AuthProblem;
  expect_problem(expires_too_long, presigned_by(s3(), {}, seconds(604801)), s3_rules_);
  EXPECT_TRUE(check(presigned_by(s3(), {}, seconds(604800)), s3_rules_));
  expect_problem(expires_negative, presigned_by(s3(), {}, seconds(-1)), s3_rules_);
}

TEST_F(Verify, RefusesMalformedPresignedUrls) {
  const Sent good = presigned_by(s3(), {.path = "/b/k"}, seconds(60));
  const auto with = [&good](std::string_view from, std::string_view to) {
    Sent sent = good;
    const size_t at = sent.query.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    sent.query.replace(at, from.size(), to);
    return sent;
  };
  using enum AuthProblem;
  expect_problem(query_incomplete, with("X-Amz-Date=", "X-Amz-Bate="), s3_rules_);
  expect_problem(query_incomplete, with("X-Amz-Expires=", "X-Amz-Other="), s3_rules_);
  expect_problem(query_date_malformed, with("X-Amz-Date=2", "X-Amz-Date=x"), s3_rules_);
  expect_problem(expires_not_number, with("Expires=60", "Expires=6o"), s3_rules_);
  expect_problem(expires_too_long, with("Expires=60", "Expires=99999999999999999999"), s3_rules_);
  expect_problem(query_malformed, with("HMAC", "HMAX"), s3_rules_);
  expect_problem(query_malformed, with("X-Amz-Expires=60", "X-Amz-Expires=60&X-Amz-Expires=61"),
                 s3_rules_);
  expect_problem(query_credential_malformed, with("%2Faws4_request", ""), s3_rules_);
  expect_problem(uri_malformed, with("%2Faws4_request", "%2"), s3_rules_);
  Sent both = good;
  both.headers.emplace_back("Authorization", "AWS4-HMAC-SHA256 Credential=x");
  expect_problem(two_mechanisms, both, s3_rules_);
  Sent many = good;
  for (int i = 0; i < 1001; ++i) many.query += "&a=b";
  expect_problem(uri_malformed, many, s3_rules_);
}

TEST_F(Verify, RequestsWithoutAHashNeedTheirBody) {
  const Sent sent = signed_by(sts(), {});
  const auto views = sent.views();
  EXPECT_TRUE(needs_body({"GET", "/", "", views}, sts_rules_));
  EXPECT_FALSE(needs_body({"GET", "/", "", views}, s3_rules_));
  const Sent hashed = signed_by(sts(), s3_request());
  const auto hashed_views = hashed.views();
  EXPECT_FALSE(needs_body({"GET", "/", "", hashed_views}, sts_rules_));
}

TEST_F(Verify, PeeksAtTheScopeForRouting) {
  const Sent header = signed_by(sts(), {});
  const auto views = header.views();
  EXPECT_EQ(peek_scope({"GET", "/", "", views})->service, "sts");
  const Sent presigned = presigned_by(s3(), {}, seconds(60));
  const auto presigned_views = presigned.views();
  EXPECT_EQ(peek_scope({"GET", "/", presigned.query, presigned_views})->service, "s3");
  EXPECT_FALSE(peek_scope({"GET", "/", "", {}}));
}

TEST(SigningKeys, IsBoundedAndHoldsForOneSecret) {
  SigningKeys keys(2);
  const CredentialScope scope{"20150830", "us-east-1", "iam"};
  // IAM User Guide, "Derive a signing key".
  EXPECT_EQ(to_hex(keys.get("a", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", scope)),
            "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9");
  const Bytes first = keys.get("a", "one", scope);
  EXPECT_NE(keys.get("a", "two", scope), first);
  EXPECT_EQ(keys.get("a", "one", scope), first);
  EXPECT_EQ(keys.size(), 1U);
  for (int i = 0; i < 10; ++i) keys.get(std::to_string(i), "one", scope);
  EXPECT_EQ(keys.size(), 2U);
}

}  // namespace
}  // namespace millrace::auth
