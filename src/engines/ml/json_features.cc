#include "engines/ml/json_features.h"

#include <fmt/format.h>

#include <cmath>

#include "engines/ml/record.h"

namespace millrace::ml {

namespace json = boost::json;

Result<json::value> parse_json_text(BytesView text, json::storage_ptr storage) {
  json::error_code error;
  json::value value = json::parse(text, error, std::move(storage));
  if (error) return fail(ErrorKind::invalid, fmt::format("it is not JSON: {}", error.message()));
  return value;
}

Result<double> json_number(const json::value& value) {
  if (value.is_double()) return value.get_double();
  if (value.is_int64()) return static_cast<double>(value.get_int64());
  if (value.is_uint64()) return static_cast<double>(value.get_uint64());
  return fail(ErrorKind::invalid, "a value is not a number");
}

Result<const json::array*> json_array_member(const json::object& object, std::string_view name) {
  const json::value* found = object.if_contains(name);
  if (found == nullptr) return nullptr;
  if (!found->is_array()) {
    return fail(ErrorKind::invalid, fmt::format("'{}' is not a list", name));
  }
  return &found->get_array();
}

namespace {

Result<void> append_values(const json::array& values, RowBatch& rows) {
  for (const json::value& value : values) {
    TRY(const double parsed, json_number(value));
    rows.values.push_back(static_cast<float>(parsed));
  }
  return ok;
}

Result<void> append_keys(const json::array& keys, uint64_t feature_dim, RowBatch& rows) {
  for (const json::value& value : keys) {
    TRY(const double parsed, json_number(value));
    if (parsed < 0 || parsed != std::floor(parsed)) {
      return fail(ErrorKind::invalid, "a key is not a whole number of at least 0");
    }
    if (parsed >= static_cast<double>(feature_dim)) {
      return fail(ErrorKind::invalid,
                  fmt::format("feature index {} is not below feature_dim, which is {}", parsed,
                              feature_dim));
    }
    rows.indices.push_back(static_cast<uint32_t>(parsed));
  }
  return ok;
}

}  // namespace

Result<void> append_json_features(const json::value& features, const RowRules& rules,
                                  RowBatch& rows) {
  if (features.is_array()) {
    TRY(append_values(features.get_array(), rows));
    return append_row(rules, rows, false, 0);
  }
  if (!features.is_object()) {
    return fail(ErrorKind::invalid, "'features' is neither a list nor an object");
  }
  TRY(const json::array* values, json_array_member(features.get_object(), "values"));
  TRY(const json::array* keys, json_array_member(features.get_object(), "keys"));
  if (values == nullptr) return fail(ErrorKind::invalid, "'features' has no 'values'");
  TRY(append_values(*values, rows));
  if (keys != nullptr) TRY(append_keys(*keys, rules.feature_dim, rows));
  return append_row(rules, rows, keys != nullptr, 0);
}

}  // namespace millrace::ml
