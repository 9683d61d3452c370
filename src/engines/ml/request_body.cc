#include "engines/ml/request_body.h"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <cmath>
#include <limits>

#include "engines/ml/limits.h"
#include "engines/ml/recordio.h"

namespace millrace::ml {
namespace {

namespace json = boost::json;

Result<json::value> parse_json(BytesView text, json::storage_ptr storage) {
  json::error_code error;
  json::value value = json::parse(text, error, std::move(storage));
  if (error) return fail(ErrorKind::invalid, fmt::format("it is not JSON: {}", error.message()));
  return value;
}

Result<double> number(const json::value& value) {
  if (value.is_double()) return value.get_double();
  if (value.is_int64()) return static_cast<double>(value.get_int64());
  if (value.is_uint64()) return static_cast<double>(value.get_uint64());
  return fail(ErrorKind::invalid, "a value is not a number");
}

Result<const json::array*> array_member(const json::object& object, std::string_view name) {
  const json::value* found = object.if_contains(name);
  if (found == nullptr) return nullptr;
  if (!found->is_array()) {
    return fail(ErrorKind::invalid, fmt::format("'{}' is not a list", name));
  }
  return &found->get_array();
}

Result<void> append_values(const json::array& values, RowBatch& rows) {
  for (const json::value& value : values) {
    TRY(const double parsed, number(value));
    rows.values.push_back(static_cast<float>(parsed));
  }
  return ok;
}

Result<void> append_keys(const json::array& keys, uint64_t feature_dim, RowBatch& rows) {
  for (const json::value& value : keys) {
    TRY(const double parsed, number(value));
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

// The features of an instance: {"features": F} or {"data": {"features": F}}.
Result<const json::value*> find_features(const json::value& instance) {
  if (!instance.is_object()) return fail(ErrorKind::invalid, "it is not an object");
  const json::object* object = &instance.get_object();
  if (const json::value* data = object->if_contains("data")) {
    if (!data->is_object()) return fail(ErrorKind::invalid, "'data' is not an object");
    object = &data->get_object();
  }
  const json::value* features = object->if_contains("features");
  if (features == nullptr) return fail(ErrorKind::invalid, "it has no 'features'");
  return features;
}

Result<void> append_features(const json::value& features, const RowRules& rules, RowBatch& rows) {
  if (features.is_array()) {
    TRY(append_values(features.get_array(), rows));
    return append_row(rules, rows, false, 0);
  }
  if (!features.is_object()) {
    return fail(ErrorKind::invalid, "'features' is neither a list nor an object");
  }
  TRY(const json::array* values, array_member(features.get_object(), "values"));
  TRY(const json::array* keys, array_member(features.get_object(), "keys"));
  if (values == nullptr) return fail(ErrorKind::invalid, "'features' has no 'values'");
  TRY(append_values(*values, rows));
  if (keys != nullptr) TRY(append_keys(*keys, rules.feature_dim, rows));
  return append_row(rules, rows, keys != nullptr, 0);
}

Result<void> append_instance(const json::value& instance, const RowRules& rules, RowBatch& rows) {
  if (rows.size() >= kRequestRowsMax) {
    return fail(ErrorKind::exhausted, fmt::format("there are more than {}", kRequestRowsMax));
  }
  TRY(const json::value* features, find_features(instance));
  Result<void> added = append_features(*features, rules, rows);
  if (!added) rows.undo();
  return added;
}

std::unexpected<Error> at_instance(size_t at, Error error) {
  error.message = fmt::format("instance {}: {}", at, error.message);
  return fail(std::move(error));
}

}  // namespace

Result<void> parse_json_request(BytesView body, uint64_t feature_dim, RowBatch& rows) {
  json::monotonic_resource memory;
  TRY(const json::value document, parse_json(body, &memory));
  if (!document.is_object()) return fail(ErrorKind::invalid, "the body is not a JSON object");
  TRY(const json::array* instances, array_member(document.get_object(), "instances"));
  if (instances == nullptr) return fail(ErrorKind::invalid, "the body has no 'instances'");
  const RowRules rules{.feature_dim = feature_dim, .label = LabelRule::ignored};
  for (const json::value& instance : *instances) {
    if (Result<void> added = append_instance(instance, rules, rows); !added) {
      return at_instance(rows.size() + 1, std::move(added).error());
    }
  }
  return ok;
}

Result<void> parse_jsonlines_request(BytesView body, uint64_t feature_dim, RowBatch& rows) {
  const RowRules rules{.feature_dim = feature_dim, .label = LabelRule::ignored};
  while (!body.empty()) {
    const size_t end = body.find('\n');
    const BytesView line = body.substr(0, end);
    body = end == BytesView::npos ? BytesView() : body.substr(end + 1);
    if (line.find_first_not_of(" \t\r") == BytesView::npos) continue;
    json::monotonic_resource memory;
    Result<json::value> instance = parse_json(line, &memory);
    if (!instance) return at_instance(rows.size() + 1, std::move(instance).error());
    if (Result<void> added = append_instance(*instance, rules, rows); !added) {
      return at_instance(rows.size() + 1, std::move(added).error());
    }
  }
  return ok;
}

Result<void> parse_recordio_request(BytesView body, uint64_t feature_dim, RowBatch& rows) {
  const RowRules rules{.feature_dim = feature_dim, .label = LabelRule::ignored};
  RecordioReader reader(make_memory_source(body));
  for (;;) {
    Result<std::optional<BytesView>> record = reader.next();
    if (!record) return at_instance(reader.number(), std::move(record).error());
    if (!*record) return ok;
    if (rows.size() >= kRequestRowsMax) {
      return fail(ErrorKind::exhausted, fmt::format("there are more than {}", kRequestRowsMax));
    }
    if (Result<void> added = append_record(**record, rules, rows); !added) {
      return at_instance(reader.number(), std::move(added).error());
    }
  }
}

}  // namespace millrace::ml
