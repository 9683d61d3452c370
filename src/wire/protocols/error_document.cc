#include <fmt/format.h>

#include <algorithm>

#include "wire/protocols/document.h"
#include "wire/protocols/protocol_codec.h"
#include "wire/protocols/scalars.h"

namespace millrace::wire {
namespace {

bool is_message(const Member& member) { return equal_ignoring_case(member.name, "message"); }

const Member* find_detail(const Shape* shape, std::string_view name, size_t& index) {
  for (size_t i = 0; shape != nullptr && i < shape->members.size(); ++i) {
    index = i;
    if (shape->members[i].name == name || shape->members[i].wire_name == name) {
      return &shape->members[i];
    }
  }
  return nullptr;
}

bool is_scalar(Kind kind) {
  return kind != Kind::structure && kind != Kind::list && kind != Kind::map;
}

Value read_detail(const Member& member, std::string_view text, Arena& arena) {
  if (is_scalar(member.shape->kind)) {
    return parse_scalar(member, text, TimestampFormat::iso8601, arena).value_or(Value());
  }
  return parse_document(*member.shape, text, arena).value_or(Value());
}

std::string detail_text(const Member& member, const Value& value) {
  if (!is_scalar(member.shape->kind)) return write_document(*member.shape, value);
  std::string out;
  append_scalar(out, member, value, TimestampFormat::iso8601);
  return out;
}

int status_by_kind(ErrorKind kind, bool rest) {
  switch (kind) {
    case ErrorKind::internal:
    case ErrorKind::deadline:
      return 500;
    case ErrorKind::unsupported:
      return 501;
    case ErrorKind::exhausted:
      return rest ? 503 : 400;
    case ErrorKind::not_found:
      return rest ? 404 : 400;
    case ErrorKind::already_exists:
    case ErrorKind::conflict:
      return rest ? 409 : 400;
    case ErrorKind::precondition_failed:
      return rest ? 412 : 400;
    case ErrorKind::denied:
      return rest ? 403 : 400;
    case ErrorKind::invalid:
      return 400;
  }
  return 500;
}

}  // namespace

const Shape* find_error(const Service& service, const Operation* operation, std::string_view code) {
  const auto named = [&](const Shape* shape) {
    return shape->name == code || (!shape->error_code.empty() && shape->error_code == code);
  };
  if (operation != nullptr) {
    const auto it = std::ranges::find_if(operation->errors, named);
    if (it != operation->errors.end()) return *it;
  }
  const auto it = std::ranges::find_if(service.errors, named);
  return it != service.errors.end() ? *it : nullptr;
}

int error_status(Protocol protocol, const Service& service, const Operation* operation,
                 const Error& error) {
  if (error.http_status != 0) return error.http_status;
  const bool is_rpc = protocol == Protocol::json_1_0 || protocol == Protocol::json_1_1 ||
                      protocol == Protocol::rpc_v2_cbor;
  if (const Shape* shape = find_error(service, operation, error.code); shape != nullptr) {
    // AWS: a query-compatible service has its old statuses in the model; its
    // new protocols do not use them. See
    // QueryCompatibleAwsJson10CustomCodeError of the protocol vectors.
    const bool old_status = is_rpc && service.query_compatible;
    if (shape->http_status != 0 && !old_status) return shape->http_status;
    return shape->sender_fault ? 400 : 500;
  }
  return status_by_kind(error.kind, !is_rpc);
}

ErrorDocument make_error_document(const Scope& scope, const Error& error, Arena& arena) {
  ErrorDocument out;
  out.shape = find_error(scope.service, scope.operation, error.code);
  out.message_name = "message";
  out.message = error.message;
  const std::string_view code =
      error.code.empty() ? "InternalFailure" : std::string_view(error.code);
  out.wire_code = out.shape != nullptr ? out.shape->name : code;
  out.legacy_code = out.shape != nullptr && !out.shape->error_code.empty() ? out.shape->error_code
                                                                           : out.wire_code;
  const int status = error_status(scope.protocol, scope.service, scope.operation, error);
  out.sender_fault = status < 500;
  if (out.shape != nullptr) {
    out.value = make_structure(*out.shape, arena);
    for (size_t i = 0; i < out.shape->members.size(); ++i) {
      if (!is_message(out.shape->members[i]) || error.message.empty()) continue;
      out.value.items[i] = Value::of_text(error.message);
      out.message = {};
    }
  }
  for (const auto& [name, text] : error.details) {
    size_t index = 0;
    const Member* member = find_detail(out.shape, name, index);
    if (member != nullptr) {
      out.value.items[index] = read_detail(*member, text, arena);
    } else {
      out.extra.emplace_back(name, text);
    }
  }
  return out;
}

std::string_view bare_error_code(std::string_view code) {
  code = code.substr(0, code.find(':'));
  const size_t hash = code.rfind('#');
  return hash == std::string_view::npos ? code : code.substr(hash + 1);
}

const Shape* error_shape(const Scope& scope, std::string_view code) {
  return find_error(scope.service, scope.operation, bare_error_code(code));
}

Error read_error(const Scope& scope, std::string_view code, int status, const Shape* shape,
                 const Value& value, std::string_view message) {
  Error out{status >= 500 ? ErrorKind::internal : ErrorKind::invalid,
            std::string(message),
            std::string(bare_error_code(code)),
            status,
            {}};
  if (out.code.empty()) out.code = fmt::format("{}", status);
  if (shape == nullptr || value.type != ValueType::structure) return out;
  for (uint32_t i = 0; i < value.size; ++i) {
    const Member& member = shape->members[i];
    if (!value.items[i].present()) continue;
    std::string text = detail_text(member, value.items[i]);
    if (is_message(member)) {
      out.message = std::move(text);
    } else {
      out.details.emplace_back(member.name, std::move(text));
    }
  }
  return out;
}

void add_query_error_header(const Scope& scope, const ErrorDocument& document, Headers& headers) {
  if (!scope.service.query_compatible || document.shape == nullptr) return;
  if (document.shape->error_code.empty()) return;
  headers.emplace_back(
      "x-amzn-query-error",
      fmt::format("{};{}", document.legacy_code, document.sender_fault ? "Sender" : "Receiver"));
}

std::string_view query_error_code(const ResponseParts& response) {
  const std::string* const value = response.header("x-amzn-query-error");
  if (value == nullptr) return {};
  return std::string_view(*value).substr(0, value->find(';'));
}

bool is_s3(const Service& service) { return service.signing_name == "s3"; }

}  // namespace millrace::wire
