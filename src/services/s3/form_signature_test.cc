#include "services/s3/form_signature.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/hash.h"
#include "wire/auth/sigv4.h"

namespace millrace::s3 {
namespace {

constexpr Time kNow{seconds(1'800'000'000)};

class OneKey final : public auth::KeyStore {
 public:
  auth::AccessKey key{.id = "AKIA", .secret = "secret", .account = "000000000000"};
  Result<std::optional<auth::AccessKey>> find(std::string_view id) override {
    return id == key.id ? std::optional(key) : std::nullopt;
  }
};

FormParser form_of(const std::vector<std::pair<std::string, std::string>>& fields) {
  std::string body;
  for (const auto& [name, value] : fields) {
    body += fmt::format("--B\r\nContent-Disposition: form-data; name=\"{}\"\r\n\r\n{}\r\n", name,
                        value);
  }
  body += "--B\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\n\r\n--B--";
  FormParser form("B");
  Bytes file;
  EXPECT_TRUE(form.feed(body, file));
  return form;
}

std::vector<std::pair<std::string, std::string>> signed_fields(const std::string& policy) {
  auth::CredentialScope scope;
  scope.date = "20270115";
  scope.region = "us-east-1";
  scope.service = "s3";
  return {{"policy", policy},
          {"x-amz-algorithm", "AWS4-HMAC-SHA256"},
          {"x-amz-credential", "AKIA/20270115/us-east-1/s3/aws4_request"},
          {"x-amz-date", "20270115T080000Z"},
          {"X-Amz-Signature", auth::sign(auth::derive_signing_key("secret", scope), policy)}};
}

std::string code(const Result<FormSigner>& result) {
  return result ? result->key.account + " " + result->region : result.error().code;
}

TEST(FormSignatureTest, HmacSha1IsThatOfRfc2202) {
  EXPECT_EQ(to_hex(hmac_sha1_of(Bytes(20, '\x0b'), "Hi There")),
            "b617318655057264e28bc0b6fb378c8ef146be00");
  EXPECT_EQ(to_hex(hmac_sha1_of(Bytes(80, '\xaa'),
                                "Test Using Larger Than Block-Size Key - Hash Key First")),
            "aa4ae5e15272d00e95705637ce8a3b55ed402112");
}

TEST(FormSignatureTest, TheSignerOfThePolicyIsKnown) {
  OneKey keys;
  const auto good = signed_fields("cG9saWN5");
  EXPECT_EQ(code(verify_form(form_of(good), keys, kNow)), "000000000000 us-east-1");
  EXPECT_TRUE(verify_form(form_of(good), keys, kNow)->key.secret.empty());
  auto changed = good;
  changed[0].second = "cG9saWN6";
  EXPECT_EQ(code(verify_form(form_of(changed), keys, kNow)), "SignatureDoesNotMatch");
  auto other = good;
  other[2].second = "AKIB/20270115/us-east-1/s3/aws4_request";
  EXPECT_EQ(code(verify_form(form_of(other), keys, kNow)), "InvalidAccessKeyId");
  for (size_t i = 0; i < good.size(); ++i) {
    auto missing = good;
    missing.erase(missing.begin() + static_cast<long>(i));
    EXPECT_EQ(code(verify_form(form_of(missing), keys, kNow)), "InvalidArgument") << i;
  }
  for (const char* credential :
       {"", "AKIA", "AKIA/20270115/us-east-1/s3", "AKIA/20270115/us-east-1/ec2/aws4_request",
        "AKIA/20270115/us-east-1/s3/aws4_request/x"}) {
    auto bad = good;
    bad[2].second = credential;
    EXPECT_FALSE(verify_form(form_of(bad), keys, kNow)) << credential;
  }
}

TEST(FormSignatureTest, Version2SignsThePolicyToo) {
  OneKey keys;
  const std::vector<std::pair<std::string, std::string>> good = {
      {"policy", "cG9saWN5"},
      {"AWSAccessKeyId", "AKIA"},
      {"signature", to_base64(hmac_sha1_of("secret", "cG9saWN5"))}};
  EXPECT_EQ(code(verify_form(form_of(good), keys, kNow)), "000000000000 ");
  auto bad = good;
  bad[2].second = to_base64(hmac_sha1_of("secret", "other"));
  EXPECT_EQ(code(verify_form(form_of(bad), keys, kNow)), "SignatureDoesNotMatch");
  EXPECT_EQ(code(verify_form(form_of({{"key", "k"}}), keys, kNow)), "AccessDenied");
}

TEST(FormSignatureTest, ATemporaryKeyComesWithItsToken) {
  OneKey keys;
  keys.key.session_token = "token";
  keys.key.expires = kNow + seconds(1);
  auto fields = signed_fields("cG9saWN5");
  EXPECT_EQ(code(verify_form(form_of(fields), keys, kNow)), "InvalidAccessKeyId");
  fields.emplace_back("x-amz-security-token", "token");
  EXPECT_EQ(code(verify_form(form_of(fields), keys, kNow)), "000000000000 us-east-1");
  EXPECT_EQ(code(verify_form(form_of(fields), keys, kNow + seconds(1))), "ExpiredToken");
  fields.back().second = "other";
  EXPECT_EQ(code(verify_form(form_of(fields), keys, kNow)), "InvalidToken");
}

}  // namespace
}  // namespace millrace::s3
