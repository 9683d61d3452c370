// CPU time of verify() for a small header-signed request, with a warm signing-key cache.
#include <cstdio>
#include <ctime>

#include "base/hash.h"
#include "base/result.h"
#include "wire/auth/key_fixture.h"
#include "wire/auth/sign.h"
#include "wire/auth/verify.h"

using namespace millrace;
using namespace millrace::auth;

int main() {
  const std::string body = "Action=GetCallerIdentity&Version=2011-06-15";
  const Signer signer{
      .access_key_id = "AKIAIOSFODNN7EXAMPLE", .secret = "secret", .service = "sts"};
  std::vector<HeaderView> headers = {
      {"Host", "127.0.0.1:4566"},
      {"Accept-Encoding", "identity"},
      {"User-Agent", "Boto3/1.26.27 Python/3.11.2 Linux Botocore/1.29.27"},
      {"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"},
      {"Content-Length", "43"}};
  const Time now = *parse_iso8601("2026-11-22T10:00:00Z");
  const RequestView plain{"POST", "/", "", headers};
  const HeaderSignature made = sign_header(signer, plain, to_hex(sha256(body)), now);
  for (const auto& [name, value] : made.headers) headers.push_back({name, value});
  const RequestView request{"POST", "/", "", headers};
  KeyFixture keys({{.id = signer.access_key_id, .secret = signer.secret}});
  SigningKeys signing_keys;
  const VerifyRules rules = service_rules("sts");
  constexpr int kRounds = 200'000;
  const std::clock_t start = std::clock();
  for (int i = 0; i < kRounds; ++i) {
    ASSERT(verify(request, rules, body, {keys, signing_keys}, now));
  }
  const double spent = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
  std::printf("verify %.2f us CPU a request\n", spent / kRounds * 1e6);
}
