#include "wire/pipeline/pipeline.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/uri.h"
#include "runtime/log.h"
#include "runtime/machine_time.h"
#include "runtime/team.h"
#include "wire/auth/payload.h"
#include "wire/model/errors.h"

namespace millrace::wire {
namespace {

using auth::AuthFailure;
using auth::AuthProblem;
using auth::ErrorFamily;

// What answers where no service of ours is meant.
constexpr Protocol kUnknownProtocols[] = {Protocol::rest_json};
constexpr Service kUnknownService{.name = "unknown", .protocols = kUnknownProtocols};

ErrorFamily family_of(Protocol protocol) {
  switch (protocol) {
    case Protocol::rest_xml:
      return ErrorFamily::s3;
    case Protocol::query:
      return ErrorFamily::query;
    case Protocol::rest_json:
      return ErrorFamily::rest_json;
    default:
      return ErrorFamily::json;
  }
}

bool streams(const Operation& operation) {
  if (operation.input == nullptr || operation.input->payload < 0) return false;
  return operation.input->members[static_cast<size_t>(operation.input->payload)].shape->streaming;
}

// Whether a header says something of the body that payload_checks() would compare.
bool describes_body(const auth::RequestView& request) {
  return std::ranges::any_of(request.headers, [](const HeaderView& header) {
    constexpr std::string_view kChecksum = "x-amz-checksum-";
    const std::string_view name = header.name;
    return http::equal_ignoring_case(name, "content-md5") ||
           http::equal_ignoring_case(name, "expect") ||
           http::equal_ignoring_case(name.substr(0, kChecksum.size()), kChecksum);
  });
}

// AWS: who completes an upload says the checksum of the object, not of the document that lists its
// parts. See complete_multipart_upload.test.
auth::ChecksumsOf checksums_of(const Operation& operation) {
  if (operation.input == nullptr || streams(operation)) return auth::ChecksumsOf::body;
  const bool named = std::ranges::any_of(operation.input->members, [](const Member& member) {
    return member.location == Location::header && member.wire_name == "x-amz-checksum-crc32";
  });
  return named ? auth::ChecksumsOf::object : auth::ChecksumsOf::body;
}

bool has_blob_payload(const Operation& operation) {
  if (operation.input == nullptr || operation.input->payload < 0) return false;
  return operation.input->members[static_cast<size_t>(operation.input->payload)].shape->kind ==
         Kind::blob;
}

Principal principal_of(const auth::AccessKey& key) {
  return {.account = key.account,
          .arn = key.principal_arn,
          .user_id = key.user_id,
          .access_key_id = key.id,
          .root = key.root};
}

}  // namespace

// One request on its way through the stages.
struct Pipeline::Exchange {
  explicit Exchange(http::Request& r) : request(r), call(arena) {}

  http::Request& request;
  Arena arena;
  Call call;
  std::vector<HeaderView> headers;  // As sent, and behind them what is lifted.
  size_t sent_headers = 0;          // How many of them were sent.
  auth::Claim claim;
  QueryParameters lifted;   // Headers that stand in the query of a presigned URL.
  std::string routed_path;  // With the bucket of a virtual host in front, without plus signs.
  RequestParts parts;
  Identity identity;
  std::string scope_service;
  const Directory::Entry* entry = nullptr;
  Protocol protocol = Protocol::rest_json;
  std::optional<RouteMatch> route;
  const Operation* operation = nullptr;
  std::string_view operation_name;
  auth::Verified verified;
  Bytes body;
  std::unique_ptr<auth::AwsChunkedReader> chunks;
  std::unique_ptr<auth::PayloadVerifier> payload;
  Value output;

