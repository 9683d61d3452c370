#include "bench/requests.h"

#include <fmt/format.h>

#include "base/hash.h"
#include "wire/auth/sign.h"

namespace millrace::bench {
namespace {

constexpr unsigned kVariantsMax = 1'000'000;

std::string target_of(const RequestPlan& plan, unsigned n) {
  std::string target = plan.target;
  if (const size_t at = target.find("{n}"); at != std::string::npos) {
    target.replace(at, 3, fmt::format("{:06}", n));
  }
  return target;
}

auth::Signer signer_of(const RequestPlan& plan, const Credentials& credentials) {
  if (plan.service == "s3") {
    return auth::s3_signer(credentials.access_key_id, credentials.secret, credentials.region);
  }
  return {.access_key_id = credentials.access_key_id,
          .secret = credentials.secret,
          .region = credentials.region,
          .service = plan.service};
}

Result<std::vector<http::HeaderView>> parse_headers(const RequestPlan& plan) {
  std::vector<http::HeaderView> headers{{"Host", plan.host}};
  for (const std::string& line : plan.headers) {
    const size_t colon = line.find(':');
    if (colon == std::string::npos) return fail(ErrorKind::invalid, "no header: " + line);
    const size_t value = std::min(line.find_first_not_of(' ', colon + 1), line.size());
    headers.push_back(
        {std::string_view(line).substr(0, colon), std::string_view(line).substr(value)});
  }
  return headers;
}

std::string head_of(const RequestPlan& plan, std::string_view target,
                    std::span<const http::HeaderView> headers) {
  std::string head = fmt::format("{} {} HTTP/1.1\r\n", plan.method, target);
  for (const http::HeaderView& header : headers) {
    head.append(header.name).append(": ").append(header.value).append("\r\n");
  }
  // What SDKs send beside it, unsigned.
  head += "User-Agent: Boto3/1.26.27 Python/3.11.2 Linux/6.1.0 Botocore/1.29.27\r\n";
  head += "Accept-Encoding: identity\r\n";
  if (plan.method != "GET" || !plan.body.empty()) {
    head += fmt::format("Content-Length: {}\r\n", plan.body.size());
  }
  return head.append("\r\n");
}

}  // namespace

Result<std::vector<std::string>> signed_heads(const RequestPlan& plan,
                                              const Credentials& credentials, Time now) {
  if (plan.variants == 0 || plan.variants > kVariantsMax) {
    return fail(ErrorKind::invalid, "variants: 1 to 1,000,000");
  }
  TRY(std::vector<http::HeaderView> headers, parse_headers(plan));
  const std::string hash =
      plan.unsigned_payload ? std::string(auth::kUnsignedPayload) : to_hex(sha256(plan.body));
  // AWS: S3 wants the hash as a header; the other services compute it from the body.
  if (plan.service == "s3") headers.push_back({"x-amz-content-sha256", hash});
  const auth::Signer signer = signer_of(plan, credentials);
  std::vector<std::string> heads;
  heads.reserve(plan.variants);
  for (unsigned n = 0; n < plan.variants; ++n) {
    const std::string target = target_of(plan, n);
    std::vector<http::HeaderView> all = headers;
    auth::HeaderSignature made;
    if (!plan.service.empty()) {
      const size_t mark = std::min(target.find('?'), target.size());
      const std::string_view view = target;
      const auth::RequestView request{plan.method, view.substr(0, mark),
                                      view.substr(std::min(mark + 1, view.size())), headers};
      made = auth::sign_header(signer, request, hash, now);
      for (const auto& [name, value] : made.headers) all.push_back({name, value});
    }
    heads.push_back(head_of(plan, target, all));
  }
  return heads;
}

}  // namespace millrace::bench
