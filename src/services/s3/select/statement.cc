#include "services/s3/select/statement.h"

#include <fmt/format.h>

#include <algorithm>

#include "services/s3/select/problems.h"
#include "services/s3/select/translator.h"

namespace millrace::s3::select {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string doubled(std::string_view text, char quote) {
  std::string out(1, quote);
  for (const char c : text) {
    if (c == quote) out += quote;
    out += c;
  }
  return out += quote;
}

}  // namespace

std::string quoted_text(std::string_view text) { return doubled(text, '\''); }
std::string quoted_name(std::string_view name) { return doubled(name, '"'); }

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) { return lower(x) == lower(y); });
}

bool Translator::is_word(std::string_view word) const {
  return token().kind == TokenKind::word && equal_ignoring_case(token().text, word);
}

bool Translator::is_sign(std::string_view sign) const {
  return token().kind == TokenKind::sign && token().text == sign;
}

bool Translator::take_word(std::string_view word) {
  const bool taken = is_word(word);
  at_ += taken ? 1 : 0;
  return taken;
}

bool Translator::take_sign(std::string_view sign) {
  const bool taken = is_sign(sign);
  at_ += taken ? 1 : 0;
  return taken;
}

Result<void> Translator::expect_sign(std::string_view sign) {
  if (!take_sign(sign)) return unexpected();
  return {};
}

Result<void> Translator::expect_word(std::string_view word) {
  if (!take_word(word)) return unexpected();
  return {};
}

std::unexpected<Error> Translator::unexpected(std::string_view code) const {
  const std::string found = token().kind == TokenKind::end ? "the end" : token().text;
  return refuse(code, token().position,
                fmt::format("Unexpected token found: {} at {}.", found.substr(0, 64),
                            place_of(expression_, token().position)));
}

std::unexpected<Error> Translator::refuse(std::string_view code, size_t position,
                                          std::string message) const {
  if (message.empty()) {
    message = fmt::format("{} At {}.", select_error(code).message, place_of(expression_, position));
  }
  return fail(select_error(code, std::move(message)));
}

// FROM comes after the list, and tells what the list's names mean. The one that separates a part
// of a date from its timestamp stands in parentheses.
Result<size_t> Translator::find_from() const {
  int open = 0;
  for (size_t i = 0; i < tokens_.size(); ++i) {
    const Token& one = tokens_[i];
    if (one.kind == TokenKind::sign && one.text == "(") ++open;
    if (one.kind == TokenKind::sign && one.text == ")") --open;
    const bool from = one.kind == TokenKind::word && equal_ignoring_case(one.text, "FROM");
    if (from && open == 0) return i;
  }
  return refuse("ParseSelectMissingFrom", tokens_.back().position);
}

// FROM S3Object[*].a.b[*] AS x
Result<void> Translator::parse_from() {
  if (!is_word("S3Object")) return unexpected();
  ++at_;
  rows_ = source_.table;
  const bool path = is_sign("[") || is_sign(".");
  if (path && source_.format != Format::json) return unexpected("UnsupportedSqlStructure");
  if (path) TRY(parse_row_path());
  const bool named = take_word("AS");
  const bool clause = is_word("WHERE") || is_word("LIMIT");
  const bool name =
      token().kind == TokenKind::quoted_name || (token().kind == TokenKind::word && !clause);
  if (named && !name) return unexpected("InvalidTableAlias");
  if (name) {
    alias_ = token().text;
    ++at_;
  }
  return {};
}

// AWS: a wildcard answers one record at least, an empty one where nothing matches. Pinned by
// SelectStatement.RowsOfAPath.
Result<void> Translator::parse_row_path() {
  bool first = true;
  alias_ = "_1";
  while (is_sign("[") || is_sign(".")) {
    const size_t position = token().position;
    TRY(const Step step, parse_step());
    const bool every = step.kind == Step::Kind::every_element;
    if (first && !every) return refuse("ParseInvalidPathComponent", position);
    if (!first && (every || step.kind == Step::Kind::every_member)) {
      rows_ = fmt::format(
          "(SELECT unnest(CASE WHEN len(list) > 0 THEN list ELSE [NULL] END) AS doc FROM "
          "(SELECT json_extract(doc, '$.*') AS list FROM {}))",
          rows_);
      if (every) rows_.replace(rows_.find("'$.*'"), 5, "'$[*]'");
      alias_ = "_1";
    } else if (!first) {
      if (step.text.contains('"')) return refuse("InvalidKeyPath", position);
      const bool member = step.kind == Step::Kind::name;
      const std::string inner =
          member ? fmt::format("$.\"{}\"", step.text) : fmt::format("$[{}]", step.text);
      rows_ =
          fmt::format("(SELECT json_extract(doc, {}) AS doc FROM {})", quoted_text(inner), rows_);
      if (member) alias_ = step.text;
    }
    if (rows_.size() > kSqlBytesMax) return fail(select_error("ExpressionTooLong"));
    first = false;
  }
  return {};
}

