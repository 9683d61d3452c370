#include "services/s3/logging/access_note.h"

#include <algorithm>

#include "runtime/clock.h"
#include "wire/auth/authorization.h"

namespace millrace::s3 {
namespace {

std::string_view header_of(const http::Response& response, std::string_view name) {
  const std::string* const value = response.headers.find(name);
  return value != nullptr ? std::string_view(*value) : std::string_view();
}

std::optional<uint64_t> length_of(const http::Body& body) {
  if (const auto* bytes = std::get_if<Bytes>(&body)) return bytes->size();
  if (const auto* stream = std::get_if<http::StreamBody>(&body)) {
    return stream->reader->content_length();
  }
  return std::get<http::FileBody>(body).length;
}

// <Code> of an error's document, or a website's header.
std::string error_code(const http::Response& response) {
  if (response.status < 400) return {};
  const std::string_view named = header_of(response, "x-amz-error-code");
  if (!named.empty()) return std::string(named);
  const auto* const body = std::get_if<Bytes>(&response.body);
  if (body == nullptr) return {};
  constexpr std::string_view kOpen = "<Code>";
  const size_t begin = body->find(kOpen);
  const size_t end = body->find("</Code>");
  if (begin == Bytes::npos || end == Bytes::npos || end < begin + kOpen.size()) return {};
  return body->substr(begin + kOpen.size(), end - begin - kOpen.size());
}

struct Signer {
  std::string requester;
  std::string_view signature, authentication;
};

Signer signer_of(const S3& s3, const http::Request& request, std::string_view error) {
  Signer out;
  const auto header = request.headers.find("authorization");
  const bool in_query = request.query.find("Signature=") != std::string_view::npos;
  if (!header && !in_query) return out;
  out.authentication = header ? "AuthHeader" : "QueryString";
  const bool old = header ? header->starts_with("AWS ")
                          : request.query.find("X-Amz-Signature=") == std::string_view::npos;
  out.signature = old ? "SigV2" : "SigV4";
  if (old || error == "SignatureDoesNotMatch" || error == "InvalidAccessKeyId") return out;
  const auth::Claim claimed = auth::parse_authorization(auth::view_of(request));
  if (!claimed || claimed->access_key_id.empty()) return out;
  const auto key = s3.keys.find(claimed->access_key_id);
  if (!key || !*key) return out;
  out.requester = (*key)->root ? owner_id((*key)->account) : (*key)->principal_arn;
  return out;
}

// Of the object, as far as the exchange tells it.
std::string object_size(const http::Request& request, const http::Response& response,
                        const AccessNote& note) {
  if (note.key.empty() || response.status >= 400) return {};
  if (request.method == "PUT") {
    const auto length = request.body.content_length();
    return length && *length != 0 ? std::to_string(*length) : "";
  }
  if (request.method != "GET" && request.method != "HEAD") return {};
  const std::string_view range = header_of(response, "Content-Range");
  const size_t slash = range.find('/');
  if (slash != std::string_view::npos) return std::string(range.substr(slash + 1));
  if (request.method == "HEAD") return std::string(header_of(response, "Content-Length"));
  const auto length = length_of(response.body);
  return length ? std::to_string(*length) : "";
}

}  // namespace

std::string access_line_of(const S3& s3, const http::Request& request,
                           const http::Response& response, const AccessNote& note) {
  const Result<objects::Bucket> bucket = s3.objects.bucket(note.bucket);
  if (!bucket) return {};
  const std::string owner = owner_id(bucket->owner);
  const std::string error = error_code(response);
  const Signer signer = signer_of(s3, request, error);
  const auto sent = request.method == "HEAD" ? std::nullopt : length_of(response.body);
  const std::string bytes_sent = sent && *sent != 0 ? std::to_string(*sent) : "";
  const std::string size = object_size(request, response, note);
  const std::string operation =
      access_operation({.method = request.method,
                        .query = request.query,
                        .object = !note.key.empty(),
                        .copies = request.headers.find("x-amz-copy-source").has_value(),
                        .website = note.website});
  AccessLine line;
  line.owner = owner;
  line.bucket = note.bucket;
  line.time = note.began;
  line.remote = request.remote.substr(0, request.remote.rfind(':'));
  line.requester = signer.requester;
  line.request_id = header_of(response, "x-amz-request-id");
  line.operation = operation;
  line.key = note.key;
  line.method = request.method;
  line.target = request.target;
  line.version_minor = request.version_minor;
  line.status = response.status;
  line.error_code = error;
  line.bytes_sent = bytes_sent;
  line.object_size = size;
  line.taken = std::max(milliseconds(0),
                        std::chrono::duration_cast<milliseconds>(s3.clock.now() - note.began));
  line.referer = request.headers.find("referer").value_or("");
  line.agent = request.headers.find("user-agent").value_or("");
  line.version_id = header_of(response, "x-amz-version-id");
  line.host_id = header_of(response, "x-amz-id-2");
  line.signature = signer.signature;
  line.authentication = signer.authentication;
  line.host = request.host;
  return write_access_line(line);
}

}  // namespace millrace::s3
