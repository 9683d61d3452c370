#include <cmath>

#include "wire/protocols/scalars.h"
#include "wire/protocols/vector_model.h"

namespace millrace::wire::testing {
namespace {

namespace json = boost::json;

std::string_view text_or(const json::object& object, std::string_view key,
                         std::string_view otherwise) {
  const json::value* const found = object.if_contains(key);
  return found != nullptr && found->is_string() ? std::string_view(found->as_string()) : otherwise;
}

bool flag(const json::object& object, std::string_view key) {
  const json::value* const found = object.if_contains(key);
  return found != nullptr && (found->is_object() || (found->is_bool() && found->as_bool()));
}

Kind kind_of(const json::object& shape) {
  if (flag(shape, "document")) return Kind::document;
  const std::string_view type = text_or(shape, "type", "");
  if (type == "structure") return Kind::structure;
  if (type == "list") return Kind::list;
  if (type == "map") return Kind::map;
  if (type == "integer" || type == "long" || type == "short" || type == "byte") {
    return Kind::integer;
  }
  if (type == "float" || type == "double" || type == "bigdecimal") return Kind::real;
  if (type == "boolean") return Kind::boolean;
  if (type == "blob") return Kind::blob;
  if (type == "timestamp") return Kind::timestamp;
  return Kind::string;
}

TimestampFormat format_of(const json::object& node) {
  const std::string_view text = text_or(node, "timestampFormat", "");
  if (text == "unixTimestamp") return TimestampFormat::epoch_seconds;
  if (text == "iso8601") return TimestampFormat::iso8601;
  if (text == "rfc822") return TimestampFormat::http_date;
  return TimestampFormat::by_protocol;
}

Location location_of(const json::object& member) {
  const std::string_view text = text_or(member, "location", "");
  if (text == "header") return Location::header;
  if (text == "headers") return Location::header_prefix;
  if (text == "uri") return Location::path;
  if (text == "querystring") return Location::query;
  if (text == "statusCode") return Location::status;
  return Location::body;
}

std::pair<std::string_view, std::string_view> namespace_of(const json::object& node) {
  const json::value* const found = node.if_contains("xmlNamespace");
  if (found == nullptr) return {};
  if (found->is_string()) return {found->as_string(), {}};
  return {text_or(found->as_object(), "uri", ""), text_or(found->as_object(), "prefix", "")};
}

int integer_or(const json::object& object, std::string_view key, int otherwise) {
  const json::value* const found = object.if_contains(key);
  return found != nullptr ? static_cast<int>(found->to_number<int64_t>()) : otherwise;
}

Protocol protocol_of(const json::object& metadata) {
  const std::string_view name = text_or(metadata, "protocol", "");
  if (name == "rest-json") return Protocol::rest_json;
  if (name == "rest-xml") return Protocol::rest_xml;
  if (name == "query") return Protocol::query;
  if (name == "smithy-rpc-v2-cbor") return Protocol::rpc_v2_cbor;
  return text_or(metadata, "jsonVersion", "1.1") == "1.0" ? Protocol::json_1_0 : Protocol::json_1_1;
}

}  // namespace

VectorModel::VectorModel(const json::object& suite, const json::object& operation)
    : shapes_json_(suite.at("shapes").as_object()) {
  const json::object& metadata = suite.at("metadata").as_object();
  Operation made;
  made.name = keep(text_or(operation, "name", "Operation"));
  const json::object& http = operation.at("http").as_object();
  made.method = keep(text_or(http, "method", "POST"));
  made.path = keep(text_or(http, "requestUri", "/"));
  made.status = static_cast<int16_t>(integer_or(http, "responseCode", 200));
  if (const json::value* input = operation.if_contains("input"); input != nullptr) {
    const json::object& reference = input->as_object();
    made.input = make_shape(std::string(reference.at("shape").as_string()));
    made.input_wrapper = keep(text_or(reference, "locationName", ""));
    made.input_namespace = keep(namespace_of(reference).first);
  }
  if (const json::value* output = operation.if_contains("output"); output != nullptr) {
    const json::object& reference = output->as_object();
    made.output = make_shape(std::string(reference.at("shape").as_string()));
    made.output_wrapper = keep(text_or(reference, "resultWrapper", ""));
  }
  if (const json::value* errors = operation.if_contains("errors"); errors != nullptr) {
    for (const json::value& error : errors->as_array()) {
      errors_.push_back(make_shape(std::string(error.as_object().at("shape").as_string())));
    }
  }
  made.errors = errors_;
  operations_.push_back(made);
  names_.push_back({made.name, made.method, made.path});
  protocols_.push_back(protocol_of(metadata));
  service_.name = "vectors";
  service_.target_prefix = keep(text_or(metadata, "targetPrefix", ""));
  service_.api_version = keep(text_or(metadata, "apiVersion", ""));
  service_.xml_namespace = keep(namespace_of(metadata).first);
  service_.query_compatible = metadata.contains("awsQueryCompatible");
  service_.protocols = protocols_;
  service_.operations = operations_;
  service_.all_operations = names_;
  service_.errors = errors_;
}

std::string_view VectorModel::keep(std::string_view text) {
  if (text.empty()) return {};
  return texts_.emplace_back(text);
}

const Shape& VectorModel::shape(std::string_view name) const {
  const auto it = shapes_.find(name);
  ASSERT(it != shapes_.end());
  return it->second;
}

Shape* VectorModel::make_shape(const std::string& name) {
  const auto [it, made] = shapes_.try_emplace(name);
  Shape& shape = it->second;
  if (!made) return &shape;
  shape.name = it->first;
  fill_shape(shape, shapes_json_.at(name).as_object());
  return &shape;
}

void VectorModel::fill_constraints(Shape& shape, const json::object& json) {
  Constraints out;
  if (const json::value* min = json.if_contains("min"); min != nullptr) {
    out.min = min->to_number<double>();
    out.has_min = true;
  }
  if (const json::value* max = json.if_contains("max"); max != nullptr) {
    out.max = max->to_number<double>();
    out.has_max = true;
  }
  out.pattern = keep(text_or(json, "pattern", ""));
  if (const json::value* values = json.if_contains("enum"); values != nullptr) {
    auto& kept = enumerations_.emplace_back();
    for (const json::value& value : values->as_array()) kept.push_back(keep(value.as_string()));
    out.enumeration = kept;
  }
  if (out.has_min || out.has_max || !out.pattern.empty() || !out.enumeration.empty()) {
    shape.constraints = &constraints_.emplace_back(out);
  }
}

void VectorModel::fill_shape(Shape& shape, const json::object& json) {
  shape.kind = kind_of(json);
  shape.timestamp = format_of(json);
  const std::string_view type = text_or(json, "type", "");
  shape.is_32_bit = type == "integer" || type == "float" || type == "short" || type == "byte";
  shape.is_union = flag(json, "union");
  shape.is_error = flag(json, "exception");
  shape.streaming = flag(json, "streaming");
  shape.sensitive = flag(json, "sensitive");
  shape.xml_name = keep(text_or(json, "locationName", ""));
  shape.xml_namespace = keep(namespace_of(json).first);
  shape.sender_fault = !flag(json, "fault");
  fill_constraints(shape, json);
  if (const json::value* error = json.if_contains("error"); error != nullptr) {
    shape.error_code = keep(text_or(error->as_object(), "code", ""));
    shape.http_status = static_cast<int16_t>(integer_or(error->as_object(), "httpStatusCode", 0));
  }
  std::vector<Member>& members = members_.emplace_back();
  if (shape.kind == Kind::list) {
    members.push_back(make_member("member", "member", json.at("member").as_object(), false));
  } else if (shape.kind == Kind::map) {
    members.push_back(make_member("key", "key", json.at("key").as_object(), false));
    members.push_back(make_member("value", "value", json.at("value").as_object(), false));
  } else if (shape.kind == Kind::structure && json.contains("members")) {
    json::array none;
    const json::array& required = json.contains("required") ? json.at("required").as_array() : none;
    for (const auto& [name, reference] : json.at("members").as_object()) {
      const bool is_required = std::ranges::any_of(
          required, [&](const json::value& r) { return r.as_string() == name; });
      members.push_back(make_member(name, name, reference.as_object(), is_required));
      if (text_or(json, "payload", "") == name) {
        shape.payload = static_cast<int16_t>(members.size() - 1);
      }
    }
  }
  shape.members = members;
}

Member VectorModel::make_member(std::string_view name, std::string_view default_name,
                                const json::object& reference, bool required) {
  Member out;
  const std::string target(reference.at("shape").as_string());
  const json::object& shape = shapes_json_.at(target).as_object();
  out.name = keep(name);
  out.wire_name = keep(text_or(reference, "locationName", default_name));
  out.shape = make_shape(target);
  out.location = location_of(reference);
  out.timestamp = format_of(reference);
  out.required = required;
  const Kind kind = kind_of(shape);
  out.flattened = flag(reference, "flattened") ||
                  (flag(shape, "flattened") && (kind == Kind::list || kind == Kind::map));
  out.xml_attribute = flag(reference, "xmlAttribute");
  out.json_value = flag(reference, "jsonvalue");
  out.idempotency_token = flag(reference, "idempotencyToken");
  const auto [uri, prefix] = namespace_of(reference.contains("xmlNamespace") ? reference : shape);
  out.xml_namespace = keep(uri);
  out.xml_namespace_prefix = keep(prefix);
  return out;
}

namespace {

Value structure_of(const Shape& shape, const json::object& object, Arena& arena) {
  Value out = make_structure(shape, arena);
  for (const auto& [name, value] : object) {
    const int at = find_member(shape, name);
    ASSERT(at >= 0);
    if (!value.is_null()) out.items[at] = value_of(*shape.members[at].shape, value, arena);
  }
  return out;
}

Value scalar_of(const Shape& shape, const json::value& json, Arena& arena) {
  switch (shape.kind) {
    case Kind::boolean:
      return Value::of_bool(json.as_bool());
    case Kind::integer:
      return Value::of_integer(json.to_number<int64_t>());
    case Kind::real:
      return Value::of_real(json.is_string() ? *parse_real(json.as_string())
                                             : json.to_number<double>());
    case Kind::timestamp:
      return Value::of_time(*from_epoch_seconds(json.to_number<double>()));
    case Kind::document:
      return Value::of_text(arena.copy(json::serialize(json)));
    default:
      return Value::of_text(arena.copy(json.as_string()));
  }
}

bool equal_maps(const Shape& shape, const Value& a, const Value& b) {
  if (a.size != b.size) return false;
  for (uint32_t i = 0; i < a.size; ++i) {
    const Value* const other = find_entry(b, a.entries[i].key);
    if (other == nullptr || !equal(*shape.members[1].shape, a.entries[i].value, *other)) {
      return false;
    }
  }
  return true;
}

}  // namespace

Value value_of(const Shape& shape, const json::value& json, Arena& arena) {
  if (json.is_null() && shape.kind != Kind::document) return Value::of_null();
  if (shape.kind == Kind::structure) return structure_of(shape, json.as_object(), arena);
  if (shape.kind == Kind::list) {
    Value out = make_list();
    for (const json::value& item : json.as_array()) {
      const Value value = value_of(*shape.members[0].shape, item, arena);
      append_item(out, arena) = value;
    }
    return out;
  }
  if (shape.kind == Kind::map) {
    Value out = make_map();
    for (const auto& [key, item] : json.as_object()) {
      const Value value = value_of(*shape.members[1].shape, item, arena);
      append_entry(out, arena.copy(key), arena) = value;
    }
    return out;
  }
  return scalar_of(shape, json, arena);
}

bool equal(const Shape& shape, const Value& a, const Value& b) {
  if (a.type != b.type) return false;
  switch (a.type) {
    case ValueType::absent:
    case ValueType::null:
      return true;
    case ValueType::boolean:
      return a.boolean == b.boolean;
    case ValueType::integer:
    case ValueType::timestamp:
      return a.integer == b.integer;
    case ValueType::real:
      if (shape.is_32_bit && std::isfinite(a.real)) {
        return static_cast<float>(a.real) == static_cast<float>(b.real);
      }
      // The tests' own JSON parser rounds the last digit of some numbers.
      return a.real == b.real || (std::isnan(a.real) && std::isnan(b.real)) ||
             std::abs(a.real - b.real) < 1e-15 * std::abs(a.real);
    case ValueType::text:
      if (shape.kind == Kind::document) {
        return json::parse(a.as_text()) == json::parse(b.as_text());
      }
      return a.as_text() == b.as_text();
    case ValueType::list:
      if (a.size != b.size) return false;
      for (uint32_t i = 0; i < a.size; ++i) {
        if (!equal(*shape.members[0].shape, a.items[i], b.items[i])) return false;
      }
      return true;
    case ValueType::map:
      return equal_maps(shape, a, b);
    case ValueType::structure:
      for (uint32_t i = 0; i < a.size; ++i) {
        if (!equal(*shape.members[i].shape, a.items[i], b.items[i])) return false;
      }
      return true;
  }
  return false;
}

}  // namespace millrace::wire::testing
