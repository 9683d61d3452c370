#include "services/s3/select/records.h"

#include <fmt/format.h>

#include <array>
#include <boost/json.hpp>
#include <charconv>
#include <cmath>

#include "services/s3/select/input.h"
#include "services/s3/select/problems.h"

namespace millrace::s3::select {
namespace {

// A number or a boolean, as JSON and CSV write it; other values as they are.
std::string text_of(const sql::Value& value) {
  if (const auto* text = std::get_if<std::string_view>(&value)) return std::string(*text);
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
  if (const auto* whole = std::get_if<int64_t>(&value)) return std::to_string(*whole);
  if (const auto* real = std::get_if<double>(&value)) {
    std::array<char, 32> digits{};
    const auto [end, code] = std::to_chars(digits.data(), digits.data() + digits.size(), *real);
    return {digits.data(), end};
  }
  return {};
}

bool is_null(const sql::Value& value) { return std::holds_alternative<std::monostate>(value); }

void append_field(Bytes& out, const OutputFormat& format, std::string_view text) {
  const auto has = [text](std::string_view what) { return !what.empty() && text.contains(what); };
  const bool needed = has(format.field_delimiter) || has(format.record_delimiter) ||
                      has(format.quote) || text.find_first_of("\r\n") != std::string_view::npos;
  if (!needed && !format.quote_always) {
    out += text;
    return;
  }
  out += format.quote;
  for (size_t i = 0; i < text.size(); ++i) {
    const std::string_view rest = text.substr(i);
    const bool marked = (!format.quote.empty() && rest.starts_with(format.quote)) ||
                        (!format.escape.empty() && rest.starts_with(format.escape));
    if (marked) out += format.escape;
    out += text[i];
  }
  out += format.quote;
}

// The members of a JSON record as fields.
Result<void> append_document(Bytes& out, const OutputFormat& format, std::string_view text) {
  boost::system::error_code code;
  const boost::json::value document = boost::json::parse(text, code);
  if (code) return fail(select_error("JSONParsingError"));
  const boost::json::object* const members = document.if_object();
  if (members == nullptr) {
    append_field(out, format, text);
    return {};
  }
  bool first = true;
  for (const auto& member : *members) {
    if (!first) out += format.field_delimiter;
    first = false;
    const boost::json::value& value = member.value();
    if (value.is_null()) continue;
    append_field(
        out, format,
        value.is_string() ? std::string(value.get_string()) : boost::json::serialize(value));
  }
  return {};
}

void append_member(Bytes& out, const OutputColumn& column, const sql::Value& value, bool first) {
  if (column.form == OutputForm::json && is_null(value)) return;
  if (!first) out += ',';
  out += boost::json::serialize(boost::json::string(column.name));
  out += ':';
  const auto* const real = std::get_if<double>(&value);
  if (is_null(value) || (real != nullptr && !std::isfinite(*real))) {
    out += "null";
  } else if (column.form == OutputForm::text) {
    out += boost::json::serialize(boost::json::string(text_of(value)));
  } else {
    out += text_of(value);
  }
}

}  // namespace

Result<OutputFormat> read_output(const api::OutputSerialization& in) {
  if (in.has_csv() && in.has_json()) return fail(select_error("ObjectSerializationConflict"));
  if (!in.has_csv() && !in.has_json()) return fail(select_error("MissingRequiredParameter"));
  OutputFormat out;
  out.json = in.has_json();
  if (out.json) {
    if (in.json().has_record_delimiter()) out.record_delimiter = in.json().record_delimiter();
    return out;
  }
  const api::CSVOutput csv = in.csv();
  out.quote_always = csv.quote_fields() == "ALWAYS";
  if (csv.has_record_delimiter()) out.record_delimiter = csv.record_delimiter();
  if (csv.has_field_delimiter()) out.field_delimiter = csv.field_delimiter();
  if (csv.has_quote_character()) out.quote = csv.quote_character();
  if (csv.has_quote_escape_character()) out.escape = csv.quote_escape_character();
  if (out.quote.size() > 1 || out.escape.size() > 1) {
    return fail(select_error("InvalidRequestParameter"));
  }
  return out;
}

Result<void> append_record(Bytes& out, const OutputFormat& format,
                           const std::vector<OutputColumn>& columns, const sql::Chunk& chunk,
                           size_t row) {
  const size_t begin = out.size();
  const bool document = columns.front().form == OutputForm::document;
  if (document) {
    const std::string text = text_of(chunk.at(0, row));
    if (format.json) {
      out += text.empty() ? "{}" : text;
    } else {
      TRY(append_document(out, format, text));
    }
  } else if (format.json) {
    out += '{';
    const size_t first = out.size();
    for (size_t i = 0; i < columns.size(); ++i) {
      append_member(out, columns[i], chunk.at(i, row), out.size() == first);
    }
    out += '}';
  } else {
    for (size_t i = 0; i < columns.size(); ++i) {
      if (i != 0) out += format.field_delimiter;
      append_field(out, format, text_of(chunk.at(i, row)));
    }
  }
  if (out.size() - begin > kRecordBytesMax) return fail(select_error("OverMaxRecordSize"));
  out += format.record_delimiter;
  return {};
}

}  // namespace millrace::s3::select
