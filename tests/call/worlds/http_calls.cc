#include "tests/call/worlds/http_calls.h"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <charconv>

#include "base/hash.h"
#include "runtime/machine_time.h"
#include "tests/call/json_text.h"
#include "wire/auth/sign.h"
#include "wire/protocols/codec.h"
#include "wire/protocols/document.h"
#include "wire/protocols/identify.h"

namespace millrace::call_tests {
namespace {

namespace json = boost::json;
using wire::Kind;

constexpr milliseconds kTimeout{60'000};

std::unexpected<Error> invalid(std::string message) {
  return fail(ErrorKind::invalid, std::move(message));
}

// A typing error in a test must not be taken for an optional member.
Result<void> check_members(const wire::Shape& shape, const json::value& value) {
  if (shape.kind == Kind::structure && value.is_object()) {
    for (const auto& member : value.get_object()) {
      const int at = wire::find_member(shape, {member.key().data(), member.key().size()});
      if (at < 0) {
        return invalid(fmt::format("{} has no member {}", shape.name, std::string(member.key())));
      }
      TRY(check_members(*shape.members[static_cast<size_t>(at)].shape, member.value()));
    }
  } else if (shape.kind == Kind::list && value.is_array()) {
    for (const json::value& item : value.get_array()) {
      TRY(check_members(*shape.members[0].shape, item));
    }
  } else if (shape.kind == Kind::map && value.is_object()) {
    for (const auto& entry : value.get_object()) {
      TRY(check_members(*shape.members[1].shape, entry.value()));
    }
  }
  return {};
}

// AWS: SDKs fill the members that make a repetition harmless. A repeated call has the same token.
Result<void> complete_input(const wire::Shape& shape, std::string& input) {
  boost::system::error_code error;
  json::value value = json::parse(input.empty() ? "{}" : input, error);
  if (error || !value.is_object()) return invalid("the input is no JSON object");
  TRY(check_members(shape, value));
  for (const wire::Member& member : shape.members) {
    const json::string_view name(member.name.data(), member.name.size());
    if (!member.idempotency_token || value.get_object().contains(name)) continue;
    value.get_object()[name] = to_hex(sha256(input).substr(0, 16));
  }
  input = json::serialize(value);
  return {};
}

auth::Signer signer_for(const wire::Service& service, const Who& who) {
  auth::Signer signer{.access_key_id = who.access_key_id,
                      .secret = who.secret,
                      .service = std::string(service.signing_name)};
  if (service.signing_name == "s3") signer = auth::s3_signer(who.access_key_id, who.secret);
  signer.session_token = who.token;
  return signer;
}

bool streams(const wire::Operation& operation) {
  const wire::Shape* const input = operation.input;
  return input != nullptr && input->payload >= 0 &&
         input->members[static_cast<size_t>(input->payload)].shape->streaming;
}

// As the SDKs send them: a typed body to S3 has its digest, which some operations insist on; a
// streamed one has no type but the one that the caller gave.
http::Headers headers_of(const TypedCall& call, const wire::OwnedRequest& encoded) {
  http::Headers headers;
  for (const auto& [name, value] : encoded.headers) headers.add(name, value);
  if (streams(*call.operation)) {
    const int type = wire::find_member(*call.operation->input, "ContentType");
    const bool given = type >= 0 && call.input.items[type].present();
    if (!given) headers.remove("Content-Type");
  } else if (call.service->signing_name == "s3" && !encoded.body.empty() &&
             headers.find("Content-MD5") == nullptr) {
    headers.add("Content-MD5", to_base64(md5(encoded.body)));
  }
  return headers;
}

SeenEvent event_of(const json::object& row) {
  const auto text = [&row](const char* name) {
    return std::string(json::value_to<std::string>(row.at(name)));
  };
  return {text("source"), text("detail_type"), json::serialize(row.at("detail"))};
}

}  // namespace

Result<TypedCall> typed_call(const Models& models, Request& request, Arena& arena) {
  const auto it = models.find(request.service);
  if (it == models.end()) return invalid("Millrace has no service " + request.service);
  TypedCall call{.service = it->second,
                 .operation = wire::find_operation(*it->second, request.operation)};
  if (call.operation == nullptr) {
    return invalid(fmt::format("{} does not serve {}", request.service, request.operation));
  }
  if (call.operation->input == nullptr) return call;
  TRY(complete_input(*call.operation->input, request.input));
  TRY(call.input, wire::parse_document(*call.operation->input, request.input, arena));
  return call;
}

Answer failure_of(const TypedCall& call, wire::Protocol protocol, const Error& error) {
  Answer answer{.status = error.http_status, .code = error.code, .message = error.message};
  if (answer.status == 0) {
    answer.status = wire::error_status(protocol, *call.service, call.operation, error);
  }
  const wire::Shape* const shape = wire::find_error(*call.service, call.operation, error.code);
  if (shape != nullptr) {
    answer.alias = error.code == shape->name ? shape->error_code : shape->name;
  }
  return answer;
}

wire::Protocol protocol_for(const wire::Service& service, std::optional<wire::Protocol> wanted) {
  for (const wire::Protocol protocol : service.protocols) {
    if (protocol == wanted) return protocol;
  }
  return service.protocols.front();
}

HttpCalls::HttpCalls(const Models& models, app::Account root, runtime::Clock& clock)
    : models_(models), root_(std::move(root)), clock_(clock) {}

Result<void> HttpCalls::connect(std::string_view url) {
  constexpr std::string_view kScheme = "http://";
  const size_t colon = url.rfind(':');
  if (!url.starts_with(kScheme) || colon <= kScheme.size()) {
    return invalid(fmt::format("'{}' is no address", url));
  }
  client_.close_idle();
  endpoint_.address = url.substr(kScheme.size(), colon - kScheme.size());
  const std::string_view port = url.substr(colon + 1);
  const auto [end, code] = std::from_chars(port.data(), port.data() + port.size(), endpoint_.port);
  if (code != std::errc() || end != port.data() + port.size()) return invalid("no port in the URL");
  return {};
}

http::ClientRequest HttpCalls::signed_request(const TypedCall& call, std::string method,
                                              std::string target, http::Headers headers, Bytes body,
                                              const Who& who) const {
  const std::string digest = to_hex(sha256(body));
  headers.set("Host", fmt::format("{}:{}", endpoint_.address, endpoint_.port));
  if (call.service->signing_name == "s3") headers.set("x-amz-content-sha256", digest);
  if (who.anonymous) {
    return {.method = std::move(method),
            .target = std::move(target),
            .headers = std::move(headers),
            .body = std::move(body),
            .timeout = kTimeout};
  }
  std::vector<auth::HeaderView> views;
  for (const http::Header& header : headers) views.push_back({header.name, header.value});
  const size_t mark = target.find('?');
  const std::string query = mark == std::string::npos ? "" : target.substr(mark + 1);
  const std::string path = target.substr(0, mark);
  const auth::HeaderSignature signature =
      auth::sign_header(signer_for(*call.service, who), {method, path, query, views}, digest,
                        runtime::outside_time(clock_));
  for (const auto& [name, value] : signature.headers) headers.set(name, value);
  return {.method = std::move(method),
          .target = std::move(target),
          .headers = std::move(headers),
          .body = std::move(body),
          .timeout = kTimeout};
}

Result<Answer> HttpCalls::call(Request request, std::optional<wire::Protocol> wanted) {
  Arena arena;
  TRY(const TypedCall call, typed_call(models_, request, arena));
  const wire::Protocol protocol = protocol_for(*call.service, wanted);
  TRY(wire::OwnedRequest encoded,
      wire::encode_request(protocol, *call.service, *call.operation, call.input));
  http::Headers headers = headers_of(call, encoded);
  std::string target = encoded.path;
  if (!encoded.query.empty()) target += "?" + encoded.query;
  Who who = request.who;
  if (who.access_key_id.empty()) {
    who.access_key_id = root_.access_key_id;
    who.secret = root_.secret_access_key;
  }
  http::ClientRequest signed_one = signed_request(call, encoded.method, std::move(target),
                                                  std::move(headers), std::move(encoded.body), who);
  TRY(http::ClientResponse response,
      runtime::run_task_for(loop_, client_.send(endpoint_, std::move(signed_one))));
  wire::ResponseParts parts{.status = response.status, .body = std::move(response.body)};
  for (const http::Header& header : response.headers) {
    parts.headers.emplace_back(header.name, header.value);
  }
  auto output = wire::decode_response(protocol, *call.service, *call.operation, parts, arena);
  if (output) {
    const wire::Shape* const shape = call.operation->output;
    const bool empty = shape == nullptr || !output->present();
    return Answer{.status = parts.status,
                  .output = empty ? "{}" : wire::write_document(*shape, *output)};
  }
  if (parts.status < 300) {
    return invalid(fmt::format("the answer cannot be read: {}\n    {}", output.error().message,
                               shortened(parts.body)));
  }
  return failure_of(call, protocol, output.error());
}

Result<Bytes> HttpCalls::local(std::string method, std::string target) {
  http::ClientRequest request{.method = std::move(method), .target = std::move(target)};
  TRY(http::ClientResponse response,
      runtime::run_task_for(loop_, client_.send(endpoint_, std::move(request))));
  if (response.status == 200) return std::move(response.body);
  return fail(ErrorKind::internal, fmt::format("{}: {}", response.status, response.body));
}

Result<std::vector<SeenEvent>> HttpCalls::events() {
  TRY(const Bytes text, local("GET", "/_millrace/events"));
  boost::system::error_code error;
  const json::value value = json::parse(text, error);
  if (error || !value.is_array()) return invalid("/_millrace/events answered no list");
  std::vector<SeenEvent> events;
  for (const json::value& row : value.get_array()) events.push_back(event_of(row.as_object()));
  return events;
}

}  // namespace millrace::call_tests
