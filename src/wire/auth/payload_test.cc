#include "wire/auth/payload.h"

#include <gtest/gtest.h>

#include "runtime/loop.h"

namespace millrace::auth {
namespace {

constexpr std::string_view kCheck = "123456789";

TEST(Checksum, MatchesThePublishedCheckValues) {
  const std::pair<ChecksumKind, std::string_view> cases[] = {
      {ChecksumKind::crc32, "cbf43926"},
      {ChecksumKind::crc32c, "e3069283"},
      {ChecksumKind::crc64nvme, "ae8b14860a799888"},
      {ChecksumKind::sha1, "f7c3bc1d808e04732adf679965ccc34ca7ae3441"},
      {ChecksumKind::sha256, "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225"}};
  for (const auto& [kind, hex] : cases) {
    EXPECT_EQ(to_hex(checksum_of(kind, kCheck)), hex) << name_of(kind);
    Checksum pieces(kind);
    for (const char c : kCheck) pieces.update({&c, 1});
    EXPECT_EQ(to_hex(pieces.finish()), hex) << name_of(kind);
    EXPECT_EQ(parse_checksum_name(name_of(kind)), kind);
    EXPECT_EQ(parse_checksum_header(header_of(kind)), kind);
    EXPECT_EQ(parse_checksum(kind, to_base64(checksum_of(kind, kCheck))),
              checksum_of(kind, kCheck));
    EXPECT_FALSE(parse_checksum(kind, "AAA="));
    EXPECT_FALSE(parse_checksum(kind, "!"));
  }
  EXPECT_FALSE(parse_checksum_name("MD5"));
}

Result<Bytes> read_checked(const PayloadChecks& checks, Bytes body) {
  const auto source = http::make_pieces_body(std::move(body), 3);
  PayloadVerifier verifier(*source, checks);
  runtime::Loop loop;
  auto result = runtime::run_task_for<Bytes>(loop, http::read_all(verifier, 1000));
  auto again = runtime::run_task_for<Bytes>(loop, http::read_all(verifier, 1000));
  EXPECT_EQ(again.has_value(), result.has_value());
  return result;
}

std::string code_of(const PayloadChecks& checks, Bytes body) {
  const auto result = read_checked(checks, std::move(body));
  return result ? "" : result.error().code;
}

TEST(PayloadVerifier, ComparesALiteralSha256) {
  PayloadChecks checks{.sha256_hex = to_hex(sha256(kCheck))};
  EXPECT_EQ(code_of(checks, Bytes(kCheck)), "");
  const auto result = read_checked(checks, "12345678");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, "XAmzContentSHA256Mismatch");
  EXPECT_EQ(result.error().http_status, 400);
  ASSERT_EQ(result.error().details.size(), 2U);
  EXPECT_EQ(result.error().details[1].second, to_hex(sha256("12345678")));
}

TEST(PayloadVerifier, ComparesMd5AndChecksums) {
  PayloadChecks checks;
  checks.content_md5 = md5(kCheck);
  for (const ChecksumKind kind : kChecksumKinds) {
    checks.checksums.emplace_back(kind, checksum_of(kind, kCheck));
  }
  EXPECT_EQ(code_of(checks, Bytes(kCheck)), "");
  EXPECT_EQ(code_of(checks, "12345678"), "BadDigest");
  for (size_t i = 0; i < kChecksumKinds.size(); ++i) {
    PayloadChecks wrong = checks;
    wrong.checksums[i].second[0] ^= 1;
    const auto result = read_checked(wrong, Bytes(kCheck));
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().message, "The " + std::string(name_of(kChecksumKinds[i])) +
                                          " you specified did not match the calculated checksum.");
  }
}

TEST(PayloadVerifier, AnnouncedTrailersMustCome) {
  PayloadChecks checks;
  checks.trailing = {ChecksumKind::crc32};
  EXPECT_EQ(code_of(checks, Bytes(kCheck)), "MalformedTrailerError");
}

TEST(PayloadVerifier, ComputesWhatTheServiceKeeps) {
  PayloadChecks checks;
  checks.computed = {ChecksumKind::crc64nvme};
  checks.md5_computed = true;
  const auto source = http::make_bytes_body(Bytes(kCheck));
  PayloadVerifier verifier(*source, checks);
  runtime::Loop loop;
  ASSERT_TRUE(runtime::run_task_for<Bytes>(loop, http::read_all(verifier, 100)));
  EXPECT_EQ(to_hex(verifier.md5()), "25f9e794323b453885f5181f1b624d0b");
  ASSERT_EQ(verifier.checksums().size(), 1U);
  EXPECT_EQ(to_hex(verifier.checksums()[0].second), "ae8b14860a799888");
}

TEST(PayloadChecks, AreReadFromTheHeaders) {
  Verified verified;
  verified.payload = PayloadMode::literal;
  verified.payload_sha256 = to_hex(sha256(kCheck));
  const std::string digest = to_base64(md5(kCheck));
  const std::vector<HeaderView> headers = {{"Content-MD5", digest},
                                           {"x-amz-checksum-crc32", "y/Q5Jg=="}};
  const auto checks = payload_checks({"PUT", "/", "", headers}, verified);
  ASSERT_TRUE(checks);
  EXPECT_EQ(code_of(*checks, Bytes(kCheck)), "");
  const std::vector<HeaderView> bad_md5 = {{"Content-MD5", "abc"}};
  EXPECT_EQ(payload_checks({"PUT", "/", "", bad_md5}, verified).error().problem,
            AuthProblem::content_md5_malformed);
  const std::vector<HeaderView> bad_crc = {{"x-amz-checksum-crc32", "abcd"}};
  EXPECT_EQ(payload_checks({"PUT", "/", "", bad_crc}, verified).error().problem,
            AuthProblem::checksum_malformed);
}

}  // namespace
}  // namespace millrace::auth
