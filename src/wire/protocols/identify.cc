#include "wire/protocols/identify.h"

#include <algorithm>

#include "wire/protocols/scalars.h"

namespace millrace::wire {
namespace {

constexpr std::string_view kServicePart = "/service/";
constexpr std::string_view kOperationPart = "/operation/";

// The value of `name` in a form, raw. Names of operations and versions need no
// escapes.
std::string_view raw_parameter(std::string_view form, std::string_view name) {
  while (!form.empty()) {
    const size_t end = form.find('&');
    const std::string_view pair = form.substr(0, end);
    form.remove_prefix(end == std::string_view::npos ? form.size() : end + 1);
    if (pair.size() > name.size() && pair.starts_with(name) && pair[name.size()] == '=') {
      return pair.substr(name.size() + 1);
    }
  }
  return {};
}

std::string_view header_or_empty(const RequestParts& request, std::string_view name) {
  const std::string_view* const value = request.header(name);
  return value != nullptr ? *value : std::string_view();
}

// The type without parameters.
bool is_type(std::string_view content_type, std::string_view expected) {
  content_type = content_type.substr(0, content_type.find(';'));
  while (content_type.ends_with(' ')) content_type.remove_suffix(1);
  return equal_ignoring_case(content_type, expected);
}

Identity from_target(std::string_view target, std::string_view type) {
  Identity out;
  out.protocol =
      is_type(type, "application/x-amz-json-1.0") ? Protocol::json_1_0 : Protocol::json_1_1;
  const size_t dot = target.rfind('.');
  if (dot == std::string_view::npos) {
    out.service = target;
  } else {
    out.service = target.substr(0, dot);
    out.operation = target.substr(dot + 1);
  }
  return out;
}

// AWS: the path may begin with more segments; the last four count. Of a
// service's qualified name the part after the last dot is its name.
Identity from_cbor_path(std::string_view path) {
  Identity out;
  out.protocol = Protocol::rpc_v2_cbor;
  const size_t operation = path.rfind(kOperationPart);
  if (operation == std::string_view::npos) return out;
  const std::string_view before = path.substr(0, operation);
  const size_t service = before.rfind(kServicePart);
  if (service == std::string_view::npos) return out;
  out.service = before.substr(service + kServicePart.size());
  out.operation = path.substr(operation + kOperationPart.size());
  return out;
}

Identity from_form(std::string_view form) {
  Identity out;
  out.operation = raw_parameter(form, "Action");
  out.version = raw_parameter(form, "Version");
  if (!out.operation.empty()) out.protocol = Protocol::query;
  return out;
}

}  // namespace

Identity identify(const RequestParts& request) {
  if (equal_ignoring_case(header_or_empty(request, "smithy-protocol"), "rpc-v2-cbor")) {
    return from_cbor_path(request.path);
  }
  const std::string_view type = header_or_empty(request, "content-type");
  const std::string_view target = header_or_empty(request, "x-amz-target");
  if (!target.empty()) return from_target(target, type);
  if (request.method == "POST" && is_type(type, "application/x-www-form-urlencoded")) {
    const Identity out = from_form(request.body);
    if (out.protocol) return out;
  }
  return from_form(request.query);
}

bool speaks(const Service& service, Protocol protocol) {
  const auto family = [](Protocol p) { return p == Protocol::json_1_0 ? Protocol::json_1_1 : p; };
  return std::ranges::any_of(service.protocols,
                             [&](Protocol p) { return family(p) == family(protocol); });
}

std::optional<Protocol> rest_protocol(const Service& service) {
  for (const Protocol protocol : service.protocols) {
    if (protocol == Protocol::rest_json || protocol == Protocol::rest_xml) return protocol;
  }
  return std::nullopt;
}

}  // namespace millrace::wire