  const Service& service() const {
    return entry != nullptr ? *entry->bound.model : kUnknownService;
  }
  Error problem(AuthFailure failure) const { return auth::to_error(failure, family_of(protocol)); }
  auth::RequestView view() const {
    return {request.method, request.path, request.query, std::span(headers).first(sent_headers)};
  }
};

Pipeline::Pipeline(PipelineOptions options, World world)
    : options_(std::move(options)),
      world_(world),
      md5_team_(world.digests, std::max(1U, runtime::usable_cores() / 2)) {
  world_.random.fill(request_seed_, sizeof(request_seed_));
}

// A version 4 UUID of a counter through a bijective mixer: unique in the process, unpredictable
// enough for a name, and without a system call a request.
std::string Pipeline::next_request_id() {
  const auto mix = [](uint64_t x) {
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9ULL;
    x = (x ^ x >> 27) * 0x94D049BB133111EBULL;
    return x ^ x >> 31;
  };
  const uint64_t n = sequence_.fetch_add(1, std::memory_order_relaxed);
  const uint64_t a = mix(request_seed_[0] + n * 0x9E3779B97F4A7C15ULL);
  const uint64_t b = mix(request_seed_[1] + n * 0x9E3779B97F4A7C15ULL);
  constexpr std::string_view kShape = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
  constexpr uint64_t kVersion = 0x4000;
  constexpr uint64_t kVariant = 0x8000;
  const uint64_t digits[] = {(a & ~uint64_t{0xF000}) | kVersion,
                             (b & ~(uint64_t{0xC000} << 48)) | kVariant << 48};
  std::string id(kShape);
  unsigned taken = 0;
  for (char& c : id) {
    if (c == '-') continue;
    c = "0123456789abcdef"[digits[taken / 16] >> 4 * (15 - taken % 16) & 15];
    ++taken;
  }
  return id;
}

Result<void> Pipeline::identify(Exchange& x) const {
  x.headers.assign(x.request.headers.begin(), x.request.headers.end());
  x.sent_headers = x.headers.size();
  x.parts = {x.request.method, x.request.path, x.request.query, x.headers, {}};
  x.claim = auth::parse_authorization(x.view());
  if (auto scope = auth::peek_scope(x.view(), x.claim)) {
    x.scope_service = std::move(scope->service);
  }
  x.identity = wire::identify(x.parts);
  x.entry = world_.directory.find(x.parts, x.identity, x.scope_service, x.request.host);
  // A query request names its action in the body, which nobody is there to read.
  const std::string_view* const type = x.parts.header("content-type");
  const bool form = type != nullptr && type->starts_with("application/x-www-form-urlencoded");
  const bool at_root = x.request.method == "POST" && x.request.path == "/" &&
                       virtual_host_bucket(x.request.host).empty();
  const bool by_path = x.entry == nullptr || (x.entry->routes != nullptr && at_root);
  if (by_path && form && x.scope_service.empty()) {
    // AWS: whoever asks without a signature is told that first. See iam_sts_test.py.
    x.protocol = x.identity.protocol.value_or(Protocol::query);
    return fail(x.problem({.problem = AuthProblem::missing_authentication}));
  }
  // Directory buckets, outposts and Object Lambda sign for services of their own.
  if (x.entry == nullptr && x.scope_service.starts_with("s3") && !x.identity.protocol) {
    x.entry = world_.directory.find_by_name("s3");
    x.protocol = Protocol::rest_xml;
    if (x.entry != nullptr) return fail(errors::not_implemented(x.scope_service));
  }
  if (x.entry == nullptr) {
    x.protocol = x.identity.protocol.value_or(form ? Protocol::query : Protocol::rest_json);
    return fail({ErrorKind::not_found,
                 fmt::format("Millrace has no service for this request (signed for '{}', {} {})",
                             x.scope_service, x.request.method, x.request.path),
                 "UnknownService", 404});
  }
  const Service& model = x.service();
  x.protocol = x.identity.protocol.value_or(rest_protocol(model).value_or(model.protocols.front()));
  if (x.identity.protocol && !speaks(model, x.protocol)) {
    x.protocol = model.protocols.front();
    return fail({ErrorKind::invalid,
                 fmt::format("{} does not speak the protocol of this request", model.sdk_id),
                 "UnknownOperationException", 400});
  }
  return {};
}

namespace {

// Puts the bucket of a virtual host in front of the path, and spaces where it has plus signs.
template <class Exchange>
void route_to_bucket(Exchange& x) {
  const std::string_view bucket = virtual_host_bucket(x.request.host);
  if (bucket.empty() && x.request.path.find('+') == std::string::npos) return;
  if (!bucket.empty()) x.routed_path.append("/").append(bucket);
  for (const char c : x.request.path) {
    if (c == '+') {
      x.routed_path += "%20";
    } else {
      x.routed_path += c;
    }
  }
  x.parts.path = x.routed_path;
}

// AWS: what S3 answers where nothing is done by that method. See tests/conformance/hostile_test.py.
Error no_such_method(const RequestParts& request) {
  std::string_view path = request.path;
  if (path.starts_with('/')) path.remove_prefix(1);
  const size_t slash = path.find('/');
  const bool object = slash != std::string_view::npos && slash + 1 < path.size();
  return {ErrorKind::unsupported,
          "The specified method is not allowed against this resource.",
          "MethodNotAllowed",
          405,
          {{"Method", std::string(request.method)},
           {"ResourceType", object ? "OBJECT" : (path.empty() ? "SERVICE" : "BUCKET")}}};
}

// The operation that the request names; an error that names it where it is not served.
template <class Exchange>
Result<void> choose_operation(Exchange& x) {
  const Service& model = x.service();
  if (x.entry->routes != nullptr && !x.identity.protocol) {
    if (x.protocol == Protocol::rest_xml) route_to_bucket(x);
    x.route = x.entry->routes->match(x.parts);
    if (!x.route) {
      const bool known = x.entry->routes->has_path(x.parts.path);
      if (known && x.protocol == Protocol::rest_xml) return fail(no_such_method(x.parts));
      return fail(
          {ErrorKind::unsupported,
           fmt::format("{} {} is no operation of {}", x.parts.method, x.parts.path, model.sdk_id),
           known ? "MethodNotAllowed" : "UnknownOperationException", known ? 405 : 404});
    }
    x.operation_name = x.route->name->name;
    x.operation = x.route->operation;
  } else {
    x.operation_name = x.identity.operation;
    x.operation = find_operation(model, x.operation_name);
  }
  if (x.operation != nullptr) return {};
  if (has_operation(model, x.operation_name)) {
    return fail(errors::not_implemented(fmt::format("{}:{}", model.sdk_id, x.operation_name)));
  }
  const bool query = x.protocol == Protocol::query;
  return fail({ErrorKind::unsupported,
               query ? fmt::format("Could not find operation {} for version {}", x.operation_name,
                                   model.api_version)
                     : fmt::format("{} has no operation {}", model.sdk_id, x.operation_name),
               query ? "InvalidAction" : "UnknownOperationException", query ? 400 : 404});
}

// AWS: headers of a presigned S3 request may stand in its query, and mean the same there.
// See tests/conformance/s3_presigned_v2_test.py.
template <class Exchange>
void lift_headers(Exchange& x) {
  const auto query = parse_query(x.request.query);
  if (!query) return;
  for (const auto& [name, value] : *query) {
    if (name.size() < 6 || !http::equal_ignoring_case(name.substr(0, 6), "x-amz-")) continue;
    if (x.parts.header(name) == nullptr) x.lifted.emplace_back(name, value);
  }
  for (const auto& [name, value] : x.lifted) x.headers.push_back({name, value});
  x.parts.headers = x.headers;
}

}  // namespace

Task<void> Pipeline::read_body(Exchange& x) {
  const bool blob = x.operation != nullptr && has_blob_payload(*x.operation);
  const size_t limit = blob ? options_.blob_body_bytes_max : options_.typed_body_bytes_max;
  const auto announced = x.request.body.content_length();
  const Error too_large{ErrorKind::exhausted,
                        fmt::format("The request's body is larger than {} bytes", limit),
                        x.protocol == Protocol::rest_xml ? "MaxMessageLengthExceeded"
                                                         : "RequestEntityTooLargeException",
                        413};
  if (announced && *announced > limit) co_return fail(too_large);
  http::BodyReader& reader = x.payload != nullptr ? *x.payload : x.request.body;
  Result<Bytes> body = co_await http::read_all(reader, limit);
  if (!body && body.error().kind == ErrorKind::exhausted) co_return fail(too_large);
  if (!body) co_return fail(std::move(body).error());
  x.body = std::move(*body);
  x.parts.body = x.body;
  co_return ok;
}

Task<void> Pipeline::authenticate(Exchange& x) {
  const bool s3 = x.protocol == Protocol::rest_xml;
  auth::VerifyRules rules = s3 ? auth::s3_rules() : auth::service_rules(x.service().signing_name);
  if (s3) rules.host_bucket = virtual_host_bucket(x.request.host);
  const bool body_first = auth::needs_body(x.view(), rules);
  if (body_first) {
    CO_TRY(co_await read_body(x));
    x.identity = wire::identify(x.parts);  // A query request names its operation in the body.
  }
  auto verified =
      auth::verify_claimed({x.view(), std::move(x.claim)}, rules, x.body,
                           {world_.keys, signing_keys_}, runtime::outside_time(world_.clock));
  if (!verified) co_return fail(x.problem(std::move(verified).error()));
  x.verified = std::move(*verified);
  x.call.principal = principal_of(x.verified.key);
  const std::string& region = x.verified.scope.region;
  x.call.realm = {x.verified.key.account, region.empty() ? options_.region : region};
  x.call.any_region = region.empty();
  if (s3 && x.verified.kind == auth::AuthKind::presigned) lift_headers(x);
  if (x.service().global) x.call.realm.region = "aws-global";
  const bool named_in_body = !body_first && x.protocol == Protocol::query;
  if (named_in_body) {
    CO_TRY(prepare_payload(x));
    CO_TRY(co_await read_body(x));
    x.identity = wire::identify(x.parts);
  }
  CO_TRY(choose_operation(x));
  CO_TRY(authorize(x));
  if (body_first || named_in_body || is_bare(x)) co_return ok;
  CO_TRY(prepare_payload(x));
  if (streams(*x.operation)) {
    x.call.body = x.payload.get();
    x.call.payload = x.payload.get();
    co_return ok;
  }
  co_return co_await read_body(x);
}

// Whether there is no body, none is claimed, and nobody waits for one: there is nothing to verify.
bool Pipeline::is_bare(const Exchange& x) {
  if (x.request.body.content_length() != 0 || streams(*x.operation)) return false;
  const bool nothing = x.verified.payload == auth::PayloadMode::unsigned_payload ||
                       (x.verified.payload == auth::PayloadMode::literal &&
                        x.verified.payload_sha256 == auth::kEmptySha256);
  return nothing && !describes_body(x.view());
}

// Puts what verifies the body between the socket and whoever reads it.
Result<void> Pipeline::prepare_payload(Exchange& x) {
  http::BodyReader* source = &x.request.body;
  if (auth::is_streaming(x.verified.payload)) {
    auto stream = auth::chunked_stream(x.view(), x.verified);
    if (!stream) return fail(x.problem(std::move(stream).error()));
    x.chunks = std::make_unique<auth::AwsChunkedReader>(x.request.body, std::move(*stream));
    source = x.chunks.get();
  }
  const auto checksums =
      x.operation != nullptr ? checksums_of(*x.operation) : auth::ChecksumsOf::body;
  auto checks = auth::payload_checks(x.view(), x.verified, checksums);
  if (!checks) return fail(x.problem(std::move(checks).error()));
  const bool object =
      x.protocol == Protocol::rest_xml && x.operation != nullptr && streams(*x.operation);
  if (object) auth::compute_for_object(*checks);
  x.payload = std::make_unique<auth::PayloadVerifier>(*source, std::move(*checks), x.chunks.get(),
                                                      &md5_team_);
  return {};
}

Result<void> Pipeline::authorize(const Exchange& x) const {
  if (!x.call.principal.anonymous() || x.operation->unauthenticated) return {};
  if (x.entry->bound.authorize != nullptr) return {};  // Decides when the input is decoded.
  return fail(x.problem({.problem = AuthProblem::missing_authentication}));
}

Task<void> Pipeline::serve(Exchange& x) {
  CO_TRY(identify(x));
  CO_TRY(co_await authenticate(x));
  x.call.http = &x.request;
  x.call.base_url = "http://";
  x.call.base_url += x.request.host;
  std::span<const Label> labels;
  if (x.route) labels = x.route->labels();
  CO_TRY(const Value input,
         decode_request(x.protocol, x.service(), *x.operation, x.parts, labels, x.arena));
  CO_TRY(x.output,
         co_await world_.dispatcher.run(*x.entry, *x.operation, x.protocol, x.call, input));
  co_return ok;
}

void Pipeline::log_request(const Exchange& x, int status, const std::string& code,
                           Time began) const {
  const auto level = status >= 500 ? runtime::LogLevel::error : runtime::LogLevel::info;
  if (!runtime::logs(level)) return;
  const microseconds took = world_.clock.now() - began;
  runtime::log(level, "request",
               {{"service", std::string(x.service().name)},
                {"operation", std::string(x.operation_name)},
                {"status", std::to_string(status)},
                {"code", code},
                {"account", x.call.realm.account},
                {"ms", fmt::format("{:.1f}", static_cast<double>(took.count()) / 1000.0)},
                {"request_id", x.call.request_id}});
}

Task<http::Response> Pipeline::handle(http::Request& request) {
  if (request.path.starts_with("/_millrace/")) co_return co_await world_.local.handle(request);
  const Time began = world_.clock.now();
  auto exchange = std::make_unique<Exchange>(request);
  Exchange& x = *exchange;
  x.call.request_id = next_request_id();
  Result<void> served = co_await serve(x);
  ResponseParts parts;
  if (served) {
    parts = encode_response(x.protocol, x.service(), *x.operation, x.output, x.call.request_id);
    if (x.call.response_status != 0) parts.status = x.call.response_status;
  } else {
    Error& error = served.error();
    complete(error, x.protocol);
    parts = encode_error(x.protocol, x.service(), x.operation, error, x.call.request_id);
  }
  http::Response response{.status = parts.status, .headers = {}, .body = std::move(parts.body)};
  for (auto& [name, value] : parts.headers) response.headers.add(std::move(name), std::move(value));
  for (const http::Header& header : x.call.response_headers) {
    response.headers.set(header.name, header.value);
  }
  if (served && x.call.response_body) response.body = std::move(*x.call.response_body);
  log_request(x, response.status, served ? "" : served.error().code, began);
  co_return response;
}

}  // namespace millrace::wire
