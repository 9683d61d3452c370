#include "services/s3/browser/front.h"

#include <algorithm>

#include "base/uri.h"
#include "runtime/clock.h"
#include "runtime/log.h"
#include "services/s3/browser/post_object.h"
#include "services/s3/browser/preflight.h"
#include "services/s3/configurations.h"
#include "services/s3/cors.h"
#include "services/s3/logging/access_logs.h"
#include "services/s3/website/site.h"
#include "wire/auth/authorization.h"
#include "wire/pipeline/dispatcher.h"
#include "wire/protocols/codec.h"

namespace millrace::s3 {
namespace {

// An error in the words of S3's protocol.
http::Response encode(Error error, std::string_view request_id) {
  wire::complete(error, wire::Protocol::rest_xml);
  wire::ResponseParts parts =
      wire::encode_error(wire::Protocol::rest_xml, tables::kService, nullptr, error, request_id);
  http::Response out{.status = parts.status, .headers = {}, .body = std::move(parts.body)};
  for (auto& [name, value] : parts.headers) out.headers.add(std::move(name), std::move(value));
  return out;
}

void log_request(std::string_view what, const http::Response& response,
                 const std::string& request_id) {
  runtime::log(response.status >= 500 ? runtime::LogLevel::error : runtime::LogLevel::info,
               "request",
               {{"service", "s3"},
                {"operation", std::string(what)},
                {"status", std::to_string(response.status)},
                {"request_id", request_id}});
}

}  // namespace

RequestPlace place_of(const http::Request& request) {
  std::string_view path = request.path;
  if (path.starts_with('/')) path.remove_prefix(1);
  RequestPlace out;
  out.bucket = wire::virtual_host_bucket(request.host);
  if (out.bucket.empty()) {
    const size_t slash = path.find('/');
    out.bucket = uri_decode(path.substr(0, slash)).value_or("");
    path.remove_prefix(slash == std::string_view::npos ? path.size() : slash + 1);
  }
  out.key = form_decode(path).value_or("");
  return out;
}

bool is_for_s3(const http::Request& request) {
  if (request.path.starts_with("/_millrace/")) return false;
  if (const auto scope = auth::peek_scope(auth::view_of(request))) return scope->service == "s3";
  if (request.headers.find("x-amz-target")) return false;
  const std::string_view type = request.headers.find("content-type").value_or("");
  return !type.starts_with("application/x-www-form-urlencoded");
}

Task<http::Response> Front::answer(http::Request& request, RequestPlace place) {
  const bool preflight = request.method == "OPTIONS";
  const bool upload = is_form_upload(request) && place.key.empty();
  if (!preflight && !upload) co_return co_await world_.inside.handle(request);
  const std::string request_id = world_.random.hex(16);
  Result<http::Response> made = fail(ErrorKind::internal, "");
  if (preflight) {
    made = answer_preflight(world_.s3, request, place);
  } else {
    const wire::Directory::Entry* const own = world_.directory.find_by_name("s3");
    ASSERT(own != nullptr);
    FormUpload form{&request, place.bucket, request_id, &own->bound};
    made = co_await post_object(world_.s3, std::move(form));
  }
  http::Response out = made ? std::move(*made) : encode(std::move(made).error(), request_id);
  if (made) out.headers.set("x-amz-request-id", request_id);
  log_request(preflight ? "Preflight" : "PostObject", out, request_id);
  co_return out;
}

void Front::add_cors(const http::Request& request, const RequestPlace& place,
                     http::Response& response) const {
  CorsRequest asked;
  asked.origin = request.headers.find("origin").value_or("");
  asked.method = request.method;
  asked.headers = request.headers.find("access-control-request-headers").value_or("");
  if (asked.origin.empty()) return;
  Arena arena;
  const ConfigurationId id{place.bucket, configuration::kCors};
  const auto rules = find_configuration<api::CORSConfiguration>(world_.s3, id, arena);
  // Without its rules an answer is one that the browser keeps from the page.
  if (!rules || !*rules) return;
  const api::CORSRule rule = find_cors_rule(*rules, asked);
  if (!rule) return;
  add_cors_headers(rule, asked, response.headers);
  response.headers.add("Vary",
                       "Origin, Access-Control-Request-Headers, Access-Control-Request-Method");
}

Task<http::Response> Front::visit(http::Request& request, std::string bucket) {
  const std::string request_id = world_.random.hex(16);
  SiteRequest visit{&request, std::move(bucket), request_id};
  CO_TRY(http::Response out, co_await answer_site(world_.s3, world_.inside, std::move(visit)));
  log_request("Website", out, request_id);
  co_return out;
}

Task<http::Response> Front::answer_logged(http::Request& request, AccessNote note) {
  CO_TRY(http::Response out, co_await route(request));
  std::string line = access_line_of(world_.s3, request, out, note);
  if (!line.empty()) {
    CO_TRY(co_await world_.s3.access_logs.note(std::move(note.bucket), std::move(line)));
  }
  co_return out;
}

Task<http::Response> Front::handle(http::Request& request) {
  const AccessLogs& logs = world_.s3.access_logs;
  if (!logs.watches_any()) return route(request);
  AccessNote note;
  note.bucket = site_bucket(request.host);
  note.website = !note.bucket.empty();
  RequestPlace place = place_of(request);
  note.key = std::move(place.key);
  if (note.website) {
    note.key =
        uri_decode(request.path.substr(std::min<size_t>(1, request.path.size()))).value_or("");
  } else if (is_for_s3(request)) {
    note.bucket = std::move(place.bucket);
  }
  if (note.bucket.empty() || !logs.watches(note.bucket)) return route(request);
  note.began = world_.s3.clock.now();
  return answer_logged(request, std::move(note));
}

// Most requests are none of a browser's, and go on as they are.
Task<http::Response> Front::route(http::Request& request) {
  const std::string_view site = site_bucket(request.host);
  if (!site.empty()) return visit(request, std::string(site));
  const bool browser =
      request.headers.find("origin") || request.method == "OPTIONS" || is_form_upload(request);
  if (!browser || !is_for_s3(request)) return world_.inside.handle(request);
  RequestPlace place = place_of(request);
  if (place.bucket.empty()) return world_.inside.handle(request);
  return answer_browser(request, std::move(place));
}

Task<http::Response> Front::answer_browser(http::Request& request, RequestPlace place) {
  CO_TRY(http::Response out, co_await answer(request, place));
  if (request.method != "OPTIONS") add_cors(request, place, out);
  co_return out;
}

}  // namespace millrace::s3
