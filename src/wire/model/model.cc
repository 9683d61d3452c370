#include "wire/model/model.h"

#include <algorithm>

namespace millrace::wire {

std::string_view to_string(Protocol protocol) {
  switch (protocol) {
    case Protocol::json_1_0:
      return "json-1.0";
    case Protocol::json_1_1:
      return "json-1.1";
    case Protocol::rest_json:
      return "rest-json";
    case Protocol::rest_xml:
      return "rest-xml";
    case Protocol::query:
      return "query";
    case Protocol::rpc_v2_cbor:
      return "rpc-v2-cbor";
  }
  return "json-1.1";
}

const Operation* find_operation(const Service& service, std::string_view name) {
  const auto it = std::ranges::lower_bound(service.operations, name, {}, &Operation::name);
  return it != service.operations.end() && it->name == name ? &*it : nullptr;
}

bool has_operation(const Service& service, std::string_view name) {
  return std::ranges::binary_search(service.all_operations, name, {}, &OperationName::name);
}

int find_member(const Shape& shape, std::string_view name) {
  for (size_t i = 0; i < shape.members.size(); ++i) {
    if (shape.members[i].name == name) return static_cast<int>(i);
  }
  return -1;
}

}  // namespace millrace::wire
