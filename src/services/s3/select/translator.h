// The parser of one expression, which writes DuckDB's SQL as it goes. Private to statement.h.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "services/s3/select/lexer.h"
#include "services/s3/select/statement.h"

namespace millrace::s3::select {

enum class Type : uint8_t {
  untyped,  // Of CSV or JSON: the SQL is text, which may stand for a number or a boolean.
  text,
  integer,
  real,
  boolean,
  timestamp,
  null,
  native,  // Of Parquet, with a type that only DuckDB compares.
};

// A value: the SQL of it, and what it is.
struct Value {
  std::string sql;
  Type type = Type::null;
  std::string json = {};  // The SQL of the same as JSON, of what comes from JSON and Parquet.
  std::string name = {};  // What its column is called; empty: by its position.
};

class Translator final {
 public:
  Translator(std::string_view expression, std::vector<Token> tokens, const Source& source,
             bool json, Time now)
      : expression_(expression),
        tokens_(std::move(tokens)),
        source_(source),
        json_(json),
        now_(now) {}

  Result<Statement> run();

 private:
  static constexpr int kDepthMax = 48;
  static constexpr size_t kSqlBytesMax = 512 * 1024;
  static constexpr size_t kColumnsMax = 1'000;

  struct Step {
    enum class Kind : uint8_t { name, index, every_member, every_element } kind;
    std::string text;  // Of a name; of an index its digits.
    bool exact = false;
  };

  // --- Tokens.
  const Token& token() const { return tokens_[at_]; }
  const Token& ahead(size_t by) const { return tokens_[std::min(at_ + by, tokens_.size() - 1)]; }
  bool is_word(std::string_view word) const;  // An unquoted word, in any case.
  bool is_sign(std::string_view sign) const;
  bool take_word(std::string_view word);
  bool take_sign(std::string_view sign);
  Result<void> expect_sign(std::string_view sign);
  Result<void> expect_word(std::string_view word);
  std::unexpected<Error> unexpected(std::string_view code = "ParseUnexpectedToken") const;
  std::unexpected<Error> refuse(std::string_view code, size_t position,
                                std::string message = {}) const;

  // --- The statement: statement.cc.
  Result<size_t> find_from() const;
  Result<void> parse_from();
  Result<void> parse_row_path();
  Result<std::vector<Value>> parse_list();
  Result<void> add_output(Statement& out, std::string& list, Value value) const;
  Result<void> add_all(Statement& out, std::string& list) const;
  Result<std::string> parse_tail();

  // --- Operators: operators.cc.
  Result<Value> parse_value();  // The lowest precedence.
  Result<Value> parse_and();
  Result<Value> parse_not();
  Result<Value> parse_comparison();
  Result<Value> parse_predicate(Value left, bool negated);
  Result<Value> parse_joined();
  Result<Value> parse_sum();
  Result<Value> parse_product();
  Result<Value> parse_unary();
  Result<Value> parse_primary();
  Result<Value> parse_ion();
  Result<Value> parse_case();
  Result<Value> compare(const Value& left, std::string_view sign, const Value& right) const;
  Result<Value> calculate(const Value& left, std::string_view sign, const Value& right) const;
  static Result<void> check_size(const Value& left, const Value& right);
  Result<std::string> as_boolean(const Value& value, size_t position) const;
  static bool is_number(const Value& value);
  static std::string as_number(const Value& value);
  static std::string as_text(const Value& value);
  static std::string as_timestamp(const Value& value);
  // Several values of which one is answered: all in a type that holds each.
  static Type common_type(const std::vector<Value>& values);
  static std::string as_type(const Value& value, Type type);

  // --- Functions: functions.cc.
  Result<Value> parse_function(const Token& name);
  Result<Value> parse_aggregate(const Token& name);
  Result<Value> parse_cast();
  Result<Value> parse_substring();
  Result<Value> parse_trim();
  Result<Value> parse_extract();
  Result<Value> parse_date_function(const Token& name);
  Result<Value> parse_to_string();
  Result<Value> call(const Token& name, std::vector<Value> arguments) const;
  Result<std::string> parse_date_part();
  Result<std::vector<Value>> parse_arguments();

  // --- Columns: paths.cc.
  Result<Value> parse_path();
  Result<Step> parse_step();
  Result<Value> csv_column(const Token& at, const Step& step) const;
  Result<Value> json_member(const Token& at, const std::vector<Step>& steps) const;
  Result<Value> parquet_column(const Token& at, const std::vector<Step>& steps) const;
  Value parquet_value(size_t column) const;
  bool names_row(const Token& name) const;

  const std::string_view expression_;
  const std::vector<Token> tokens_;
  const Source& source_;
  const bool json_;
  const Time now_;
  size_t at_ = 0;
  int depth_ = 0;

  std::string rows_;         // The SQL of FROM.
  std::string alias_;        // What a row is called, besides S3Object; empty where it has no name.
  bool aggregates_ = false;  // An aggregate was parsed.
  bool in_aggregate_ = false;
  bool in_where_ = false;
  bool columns_ = false;  // A column was parsed outside an aggregate.
};

// The SQL of a timestamp that `text`, an SQL expression, writes as ISO 8601 does.
std::string parsed_timestamp(std::string_view text);
// The text of a timestamp, as S3 Select writes it.
std::string written_timestamp(std::string_view timestamp);

bool equal_ignoring_case(std::string_view a, std::string_view b);

}  // namespace millrace::s3::select
