#include "app/channel_server.h"

#include <charconv>
#include <optional>

#include "base/uri.h"
#include "services/sagemaker/training/channel_data.h"

namespace millrace::app {
namespace {

std::optional<uint64_t> number_of(const QueryParameters& query, std::string_view name) {
  const std::string* const text = find_parameter(query, name);
  uint64_t value = 0;
  if (text == nullptr) return std::nullopt;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error != std::errc() || end != text->data() + text->size()) return std::nullopt;
  return value;
}

std::optional<sagemaker::DataRequest> parse_request(const http::Request& request) {
  const std::string_view path = request.path;
  const size_t slash = path.find('/', 1);
  const auto query = parse_query(request.query);
  if (request.method != "GET" || slash == std::string_view::npos || !query) return std::nullopt;
  const auto offset = number_of(*query, "offset");
  const auto size = number_of(*query, "size");
  const std::string* const bucket = find_parameter(*query, "bucket");
  const std::string* const key = find_parameter(*query, "key");
  const std::string* const etag = find_parameter(*query, "etag");
  if (!offset || !size || key == nullptr || etag == nullptr) return std::nullopt;
  return sagemaker::DataRequest{
      .tag = std::string(path.substr(1, slash - 1)),
      .token = std::string(request.headers.find("authorization").value_or("")),
      .channel = std::string(path.substr(slash + 1)),
      .bucket = bucket == nullptr ? std::string() : *bucket,
      .key = *key,
      .etag = *etag,
      .offset = *offset,
      .size = *size};
}

int status_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::denied:
      return 403;
    case ErrorKind::not_found:
      return 404;
    case ErrorKind::precondition_failed:
      return 412;
    case ErrorKind::invalid:
    case ErrorKind::unsupported:
      return 400;
    default:
      return 503;
  }
}

http::Response refusal(int status, std::string why) {
  http::Response out{.status = status, .headers = {}, .body = std::move(why)};
  out.headers.add("Content-Type", "text/plain");
  return out;
}

}  // namespace

Task<http::Response> ChannelServer::handle(http::Request& request) {
  std::optional<sagemaker::DataRequest> wanted = parse_request(request);
  if (!wanted) co_return refusal(400, "this is no request for data");
  Result<Bytes> got = co_await sagemaker::read_channel_data(sm_, std::move(*wanted));
  if (!got) co_return refusal(status_of(got.error().kind), std::move(got).error().message);
  http::Response out{.status = 200, .headers = {}, .body = std::move(*got)};
  out.headers.add("Content-Type", "application/octet-stream");
  co_return out;
}

}  // namespace millrace::app
