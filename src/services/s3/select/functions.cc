#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "services/s3/select/problems.h"
#include "services/s3/select/translator.h"

namespace millrace::s3::select {
namespace {

constexpr std::array<std::string_view, 5> kAggregates = {"AVG", "COUNT", "MAX", "MIN", "SUM"};

struct DatePart {
  std::string_view name;      // AWS's, and DuckDB's.
  std::string_view interval;  // DuckDB's function that makes an interval of a number of them.
};
constexpr std::array kDateParts = {
    DatePart{"YEAR", "to_years"},     DatePart{"MONTH", "to_months"},
    DatePart{"DAY", "to_days"},       DatePart{"HOUR", "to_hours"},
    DatePart{"MINUTE", "to_minutes"}, DatePart{"SECOND", "to_seconds"},
};

// A letter of TO_STRING's formats, as often as it stands there.
struct FormatLetters {
  std::string_view letters;
  std::string_view strftime;
};
constexpr std::array kFormats = {
    FormatLetters{"yyyy", "%Y"},
    FormatLetters{"yy", "%y"},
    FormatLetters{"y", "%Y"},
    FormatLetters{"MMMM", "%B"},
    FormatLetters{"MMM", "%b"},
    FormatLetters{"MM", "%m"},
    FormatLetters{"M", "%-m"},
    FormatLetters{"dd", "%d"},
    FormatLetters{"d", "%-d"},
    FormatLetters{"a", "%p"},
    FormatLetters{"hh", "%I"},
    FormatLetters{"h", "%-I"},
    FormatLetters{"HH", "%H"},
    FormatLetters{"H", "%-H"},
    FormatLetters{"mm", "%M"},
    FormatLetters{"m", "%-M"},
    FormatLetters{"ss", "%S"},
    FormatLetters{"s", "%-S"},
    FormatLetters{"SSSSSS", "%f"},
    FormatLetters{"SSS", "%g"},
    FormatLetters{"X"
                  "XX",
                  "Z"},
    FormatLetters{"XX", "Z"},
    FormatLetters{"X", "Z"},
    FormatLetters{"xxx", "+00:00"},
    FormatLetters{"xx", "+0000"},
    FormatLetters{"x", "+00"},
};

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// False on what there is no equivalent of.
bool strftime_of(std::string_view format, std::string& out) {
  while (!format.empty()) {
    const char c = format.front();
    if (c == '\'') {
      const size_t end = format.find('\'', 1);
      if (end == std::string_view::npos) return false;
      out += format.substr(1, end - 1);
      format.remove_prefix(end + 1);
      continue;
    }
    const size_t count = std::min(format.find_first_not_of(c), format.size());
    if (!is_letter(c)) {
      for (size_t i = 0; i < count; ++i) out += c == '%' ? std::string("%%") : std::string(1, c);
    } else {
      const auto known =
          std::ranges::find(kFormats, format.substr(0, count), &FormatLetters::letters);
      if (known == kFormats.end()) return false;
      out += known->strftime;
    }
    format.remove_prefix(count);
  }
  return true;
}

}  // namespace

// 2010T, 2010-05T, 2010-05-01T, and with a time, with or without seconds, and an offset; as UTC.
std::string parsed_timestamp(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kCompletions = {{
      {"^(\\d{4})T?$", "\\1-01-01"},
      {"^(\\d{4}-\\d{2})T?$", "\\1-01"},
      {"^(\\d{4}-\\d{2}-\\d{2})T$", "\\1"},
      {"^(\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2})(Z|[+-]\\d{2}:\\d{2})?$", "\\1:00\\2"},
  }};
  std::string sql(text);
  for (const auto& [pattern, completed] : kCompletions) {
    sql = fmt::format("regexp_replace({}, '{}', '{}')", sql, pattern, completed);
  }
  return fmt::format("CAST(CAST({} AS TIMESTAMPTZ) AS TIMESTAMP)", sql);
}

std::string written_timestamp(std::string_view timestamp) {
  return fmt::format(
      "CASE WHEN date_trunc('second', {0}) = {0} THEN strftime({0}, '%Y-%m-%dT%H:%M:%SZ') "
      "ELSE strftime({0}, '%Y-%m-%dT%H:%M:%S.%gZ') END",
      timestamp);
}

Result<std::vector<Value>> Translator::parse_arguments() {
  TRY(expect_sign("("));
  std::vector<Value> values;
  if (take_sign(")")) return values;
  size_t size = 0;
  do {
    TRY(values.emplace_back(), parse_value());
    size += values.back().sql.size();
    if (size > kSqlBytesMax) return fail(select_error("ExpressionTooLong"));
  } while (take_sign(","));
  TRY(expect_sign(")"));
  return values;
}

Result<Value> Translator::parse_function(const Token& name) {
  const auto is = [&name](std::string_view other) { return equal_ignoring_case(name.text, other); };
  if (std::ranges::any_of(kAggregates, is)) return parse_aggregate(name);
  if (is("CAST")) return parse_cast();
  if (is("SUBSTRING")) return parse_substring();
  if (is("TRIM")) return parse_trim();
  if (is("EXTRACT")) return parse_extract();
  if (is("DATE_ADD") || is("DATE_DIFF")) return parse_date_function(name);
  if (is("TO_STRING")) return parse_to_string();
  ++at_;
  TRY(std::vector<Value> arguments, parse_arguments());
  return call(name, std::move(arguments));
}

Result<Value> Translator::call(const Token& name, std::vector<Value> arguments) const {
  const auto is = [&name](std::string_view other) { return equal_ignoring_case(name.text, other); };
  const auto takes = [&](size_t count) { return arguments.size() == count; };
  if (is("COALESCE") && !arguments.empty()) {
    const Type type = common_type(arguments);
    std::string list;
    for (const Value& value : arguments) {
      list += fmt::format("{}{}", list.empty() ? "" : ", ", as_type(value, type));
    }
    return Value{fmt::format("coalesce({})", list), type};
  }
  if (is("NULLIF") && takes(2)) {
    TRY(const Value equal, compare(arguments[0], "=", arguments[1]));
    return Value{fmt::format("CASE WHEN {} THEN NULL ELSE {} END", equal.sql, arguments[0].sql),
                 arguments[0].type};
  }
  if ((is("CHAR_LENGTH") || is("CHARACTER_LENGTH")) && takes(1)) {
    return Value{fmt::format("length({})", as_text(arguments[0])), Type::integer};
  }
  if (is("LOWER") && takes(1)) {
    return Value{fmt::format("lower({})", as_text(arguments[0])), Type::text};
  }
  if (is("UPPER") && takes(1)) {
    return Value{fmt::format("upper({})", as_text(arguments[0])), Type::text};
  }
  if (is("TO_TIMESTAMP") && takes(1)) {
    return Value{as_timestamp(arguments[0]), Type::timestamp};
  }
  if (is("UTCNOW") && takes(0)) {
    return Value{fmt::format("make_timestamp({})", now_.time_since_epoch().count()),
                 Type::timestamp};
  }
  constexpr std::array<std::string_view, 8> kNames = {"COALESCE",         "NULLIF", "CHAR_LENGTH",
                                                      "CHARACTER_LENGTH", "LOWER",  "UPPER",
                                                      "TO_TIMESTAMP",     "UTCNOW"};
  if (std::ranges::any_of(kNames, is)) return refuse("IllegalSqlFunctionArgument", name.position);
  return refuse("UnsupportedFunction", name.position);
}

// DIVERGES: MIN and MAX of fields of CSV and JSON are those of their numbers, as SUM and AVG are.
Result<Value> Translator::parse_aggregate(const Token& name) {
  if (in_aggregate_ || in_where_) return refuse("UnsupportedSqlStructure", name.position);
  at_ += 2;
  aggregates_ = true;
  const bool count = equal_ignoring_case(name.text, "COUNT");
  if (is_sign("*")) {
    if (!count) return unexpected();
    ++at_;
    TRY(expect_sign(")"));
    return Value{"count(*)", Type::integer};
  }
  in_aggregate_ = true;
  TRY(const Value value, parse_value());
  in_aggregate_ = false;
  TRY(expect_sign(")"));
  if (count) return Value{fmt::format("count({})", value.sql), Type::integer};
  const bool extreme =
      equal_ignoring_case(name.text, "MIN") || equal_ignoring_case(name.text, "MAX");
  const bool plain = value.type != Type::boolean && value.type != Type::timestamp;
  if (!plain && !extreme) return refuse("UnsupportedSqlOperation", name.position);
  const bool sum = equal_ignoring_case(name.text, "SUM");
  const bool whole = value.type == Type::integer && (extreme || sum);
  const Type type = plain ? (whole ? Type::integer : Type::real) : value.type;
  return Value{fmt::format("{}({})", name.text, as_number(value)), type};
}

// CAST(x AS type)
Result<Value> Translator::parse_cast() {
  at_ += 2;
  TRY(const Value value, parse_value());
  TRY(expect_word("AS"));
  const std::string text = as_text(value);
  const bool number = is_number(value) || value.type == Type::native;
  const std::string& from = number ? value.sql : text;
  Value out;
  if (take_word("INT") || take_word("INTEGER")) {
    out = {fmt::format("CAST({} AS BIGINT)", from), Type::integer};
  } else if (take_word("FLOAT")) {
    out = {fmt::format("CAST({} AS DOUBLE)", from), Type::real};
  } else if (take_word("BOOL") || take_word("BOOLEAN")) {
    out = {fmt::format("CAST({} AS BOOLEAN)", from), Type::boolean};
  } else if (take_word("STRING") || take_word("CHAR") || take_word("VARCHAR")) {
    out = {text, Type::text};
  } else if (take_word("TIMESTAMP")) {
    out = {as_timestamp(value), Type::timestamp};
  } else if (take_word("DECIMAL") || take_word("NUMERIC")) {
    std::string size = "38, 10";
    if (take_sign("(")) {
      const auto digits = [this] {
        return token().kind == TokenKind::number && token().text.size() <= 2;
      };
      if (!digits()) return unexpected();
      size = tokens_[at_++].text + ", 0";
      if (take_sign(",")) {
        if (!digits()) return unexpected();
        size.replace(size.size() - 1, 1, tokens_[at_++].text);
      }
      TRY(expect_sign(")"));
    }
    out = {fmt::format("CAST({} AS DECIMAL({}))", from, size), Type::real};
  } else {
    return unexpected("ParseExpectedTypeName");
  }
  TRY(expect_sign(")"));
  return out;
}

// SUBSTRING(text FROM start FOR length), SUBSTRING(text, start, length)
Result<Value> Translator::parse_substring() {
  at_ += 2;
  TRY(const Value text, parse_value());
  if (!take_word("FROM") && !take_sign(",")) return unexpected();
  TRY(const Value start, parse_value());
  std::string sql =
      fmt::format("substring({}, greatest(CAST({} AS BIGINT), 1)", as_text(text), as_number(start));
  if (take_word("FOR") || take_sign(",")) {
    TRY(const Value length, parse_value());
    sql += fmt::format(", greatest(CAST({} AS BIGINT), 0)", as_number(length));
  }
  TRY(expect_sign(")"));
  return Value{sql + ")", Type::text};
}

// TRIM([[LEADING | TRAILING | BOTH] [characters] FROM] text)
Result<Value> Translator::parse_trim() {
  at_ += 2;
  std::string_view function = "trim";
  bool side = true;
  if (take_word("LEADING")) {
    function = "ltrim";
  } else if (take_word("TRAILING")) {
    function = "rtrim";
  } else {
    side = take_word("BOTH");
  }
  std::string characters;
  if (side && take_word("FROM")) {
    TRY(const Value text, parse_value());
    TRY(expect_sign(")"));
    return Value{fmt::format("{}({})", function, as_text(text)), Type::text};
  }
  TRY(Value text, parse_value());
  if (take_word("FROM")) {
    characters = ", " + as_text(text);
    TRY(text, parse_value());
  } else if (side) {
    return unexpected();
  }
  TRY(expect_sign(")"));
  return Value{fmt::format("{}({}{})", function, as_text(text), characters), Type::text};
}

Result<std::string> Translator::parse_date_part() {
  for (const DatePart& part : kDateParts) {
    if (take_word(part.name)) return std::string(part.name);
  }
  return unexpected("ParseExpectedDatePart");
}

// EXTRACT(part FROM timestamp)
Result<Value> Translator::parse_extract() {
  at_ += 2;
  std::string part;
  if (take_word("TIMEZONE_HOUR") || take_word("TIMEZONE_MINUTE")) {
    part.clear();  // Timestamps are kept as UTC.
  } else {
    TRY(part, parse_date_part());
  }
  TRY(expect_word("FROM"));
  TRY(const Value value, parse_value());
  TRY(expect_sign(")"));
  if (part.empty()) return Value{"0", Type::integer};
  return Value{fmt::format("date_part({}, {})", quoted_text(part), as_timestamp(value)),
               Type::integer};
}

// DATE_ADD(part, number, timestamp), DATE_DIFF(part, from, to)
Result<Value> Translator::parse_date_function(const Token& name) {
  at_ += 2;
  TRY(const std::string part, parse_date_part());
  TRY(expect_sign(","));
  TRY(const Value first, parse_value());
  TRY(expect_sign(","));
  TRY(const Value second, parse_value());
  TRY(expect_sign(")"));
  if (equal_ignoring_case(name.text, "DATE_DIFF")) {
    return Value{fmt::format("date_sub({}, {}, {})", quoted_text(part), as_timestamp(first),
                             as_timestamp(second)),
                 Type::integer};
  }
  const auto known = std::ranges::find(kDateParts, part, &DatePart::name);
  return Value{fmt::format("({} + {}(CAST({} AS INTEGER)))", as_timestamp(second), known->interval,
                           as_number(first)),
               Type::timestamp};
}

// TO_STRING(timestamp, 'yyyy-MM-dd')
Result<Value> Translator::parse_to_string() {
  at_ += 2;
  TRY(const Value value, parse_value());
  TRY(expect_sign(","));
  std::string format;
  const bool known = token().kind == TokenKind::text && strftime_of(token().text, format);
  if (!known) return unexpected("IllegalSqlFunctionArgument");
  ++at_;
  TRY(expect_sign(")"));
  return Value{fmt::format("strftime({}, {})", as_timestamp(value), quoted_text(format)),
               Type::text};
}

}  // namespace millrace::s3::select
