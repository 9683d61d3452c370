// Who may reach which bucket, and what names and keys may be.
#include <fmt/format.h>

#include <algorithm>

#include "base/hash.h"
#include "services/s3/s3.h"

namespace millrace::s3 {
namespace {

constexpr size_t kNameMin = 3;
constexpr size_t kNameMax = 63;

bool is_lower_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

// AWS: whom a request expects to own the bucket is an account. See head_bucket.test.
Result<void> check_expected_owner(std::string_view account) {
  constexpr size_t kAccountDigits = 12;
  if (account.empty() || (account.size() == kAccountDigits &&
                          account.find_first_not_of("0123456789") == std::string_view::npos)) {
    return {};
  }
  return fail({ErrorKind::invalid,
               fmt::format("The value of the expected bucket owner parameter must be an AWS "
                           "Account ID... [{}]",
                           account),
               "InvalidBucketOwnerAWSAccountID", 400});
}

bool looks_like_address(std::string_view name) {
  return std::ranges::count(name, '.') == 3 &&
         name.find_first_not_of("0123456789.") == std::string_view::npos;
}

// AWS: `..` may not lead above the first folder; see put_object.test.
bool climbs_out(std::string_view key) {
  int depth = 0;
  while (true) {
    const size_t slash = key.find('/');
    const std::string_view name = key.substr(0, slash);
    if (name == "..") {
      if (--depth < 0) return true;
    } else if (!name.empty() && name != ".") {
      ++depth;
    }
    if (slash == std::string_view::npos) return false;
    key.remove_prefix(slash + 1);
  }
}

}  // namespace

bool is_bucket_name(std::string_view name) {
  if (name.size() < kNameMin || name.size() > kNameMax) return false;
  const bool letters = std::ranges::all_of(
      name, [](char c) { return is_lower_or_digit(c) || c == '.' || c == '-'; });
  if (!letters || !is_lower_or_digit(name.front()) || !is_lower_or_digit(name.back())) return false;
  if (name.find("..") != std::string_view::npos || looks_like_address(name)) return false;
  for (const std::string_view prefix : {"xn--", "sthree-", "amzn-s3-demo-"}) {
    if (name.starts_with(prefix)) return false;
  }
  for (const std::string_view suffix : {"-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"}) {
    if (name.ends_with(suffix)) return false;
  }
  return true;
}

Result<objects::Bucket> find_bucket(const S3& s3, const wire::Call& call, std::string_view name,
                                    std::string_view expected_owner) {
  TRY(check_expected_owner(expected_owner));
  Result<objects::Bucket> bucket = s3.objects.bucket(name);
  if (!bucket && bucket.error().kind == ErrorKind::not_found) {
    const Problem why =
        is_bucket_name(name) ? Problem::no_such_bucket : Problem::invalid_bucket_name;
    return fail(problem(why, {{"BucketName", std::string(name)}}));
  }
  if (!bucket) return bucket;
  const bool expected = expected_owner.empty() || expected_owner == bucket->owner;
  if ((!call.authorized && bucket->owner != call.principal.account) || !expected) {
    return fail(problem(Problem::access_denied));
  }
  return bucket;
}

Result<objects::Bucket> open_bucket(const S3& s3, const wire::Call& call, std::string_view name,
                                    std::string_view expected_owner) {
  TRY(objects::Bucket bucket, find_bucket(s3, call, name, expected_owner));
  // AWS: clients read the region from here and sign for it. See tests/conformance/hostile_test.py.
  if (!call.any_region && bucket.region != call.realm.region) {
    return fail({ErrorKind::invalid,
                 fmt::format("The authorization header is malformed; the region '{}' is wrong; "
                             "expecting '{}'",
                             call.realm.region, bucket.region),
                 "AuthorizationHeaderMalformed",
                 400,
                 {{"Region", bucket.region}}});
  }
  return bucket;
}

Result<void> check_key(const S3& s3, std::string_view key) {
  const size_t size_max = s3.objects.limits().key_bytes_max;
  if (key.size() > size_max) {
    return fail(problem(Problem::key_too_long, {{"Size", std::to_string(key.size())},
                                                {"MaxSizeAllowed", std::to_string(size_max)}}));
  }
  if (!key.empty() && is_utf8(key) && !climbs_out(key)) return {};
  return fail(problem(Problem::invalid_uri, {{"URI", std::string(is_utf8(key) ? key : "")}}));
}

Result<objects::ObjectId> open_key(const S3& s3, const wire::Call& call, std::string_view bucket,
                                   std::string_view key, std::string_view expected_owner) {
  TRY(check_key(s3, key));
  TRY(open_bucket(s3, call, bucket, expected_owner));
  return objects::ObjectId{std::string(bucket), std::string(key)};
}

std::string owner_id(std::string_view account) {
  return to_hex(sha256(fmt::format("canonical user of account {}", account)));
}

Error translate(const S3& s3, const objects::ObjectId& id, Error error) {
  if (!error.code.empty()) return error;
  if (error.kind == ErrorKind::precondition_failed) return problem(Problem::precondition_failed);
  if (error.kind == ErrorKind::invalid) {
    return problem(Problem::invalid_argument, {}, error.message);
  }
  if (error.kind != ErrorKind::not_found) return error;
  if (!s3.objects.bucket(id.bucket)) {
    return problem(Problem::no_such_bucket, {{"BucketName", id.bucket}});
  }
  return problem(Problem::no_such_key, {{"Key", id.key}});
}

objects::Cause cause_of(const wire::Call& call, std::string_view operation) {
  objects::Cause cause;
  cause.operation = operation;
  cause.requester = call.principal.account;
  cause.request_id = call.request_id;
  if (call.http != nullptr) {
    cause.remote = call.http->remote.substr(0, call.http->remote.rfind(':'));
  }
  return cause;
}

std::string quoted_etag(std::string_view etag) {
  std::string out;
  out.reserve(etag.size() + 2);
  out.append("\"").append(etag).append("\"");
  return out;
}

std::string bare_etag(std::string_view etag) {
  if (etag.starts_with("W/")) etag.remove_prefix(2);
  if (etag.size() >= 2 && etag.starts_with('"') && etag.ends_with('"')) {
    etag = etag.substr(1, etag.size() - 2);
  }
  return std::string(etag);
}

}  // namespace millrace::s3
