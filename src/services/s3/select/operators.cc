#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "services/s3/select/problems.h"
#include "services/s3/select/translator.h"

namespace millrace::s3::select {
namespace {

std::string cast_softly(std::string_view sql, std::string_view type) {
  return fmt::format("TRY_CAST({} AS {})", sql, type);
}

}  // namespace

bool Translator::is_number(const Value& value) {
  return value.type == Type::integer || value.type == Type::real;
}

// AWS: a field of CSV or JSON becomes what it is compared with; one that cannot matches nothing.
// Pinned by SelectStatement.FieldsBecomeWhatTheyAreComparedWith.
std::string Translator::as_number(const Value& value) {
  const bool text = value.type == Type::untyped || value.type == Type::text;
  return text ? cast_softly(value.sql, "DOUBLE") : value.sql;
}

std::string Translator::as_text(const Value& value) {
  if (value.type == Type::untyped || value.type == Type::text) return value.sql;
  if (value.type == Type::timestamp) return written_timestamp(value.sql);
  return fmt::format("CAST({} AS VARCHAR)", value.sql);
}

std::string Translator::as_timestamp(const Value& value) {
  const bool text = value.type == Type::untyped || value.type == Type::text;
  return text ? parsed_timestamp(value.sql) : value.sql;
}

Result<std::string> Translator::as_boolean(const Value& value, size_t position) const {
  switch (value.type) {
    case Type::boolean:
    case Type::null:
    case Type::native:
      return value.sql;
    case Type::untyped:
      return cast_softly(value.sql, "BOOLEAN");
    default:
      return refuse("UnsupportedSqlOperation", position);
  }
}

Type Translator::common_type(const std::vector<Value>& values) {
  Type type = Type::null;
  for (const Value& value : values) {
    if (value.type == Type::null || value.type == type) continue;
    const bool numbers = is_number(value) && (type == Type::integer || type == Type::real);
    if (type == Type::null) {
      type = value.type;
    } else {
      type = numbers ? Type::real : Type::text;
    }
  }
  return type;
}

std::string Translator::as_type(const Value& value, Type type) {
  return type == Type::text ? as_text(value) : value.sql;
}

// The same text may stand in the SQL several times, so that it grows faster than the expression.
Result<void> Translator::check_size(const Value& left, const Value& right) {
  if (left.sql.size() + right.sql.size() <= kSqlBytesMax) return {};
  return fail(select_error("ExpressionTooLong"));
}

Result<Value> Translator::compare(const Value& left, std::string_view sign,
                                  const Value& right) const {
  TRY(check_size(left, right));
  const auto plain = [&](std::string_view a, std::string_view b) {
    return Value{fmt::format("({} {} {})", a, sign, b), Type::boolean};
  };
  const auto either = [&](Type type) { return left.type == type || right.type == type; };
  if (either(Type::native) || either(Type::null)) return plain(left.sql, right.sql);
  if (either(Type::timestamp)) return plain(as_timestamp(left), as_timestamp(right));
  if (is_number(left) || is_number(right)) return plain(as_number(left), as_number(right));
  if (either(Type::boolean)) {
    TRY(const std::string a, as_boolean(left, token().position));
    TRY(const std::string b, as_boolean(right, token().position));
    return plain(a, b);
  }
  const bool members =
      source_.format == Format::json && left.type == Type::untyped && right.type == Type::untyped;
  if (!members) return plain(left.sql, right.sql);
  const Value numbers = plain(as_number(left), as_number(right));
  return Value{fmt::format("coalesce({}, {})", numbers.sql, plain(left.sql, right.sql).sql),
               Type::boolean};
}

Result<Value> Translator::calculate(const Value& left, std::string_view sign,
                                    const Value& right) const {
  TRY(check_size(left, right));
  const auto allowed = [](const Value& value) {
    return value.type != Type::boolean && value.type != Type::timestamp;
  };
  if (!allowed(left) || !allowed(right)) {
    return refuse("UnsupportedSqlOperation", token().position);
  }
  const bool whole = left.type == Type::integer && right.type == Type::integer;
  const std::string_view operation = whole && sign == "/" ? "//" : sign;
  return Value{fmt::format("({} {} {})", as_number(left), operation, as_number(right)),
               whole ? Type::integer : Type::real};
}

Result<Value> Translator::parse_value() {
  if (++depth_ > kDepthMax) {
    return refuse("ParseUnsupportedSyntax", token().position, "The SQL expression is too deep.");
  }
  TRY(Value left, parse_and());
  while (is_word("OR")) {
    const size_t position = token().position;
    ++at_;
    TRY(const Value right, parse_and());
    TRY(check_size(left, right));
    TRY(const std::string a, as_boolean(left, position));
    TRY(const std::string b, as_boolean(right, position));
    left = {fmt::format("({} OR {})", a, b), Type::boolean};
  }
  if (left.sql.size() > kSqlBytesMax) return fail(select_error("ExpressionTooLong"));
  --depth_;
  return left;
}

Result<Value> Translator::parse_and() {
  TRY(Value left, parse_not());
  while (is_word("AND")) {
    const size_t position = token().position;
    ++at_;
    TRY(const Value right, parse_not());
    TRY(check_size(left, right));
    TRY(const std::string a, as_boolean(left, position));
    TRY(const std::string b, as_boolean(right, position));
    left = {fmt::format("({} AND {})", a, b), Type::boolean};
  }
  return left;
}

Result<Value> Translator::parse_not() {
  size_t count = 0;
  const size_t position = token().position;
  while (take_word("NOT")) ++count;
  TRY(Value value, parse_comparison());
  if (count == 0) return value;
  TRY(const std::string sql, as_boolean(value, position));
  return Value{count % 2 == 1 ? fmt::format("(NOT {})", sql) : sql, Type::boolean};
}

Result<Value> Translator::parse_comparison() {
  TRY(Value left, parse_joined());
  for (;;) {
    constexpr std::array<std::string_view, 7> kSigns = {"=", "<>", "!=", "<", "<=", ">", ">="};
    const bool sign =
        token().kind == TokenKind::sign && std::ranges::find(kSigns, token().text) != kSigns.end();
    if (sign) {
      const std::string operation = token().text;
      ++at_;
      TRY(const Value right, parse_joined());
      TRY(left, compare(left, operation, right));
    } else if (take_word("IS")) {
      const bool negated = take_word("NOT");
      if (!take_word("NULL") && !take_word("MISSING")) return unexpected();
      left = {fmt::format("({} IS {}NULL)", left.sql, negated ? "NOT " : ""), Type::boolean};
    } else {
      const bool negated = take_word("NOT");
      const bool predicate = is_word("BETWEEN") || is_word("IN") || is_word("LIKE");
      if (!predicate && negated) return unexpected();
      if (!predicate) return left;
      TRY(left, parse_predicate(std::move(left), negated));
    }
  }
}

Result<Value> Translator::parse_predicate(Value left, bool negated) {
  std::string sql;
  if (take_word("BETWEEN")) {
    TRY(const Value low, parse_joined());
    TRY(expect_word("AND"));
    TRY(const Value high, parse_joined());
    TRY(const Value above, compare(left, ">=", low));
    TRY(const Value below, compare(left, "<=", high));
    sql = fmt::format("({} AND {})", above.sql, below.sql);
  } else if (take_word("IN")) {
    TRY(const std::vector<Value> values, parse_arguments());
    if (values.empty()) return unexpected();
    for (const Value& value : values) {
      TRY(const Value equal, compare(left, "=", value));
      sql += fmt::format("{}{}", sql.empty() ? "" : " OR ", equal.sql);
      if (sql.size() > kSqlBytesMax) return fail(select_error("ExpressionTooLong"));
    }
    sql = fmt::format("({})", sql);
  } else {
    ++at_;
    TRY(const Value pattern, parse_joined());
    sql = fmt::format("({} LIKE {}", as_text(left), as_text(pattern));
    if (take_word("ESCAPE")) {
      if (token().kind != TokenKind::text || token().text.size() != 1) return unexpected();
      sql += " ESCAPE " + quoted_text(token().text);
      ++at_;
    }
    sql += ')';
  }
  return Value{negated ? fmt::format("(NOT {})", sql) : sql, Type::boolean};
}

Result<Value> Translator::parse_joined() {
  TRY(Value left, parse_sum());
  while (take_sign("||")) {
    TRY(const Value right, parse_sum());
    TRY(check_size(left, right));
    left = {fmt::format("({} || {})", as_text(left), as_text(right)), Type::text};
  }
  return left;
}

Result<Value> Translator::parse_sum() {
  TRY(Value left, parse_product());
  while (is_sign("+") || is_sign("-")) {
    const std::string sign = token().text;
    ++at_;
    TRY(const Value right, parse_product());
    TRY(left, calculate(left, sign, right));
  }
  return left;
}

Result<Value> Translator::parse_product() {
  TRY(Value left, parse_unary());
  while (is_sign("*") || is_sign("/") || is_sign("%")) {
    const std::string sign = token().text;
    ++at_;
    TRY(const Value right, parse_unary());
    TRY(left, calculate(left, sign, right));
  }
  return left;
}

Result<Value> Translator::parse_unary() {
  bool negative = false;
  bool signs = false;
  while (is_sign("-") || is_sign("+")) {
    negative = negative != is_sign("-");
    signs = true;
    ++at_;
  }
  TRY(Value value, parse_primary());
  if (!signs) return value;
  const Value zero{"0", Type::integer};
  return calculate(zero, negative ? "-" : "+", value);
}

Result<Value> Translator::parse_primary() {
  const Token first = token();
  switch (first.kind) {
    case TokenKind::number: {
      ++at_;
      const bool whole = first.text.find_first_of(".eE") == std::string::npos;
      return Value{first.text, whole ? Type::integer : Type::real};
    }
    case TokenKind::text:
      ++at_;
      return Value{quoted_text(first.text), Type::text};
    case TokenKind::ion:
      return parse_ion();
    case TokenKind::quoted_name:
      return parse_path();
    case TokenKind::sign: {
      if (!take_sign("(")) return unexpected();
      TRY(Value value, parse_value());
      TRY(expect_sign(")"));
      return value;
    }
    case TokenKind::end:
      return unexpected();
    case TokenKind::word:
      break;
  }
  if (take_word("TRUE")) return Value{"TRUE", Type::boolean};
  if (take_word("FALSE")) return Value{"FALSE", Type::boolean};
  if (take_word("NULL") || take_word("MISSING")) return Value{"NULL", Type::null};
  if (is_word("CASE")) return parse_case();
  const bool call = ahead(1).kind == TokenKind::sign && ahead(1).text == "(";
  if (call) return parse_function(first);
  for (const std::string_view keyword :
       {"SELECT", "FROM", "WHERE", "LIMIT", "AND", "OR", "NOT", "AS", "IN", "IS", "LIKE", "BETWEEN",
        "WHEN", "THEN", "ELSE", "END"}) {
    if (is_word(keyword)) return unexpected();
  }
  return parse_path();
}

// `true`, `12`, `2010-01-01T00:00Z`
Result<Value> Translator::parse_ion() {
  const Token ion = token();
  ++at_;
  if (ion.text == "true") return Value{"TRUE", Type::boolean};
  if (ion.text == "false") return Value{"FALSE", Type::boolean};
  const bool timestamp =
      ion.text.size() >= 5 && ion.text.size() <= 40 &&
      std::ranges::all_of(ion.text.substr(0, 4), [](char c) { return c >= '0' && c <= '9'; }) &&
      (ion.text[4] == '-' || ion.text[4] == 'T');
  if (!timestamp) return refuse("LexerInvalidIONLiteral", ion.position);
  return Value{parsed_timestamp(quoted_text(ion.text)), Type::timestamp};
}

// CASE WHEN a THEN b ELSE c END, CASE x WHEN a THEN b END
Result<Value> Translator::parse_case() {
  ++at_;
  Value subject;
  const bool simple = !is_word("WHEN");
  if (simple) {
    TRY(subject, parse_value());
  }
  std::vector<std::string> conditions;
  std::vector<Value> values;
  while (take_word("WHEN")) {
    const size_t position = token().position;
    TRY(Value condition, parse_value());
    if (simple) {
      TRY(condition, compare(subject, "=", condition));
    }
    TRY(conditions.emplace_back(), as_boolean(condition, position));
    TRY(expect_word("THEN"));
    TRY(values.emplace_back(), parse_value());
  }
  if (conditions.empty()) return unexpected();
  const bool otherwise = take_word("ELSE");
  if (otherwise) {
    TRY(values.emplace_back(), parse_value());
  }
  TRY(expect_word("END"));
  const Type type = common_type(values);
  std::string sql = "CASE";
  for (size_t i = 0; i < conditions.size(); ++i) {
    sql += fmt::format(" WHEN {} THEN {}", conditions[i], as_type(values[i], type));
    if (sql.size() > kSqlBytesMax) return fail(select_error("ExpressionTooLong"));
  }
  if (otherwise) sql += " ELSE " + as_type(values.back(), type);
  return Value{sql + " END", type};
}

}  // namespace millrace::s3::select
