#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "services/s3/select/problems.h"
#include "services/s3/select/translator.h"

namespace millrace::s3::select {
namespace {

// N of _N, or 0.
size_t position_of(std::string_view name) {
  if (!name.starts_with('_') || name.size() > 6) return 0;
  size_t position = 0;
  const auto [end, code] = std::from_chars(name.data() + 1, name.data() + name.size(), position);
  return code == std::errc() && end == name.data() + name.size() ? position : 0;
}

Type type_of(std::string_view name) {
  constexpr std::string_view kIntegers[] = {"TINYINT",  "SMALLINT", "INTEGER",
                                            "BIGINT",   "UTINYINT", "USMALLINT",
                                            "UINTEGER", "UBIGINT",  "HUGEINT"};
  const auto* const end = std::end(kIntegers);
  if (std::find(std::begin(kIntegers), end, name) != end) return Type::integer;
  if (name == "DOUBLE" || name == "FLOAT" || name.starts_with("DECIMAL")) return Type::real;
  if (name == "BOOLEAN") return Type::boolean;
  if (name == "VARCHAR") return Type::text;
  if (name.starts_with("TIMESTAMP")) return Type::timestamp;
  return Type::native;
}

}  // namespace

bool Translator::names_row(const Token& name) const {
  if (name.kind == TokenKind::quoted_name) return !alias_.empty() && name.text == alias_;
  if (name.kind != TokenKind::word) return false;
  return (!alias_.empty() && equal_ignoring_case(name.text, alias_)) ||
         equal_ignoring_case(name.text, "S3Object");
}

// .name, ."name", .*, [3], ['name'], [*]
Result<Translator::Step> Translator::parse_step() {
  if (take_sign(".")) {
    if (take_sign("*")) return Step{Step::Kind::every_member, ""};
    const bool quoted = token().kind == TokenKind::quoted_name;
    if (!quoted && token().kind != TokenKind::word) {
      return unexpected("ParseInvalidPathComponent");
    }
    return Step{Step::Kind::name, tokens_[at_++].text, quoted};
  }
  TRY(expect_sign("["));
  Step step{Step::Kind::every_element, ""};
  if (!take_sign("*")) {
    const bool name = token().kind == TokenKind::text;
    const bool index =
        token().kind == TokenKind::number && token().text.size() <= 9 &&
        std::ranges::all_of(token().text, [](char c) { return c != '.' && c != 'e'; });
    if (!name && !index) return unexpected("ParseInvalidPathComponent");
    step = {name ? Step::Kind::name : Step::Kind::index, token().text, true};
    ++at_;
  }
  TRY(expect_sign("]"));
  return step;
}

Result<Value> Translator::parse_path() {
  const Token first = token();
  std::vector<Step> steps;
  if (names_row(first)) {
    ++at_;
  } else {
    const bool quoted = first.kind == TokenKind::quoted_name;
    steps.push_back({Step::Kind::name, first.text, quoted});
    ++at_;
  }
  while (is_sign(".") || is_sign("[")) {
    const size_t position = token().position;
    TRY(Step step, parse_step());
    const bool every =
        step.kind == Step::Kind::every_member || step.kind == Step::Kind::every_element;
    if (every) return refuse("ParseUnsupportedSyntax", position);
    steps.push_back(std::move(step));
  }
  if (!in_aggregate_ && !in_where_) columns_ = true;
  if (source_.format == Format::json) return json_member(first, steps);
  if (source_.format == Format::parquet) return parquet_column(first, steps);
  const bool one = steps.size() == 1 && steps.front().kind == Step::Kind::name;
  if (!one) return refuse("ParseInvalidPathComponent", first.position);
  return csv_column(first, steps.front());
}

// AWS: names without quotes match the header in any case, with quotes exactly. Pinned by
// SelectStatement.ColumnsOfCsv.
Result<Value> Translator::csv_column(const Token& at, const Step& step) const {
  Value value{"", Type::untyped};
  value.name = step.text;
  size_t found = 0;
  for (size_t i = 0; source_.header && i < source_.columns.size(); ++i) {
    const std::string& name = source_.columns[i].name;
    if (step.exact ? name != step.text : !equal_ignoring_case(name, step.text)) continue;
    if (found != 0) return refuse("AmbiguousFieldName", at.position);
    found = i + 1;
  }
  if (found == 0) found = position_of(step.text);
  if (found == 0 && source_.header) return fail(select_error("MissingHeaders"));
  if (found == 0) {
    return refuse("InvalidColumnIndex", at.position,
                  fmt::format("The column index at {} is invalid. Please check the service "
                              "documentation and try again.",
                              place_of(expression_, at.position)));
  }
  value.sql = found > source_.columns.size() ? "CAST(NULL AS VARCHAR)" : fmt::format("c{}", found);
  return value;
}

// DIVERGES: the names of members match exactly, also without quotes; AWS folds their case.
Result<Value> Translator::json_member(const Token& at, const std::vector<Step>& steps) const {
  std::string path = "$";
  Value value{"", Type::untyped};
  value.name = alias_;  // Of the row itself.
  for (const Step& step : steps) {
    if (step.kind == Step::Kind::index) {
      path += fmt::format("[{}]", step.text);
      continue;
    }
    if (step.text.contains('"')) return refuse("InvalidKeyPath", at.position);
    path += fmt::format(".\"{}\"", step.text);
    value.name = step.text;
  }
  value.json = fmt::format("json_extract(doc, {})", quoted_text(path));
  value.sql = fmt::format("json_extract_string(doc, {})", quoted_text(path));
  return value;
}

Value Translator::parquet_value(size_t column) const {
  const SourceColumn& from = source_.columns[column];
  Value value{quoted_name(from.name), type_of(from.type)};
  value.name = from.name;
  value.json = fmt::format("to_json({})", value.sql);
  if (value.type == Type::timestamp) {
    value.sql = fmt::format("CAST({} AS TIMESTAMP)", value.sql);
    value.json.clear();
  }
  return value;
}

Result<Value> Translator::parquet_column(const Token& at, const std::vector<Step>& steps) const {
  size_t found = source_.columns.size();
  if (steps.empty() || steps.front().kind != Step::Kind::name) {
    return refuse("ParseInvalidPathComponent", at.position);
  }
  for (size_t i = 0; i < source_.columns.size(); ++i) {
    const std::string& name = source_.columns[i].name;
    const Step& step = steps.front();
    if (step.exact ? name != step.text : !equal_ignoring_case(name, step.text)) continue;
    if (found != source_.columns.size()) return refuse("AmbiguousFieldName", at.position);
    found = i;
  }
  if (found == source_.columns.size()) found = position_of(steps.front().text) - 1;
  if (found >= source_.columns.size()) return fail(select_error("MissingHeaders"));
  Value value = parquet_value(found);
  for (size_t i = 1; i < steps.size(); ++i) {
    const Step& step = steps[i];
    if (step.kind == Step::Kind::name) {
      value.sql = fmt::format("struct_extract({}, {})", value.sql, quoted_text(step.text));
      value.name = step.text;
    } else {
      value.sql = fmt::format("list_extract({}, {} + 1)", value.sql, step.text);
    }
    value.type = Type::native;
    value.json = fmt::format("to_json({})", value.sql);
  }
  return value;
}

}  // namespace millrace::s3::select
