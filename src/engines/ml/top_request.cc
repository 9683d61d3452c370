#include "engines/ml/top_request.h"

#include <fmt/format.h>

#include <cmath>
#include <iterator>

#include "engines/ml/json_features.h"
#include "engines/ml/limits.h"

namespace millrace::ml {
namespace {

namespace json = boost::json;

constexpr size_t kNamesMax = 10'000;  // Categories or excluded items of one instance.

std::unexpected<Error> wrong(std::string_view name, std::string_view what) {
  return fail(ErrorKind::invalid, fmt::format("'{}' {}", name, what));
}

// An id: a string, or a whole number as its digits.
Result<std::string> read_id(std::string_view name, const json::value& value) {
  if (value.is_string()) return std::string(value.get_string());
  if (value.is_int64()) return fmt::format("{}", value.get_int64());
  if (value.is_uint64()) return fmt::format("{}", value.get_uint64());
  return wrong(name, "is neither a string nor a whole number");
}

Result<std::vector<std::string>> read_ids(std::string_view name, const json::value& value) {
  std::vector<std::string> ids;
  if (!value.is_array()) {
    TRY(std::string id, read_id(name, value));
    ids.push_back(std::move(id));
    return ids;
  }
  if (value.get_array().size() > kNamesMax) {
    return fail(ErrorKind::exhausted, fmt::format("'{}' has more than {} names", name, kNamesMax));
  }
  for (const json::value& each : value.get_array()) {
    TRY(std::string id, read_id(name, each));
    ids.push_back(std::move(id));
  }
  return ids;
}

Result<bool> read_flag(std::string_view name, const json::value& value) {
  if (value.is_bool()) return value.get_bool();
  return wrong(name, "is neither true nor false");
}

Result<ItemFilter> read_filter(const json::value& value) {
  if (!value.is_object()) return wrong("filter", "is not an object");
  ItemFilter filter;
  for (const auto& member : value.get_object()) {
    const std::string_view name = member.key();
    if (name == "category") {
      TRY(filter.categories, read_ids(name, member.value()));
    } else if (name == "in_stock") {
      TRY(filter.in_stock, read_flag(name, member.value()));
    } else if (name == "exclude_seen") {
      TRY(filter.exclude_seen, read_flag(name, member.value()));
    } else if (name == "exclude") {
      TRY(filter.exclude, read_ids(name, member.value()));
    } else {
      return wrong(name, "is not known as a member of 'filter'");
    }
  }
  return filter;
}

Result<size_t> read_top_n(const json::value& value) {
  TRY(const double number, json_number(value));
  if (number < 1 || number > static_cast<double>(kTopNMax) || number != std::floor(number)) {
    return wrong("top_n", fmt::format("is not a whole number from 1 to {}", kTopNMax));
  }
  return static_cast<size_t>(number);
}

Result<void> read_member(std::string_view name, const json::value& value, const RowRules& rules,
                         TopQuery& query) {
  if (name == "user") {
    TRY(query.user, read_id(name, value));
  } else if (name == "features") {
    if (!query.features.empty()) return wrong(name, "is there twice");
    return append_json_features(value, rules, query.features);
  } else if (name == "data") {
    if (!value.is_object()) return wrong(name, "is not an object");
    for (const auto& member : value.get_object()) {
      if (member.key() != "features") return wrong(member.key(), "is not known");
      TRY(read_member("features", member.value(), rules, query));
    }
  } else if (name == "top_n") {
    TRY(query.top_n, read_top_n(value));
  } else if (name == "filter") {
    TRY(query.filter, read_filter(value));
  } else if (name == "margin_weight") {
    TRY(query.margin_weight, json_number(value));
    if (!(std::abs(query.margin_weight) < 1e30)) return wrong(name, "is too large");
  } else {
    return wrong(name, "is not known");
  }
  return ok;
}

Result<TopQuery> read_query(const json::value& instance, const RowRules& rules) {
  if (!instance.is_object()) return fail(ErrorKind::invalid, "it is not an object");
  if (!instance.get_object().contains("top_n")) {
    return fail(ErrorKind::invalid, "it has no 'top_n', which other instances of the request have");
  }
  TopQuery query;
  for (const auto& member : instance.get_object()) {
    TRY(read_member(member.key(), member.value(), rules, query));
  }
  if (!query.user && query.features.empty()) {
    return fail(ErrorKind::invalid, "it has neither 'user' nor 'features'");
  }
  return query;
}

Result<void> append_query(const json::value& instance, const RowRules& rules,
                          std::vector<TopQuery>& queries) {
  if (queries.size() >= kTopInstancesMax) {
    return fail(ErrorKind::exhausted, fmt::format("there are more than {}", kTopInstancesMax));
  }
  Result<TopQuery> query = read_query(instance, rules);
  if (!query) {
    Error error = std::move(query).error();
    error.message = fmt::format("instance {}: {}", queries.size() + 1, error.message);
    return fail(std::move(error));
  }
  queries.push_back(std::move(*query));
  return ok;
}

}  // namespace

bool asks_for_items(BytesView body) { return body.find("\"top_n\"") != BytesView::npos; }

Result<std::vector<TopQuery>> parse_top_request(BytesView body, bool json_lines,
                                                uint64_t feature_dim) {
  const RowRules rules{.feature_dim = feature_dim, .label = LabelRule::ignored};
  std::vector<TopQuery> queries;
  if (!json_lines) {
    json::monotonic_resource memory;
    TRY(const json::value document, parse_json_text(body, &memory));
    if (!document.is_object()) return fail(ErrorKind::invalid, "the body is not a JSON object");
    TRY(const json::array* instances, json_array_member(document.get_object(), "instances"));
    if (instances == nullptr) return fail(ErrorKind::invalid, "the body has no 'instances'");
    for (const json::value& instance : *instances) TRY(append_query(instance, rules, queries));
    return queries;
  }
  while (!body.empty()) {
    const size_t end = body.find('\n');
    const BytesView line = body.substr(0, end);
    body = end == BytesView::npos ? BytesView() : body.substr(end + 1);
    if (line.find_first_not_of(" \t\r") == BytesView::npos) continue;
    json::monotonic_resource memory;
    TRY(const json::value instance, parse_json_text(line, &memory));
    TRY(append_query(instance, rules, queries));
  }
  return queries;
}

void append_top_answer(Bytes& out, const std::vector<RecommendedItem>& items) {
  out += R"({"items": [)";
  for (size_t at = 0; at < items.size(); ++at) {
    if (at > 0) out += ", ";
    out += R"({"id": )";
    out += json::serialize(json::string_view(items[at].id.data(), items[at].id.size()));
    if (!items[at].name.empty()) {
      out += R"(, "name": )";
      out += json::serialize(json::string_view(items[at].name.data(), items[at].name.size()));
    }
    fmt::format_to(std::back_inserter(out), R"(, "score": {}}})", items[at].score);
  }
  out += "]}";
}

}  // namespace millrace::ml