Result<std::vector<Value>> Translator::parse_list() {
  std::vector<Value> values;
  do {
    if (values.size() == kColumnsMax) return fail(select_error("OverMaxColumn"));
    TRY(Value value, parse_value());
    if (take_word("AS")) {
      const bool name = token().kind == TokenKind::quoted_name || token().kind == TokenKind::word;
      if (!name) return unexpected();
    }
    if (token().kind == TokenKind::quoted_name ||
        (token().kind == TokenKind::word && !is_word("FROM"))) {
      value.name = token().text;
      ++at_;
    }
    values.push_back(std::move(value));
  } while (take_sign(","));
  return values;
}

Result<void> Translator::add_output(Statement& out, std::string& list, Value value) const {
  OutputForm form = OutputForm::text;
  std::string sql = value.sql;
  const bool number = value.type == Type::integer || value.type == Type::real;
  if (json_ && !value.json.empty()) {
    form = OutputForm::json;
    sql = fmt::format("CAST({} AS VARCHAR)", value.json);
  } else if (number || value.type == Type::boolean || value.type == Type::null) {
    form = OutputForm::bare;
  } else if (value.type == Type::timestamp) {
    sql = written_timestamp(value.sql);
  } else {
    sql = as_text(value);
  }
  const std::string name =
      value.name.empty() ? fmt::format("_{}", out.columns.size() + 1) : std::move(value.name);
  list += fmt::format("{}{} AS o{}", list.empty() ? "" : ", ", sql, out.columns.size() + 1);
  out.columns.push_back({name, form});
  if (list.size() > kSqlBytesMax) return fail(select_error("ExpressionTooLong"));
  return {};
}

Result<void> Translator::add_all(Statement& out, std::string& list) const {
  if (source_.format == Format::json) {
    list = "CAST(json(doc) AS VARCHAR) AS o1";  // Without blanks and lines.
    out.columns.push_back({"", OutputForm::document});
    return {};
  }
  for (size_t i = 0; i < source_.columns.size(); ++i) {
    if (source_.format == Format::parquet) {
      TRY(add_output(out, list, parquet_value(i)));
      continue;
    }
    Value value{fmt::format("c{}", i + 1), Type::untyped};
    value.name = source_.columns[i].name;
    TRY(add_output(out, list, std::move(value)));
  }
  return {};
}

// WHERE … LIMIT …
Result<std::string> Translator::parse_tail() {
  std::string sql;
  if (take_word("WHERE")) {
    in_where_ = true;
    const size_t position = token().position;
    TRY(const Value where, parse_value());
    TRY(const std::string condition, as_boolean(where, position));
    sql += " WHERE " + condition;
  }
  if (take_word("LIMIT")) {
    const bool whole =
        token().kind == TokenKind::number && token().text.size() <= 18 &&
        std::ranges::all_of(token().text, [](char c) { return c >= '0' && c <= '9'; });
    if (!whole) return unexpected();
    sql += " LIMIT " + token().text;
    ++at_;
  }
  if (token().kind == TokenKind::end) return sql;
  for (const std::string_view clause : {"GROUP", "ORDER", "HAVING", "JOIN", "UNION", "OFFSET"}) {
    if (is_word(clause)) return unexpected("UnsupportedSqlStructure");
  }
  return unexpected();
}

Result<Statement> Translator::run() {
  if (!take_word("SELECT")) return unexpected();
  const size_t list_begin = at_;
  TRY(const size_t from, find_from());
  at_ = from + 1;
  TRY(parse_from());
  const size_t tail = at_;

  at_ = list_begin;
  if (is_word("DISTINCT")) return unexpected("UnsupportedSqlStructure");
  Statement out;
  std::string list;
  const bool row_star = names_row(token()) && ahead(1).text == "." && ahead(2).text == "*";
  if (row_star) at_ += 2;
  const size_t first = token().position;
  if (take_sign("*")) {
    TRY(add_all(out, list));
  } else {
    TRY(std::vector<Value> values, parse_list());
    for (Value& value : values) TRY(add_output(out, list, std::move(value)));
  }
  if (at_ != from) return unexpected();
  // AWS: what stands beside an aggregate must be one. Pinned by SelectStatement.Aggregates.
  if (aggregates_ && columns_) return refuse("UnsupportedSqlStructure", first);

  at_ = tail;
  TRY(const std::string rest, parse_tail());
  out.sql = fmt::format("SELECT {} FROM {}{}", list, rows_, rest);
  return out;
}

Result<Statement> translate(std::string_view expression, const Source& source, bool json,
                            Time now) {
  TRY(std::vector<Token> tokens, tokens_of(expression));
  return Translator(expression, std::move(tokens), source, json, now).run();
}

}  // namespace millrace::s3::select
