#include "engines/ml/request_body.h"

#include <fmt/format.h>

#include <boost/json.hpp>

#include "engines/ml/json_features.h"
#include "engines/ml/limits.h"
#include "engines/ml/plain_request.h"
#include "engines/ml/recordio.h"

namespace millrace::ml {
namespace {

namespace json = boost::json;

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

Result<void> append_instance(const json::value& instance, const RowRules& rules, RowBatch& rows) {
  if (rows.size() >= kRequestRowsMax) {
    return fail(ErrorKind::exhausted, fmt::format("there are more than {}", kRequestRowsMax));
  }
  TRY(const json::value* features, find_features(instance));
  Result<void> added = append_json_features(*features, rules, rows);
  if (!added) rows.undo();
  return added;
}

std::unexpected<Error> at_instance(size_t at, Error error) {
  error.message = fmt::format("instance {}: {}", at, error.message);
  return fail(std::move(error));
}

}  // namespace

Result<void> parse_json_request(BytesView body, uint64_t feature_dim, RowBatch& rows) {
  if (rows.empty() && parse_plain_request(body, feature_dim, rows)) return ok;
  return parse_json_document(body, feature_dim, rows);
}

Result<void> parse_json_document(BytesView body, uint64_t feature_dim, RowBatch& rows) {
  json::monotonic_resource memory;
  TRY(const json::value document, parse_json_text(body, &memory));
  if (!document.is_object()) return fail(ErrorKind::invalid, "the body is not a JSON object");
  TRY(const json::array* instances, json_array_member(document.get_object(), "instances"));
  if (instances == nullptr) return fail(ErrorKind::invalid, "the body has no 'instances'");
  const RowRules rules{.feature_dim = feature_dim, .label = LabelRule::ignored};
  for (const json::value& instance : *instances) {
    if (Result<void> added = append_instance(instance, rules, rows); !added) {
      return at_instance(rows.size() + 1, std::move(added).error());
    }
  }
  return ok;
}

namespace {

Result<void> append_line(BytesView line, const RowRules& rules, RowBatch& rows) {
  json::monotonic_resource memory;
  Result<json::value> instance = parse_json_text(line, &memory);
  if (!instance) return at_instance(rows.size() + 1, std::move(instance).error());
  if (Result<void> added = append_instance(*instance, rules, rows); !added) {
    return at_instance(rows.size() + 1, std::move(added).error());
  }
  return ok;
}

Result<void> parse_lines(BytesView body, uint64_t feature_dim, bool plain, RowBatch& rows) {
  const RowRules rules{.feature_dim = feature_dim, .label = LabelRule::ignored};
  while (!body.empty()) {
    const size_t end = body.find('\n');
    const BytesView line = body.substr(0, end);
    body = end == BytesView::npos ? BytesView() : body.substr(end + 1);
    if (line.find_first_not_of(" \t\r") == BytesView::npos) continue;
    if (plain && parse_plain_instance(line, feature_dim, rows)) continue;
    TRY(append_line(line, rules, rows));
  }
  return ok;
}

}  // namespace

Result<void> parse_jsonlines_request(BytesView body, uint64_t feature_dim, RowBatch& rows) {
  return parse_lines(body, feature_dim, true, rows);
}

Result<void> parse_jsonlines_documents(BytesView body, uint64_t feature_dim, RowBatch& rows) {
  return parse_lines(body, feature_dim, false, rows);
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
