// S3 Select's SQL, translated into DuckDB's. Nothing of a user's text gets through unparsed: names
// and texts are quoted anew, functions are those of a list.
//
// Pure; one pass, without a tree: each part answers the SQL of its value, with its type, because
// CSV and JSON have values that become what they are compared with.
// Source: S3 User Guide, "SQL reference for Amazon S3 Select".
// Errors: the codes of problems.h.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace millrace::s3::select {

enum class Format : uint8_t { csv, json, parquet };

struct SourceColumn {
  std::string name;  // Of CSV: that of the header, or empty.
  std::string type;  // Of Parquet: as DuckDB writes it.
};

// What FROM S3Object means.
struct Source {
  Format format = Format::csv;
  // DuckDB's table: of CSV with the columns c1, c2, …, of JSON with one, `doc`, of Parquet with
  // those of the file.
  std::string table;
  std::vector<SourceColumn> columns;  // None of JSON.
  bool header = false;                // CSV's columns have names.
};

enum class OutputForm : uint8_t {
  text,
  bare,      // A number or a boolean: stands without quotes in JSON.
  json,      // JSON; its absence is not written.
  document,  // JSON that is the whole record.
};

struct OutputColumn {
  std::string name;
  OutputForm form = OutputForm::text;
};

struct Statement {
  std::string sql;
  std::vector<OutputColumn> columns;
};

// `json`: the records become JSON, so that values of JSON and Parquet keep their types. `now` is
// what UTCNOW() answers.
Result<Statement> translate(std::string_view expression, const Source& source, bool json, Time now);

// A text, and a name, as DuckDB's SQL writes them.
std::string quoted_text(std::string_view text);
std::string quoted_name(std::string_view name);

}  // namespace millrace::s3::select
