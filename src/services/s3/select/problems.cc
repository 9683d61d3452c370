#include "services/s3/select/problems.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace millrace::s3::select {
namespace {

struct Row {
  std::string_view code;
  std::string_view message;
};

constexpr std::array kRows = {
    Row{"AmbiguousFieldName",
        "Some field names in the query matched multiple fields in the file. Please check the query "
        "and the file and try again."},
    Row{"Busy", "The service is unavailable. Try again later."},
    Row{"CastFailed",
        "Attempt to convert from one data type to another using CAST failed in the SQL "
        "expression."},
    Row{"CSVParsingError",
        "Encountered an error parsing the CSV file. Check the file and try again."},
    Row{"EmptyRequestBody", "Request body cannot be empty."},
    Row{"ExpressionTooLong",
        "The SQL expression is too long: The maximum byte-length for the SQL expression is 256 "
        "KB."},
    Row{"IllegalSqlFunctionArgument", "An illegal argument was used in the SQL function."},
    Row{"InvalidColumnIndex",
        "The column index is invalid. Please check the service documentation and try again."},
    Row{"InvalidCompressionFormat",
        "GZIP is not applicable to the queried object. Please correct the request and try again."},
    Row{"InvalidKeyPath", "The key path is not valid in the SQL expression."},
    Row{"InvalidRequestParameter",
        "The value of a parameter in the SelectRequest element is not valid. Check the service API "
        "documentation and try again."},
    Row{"InvalidScanRange", "The specified scan range is invalid."},
    Row{"InvalidTableAlias", "The SQL expression contains a table alias that is not valid."},
    Row{"InvalidTextEncoding", "UTF-8 encoding is required."},
    Row{"JSONParsingError",
        "Encountered an error parsing the JSON file. Check the file and try again."},
    Row{"LexerInvalidChar", "The SQL expression contains an invalid character."},
    Row{"LexerInvalidIONLiteral", "The SQL expression contains an invalid Ion literal."},
    Row{"LexerInvalidLiteral", "The SQL expression contains an invalid literal."},
    Row{"MissingHeaders",
        "Some headers in the query are missing from the file. Please check the file and try "
        "again."},
    Row{"MissingRequiredParameter",
        "The SelectRequest entity is missing a required parameter. Check the service documentation "
        "and try again."},
    Row{"ObjectSerializationConflict",
        "The SelectRequest entity can only contain one of CSV or JSON. Check the service "
        "documentation and try again."},
    Row{"OverMaxColumn",
        "The number of columns in the result is greater than the maximum allowable."},
    Row{"OverMaxRecordSize",
        "The length of a record in the input or result is greater than the maxCharsPerRecord limit "
        "of 1 MB."},
    Row{"ParquetParsingError", "Error parsing Parquet file. Please check the file and try again."},
    Row{"ParseExpectedDatePart", "Did not find the expected date part in the SQL expression."},
    Row{"ParseExpectedTypeName", "Did not find the expected type name in the SQL expression."},
    Row{"ParseInvalidPathComponent", "The SQL expression contains an invalid path component."},
    Row{"ParseSelectMissingFrom", "The SQL expression has no FROM clause after its SELECT list."},
    Row{"ParseUnexpectedOperator", "The SQL expression contains an unexpected operator."},
    Row{"ParseUnexpectedToken", "The SQL expression contains an unexpected token."},
    Row{"ParseUnsupportedSyntax", "The SQL expression contains unsupported syntax."},
    Row{"UnsupportedFunction", "Encountered an unsupported SQL function."},
    Row{"UnsupportedScanRangeInput",
        "Scan range queries are not supported on this type of object."},
    Row{"UnsupportedSqlOperation", "Encountered an unsupported SQL operation."},
    Row{"UnsupportedSqlStructure",
        "Encountered an unsupported SQL structure. Check the SQL Reference."},
    Row{"ValueParseFailure", "Timestamp parse failure in the SQL expression."},
};

}  // namespace

Error select_error(std::string_view code, std::string message) {
  const auto row = std::ranges::find(kRows, code, &Row::code);
  ASSERT(row != kRows.end());
  Error error{ErrorKind::invalid, message.empty() ? std::string(row->message) : std::move(message)};
  error.code = code;
  error.http_status = code == "Busy" ? 503 : 400;
  return error;
}

std::string place_of(std::string_view expression, size_t position) {
  const std::string_view before = expression.substr(0, position);
  const size_t line = static_cast<size_t>(std::ranges::count(before, '\n')) + 1;
  const size_t begin = before.rfind('\n') + 1;  // npos + 1 is the beginning.
  return fmt::format("line {}, column {}", line, before.size() - begin + 1);
}

}  // namespace millrace::s3::select
