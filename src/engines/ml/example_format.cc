#include "engines/ml/example_format.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "engines/ml/text_examples.h"

namespace millrace::ml {
namespace {

std::string trimmed_lower(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return out;
}

// The part up to the next `;`, which it takes away.
std::string take_part(std::string_view& rest) {
  const size_t end = rest.find(';');
  std::string part = trimmed_lower(rest.substr(0, end));
  rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  return part;
}

}  // namespace

Result<ExampleFormat> parse_content_type(std::string_view content_type) {
  ExampleFormat format;
  std::string_view rest = content_type;
  const std::string bare = take_part(rest);
  if (bare == "text/csv") {
    format.kind = ExampleFormat::Kind::csv;
  } else if (bare == "text/libsvm" || bare == "text/x-libsvm") {
    format.kind = ExampleFormat::Kind::libsvm;
  } else if (bare == "application/x-parquet") {
    format.kind = ExampleFormat::Kind::parquet;
  } else if (!bare.empty() && bare != "application/x-recordio-protobuf" &&
             bare != "application/x-recordio") {
    return fail(ErrorKind::invalid,
                fmt::format("the content type '{}' is not supported", content_type));
  }
  while (!rest.empty()) {
    const std::string parameter = take_part(rest);
    if (parameter.empty() || parameter == "charset=utf-8") continue;
    const bool csv = format.kind == ExampleFormat::Kind::csv;
    if (csv && parameter == "label_size=1") continue;
    if (csv && parameter == "label_size=0") {
      format.labelled = false;
      continue;
    }
    return fail(ErrorKind::invalid, fmt::format("'{}' of the content type '{}' is not supported",
                                                parameter, content_type));
  }
  return format;
}

std::unique_ptr<ExampleReader> make_examples(const ExampleFormat& format,
                                             std::unique_ptr<ByteSource> source, RowRules rules) {
  ASSERT(format.kind != ExampleFormat::Kind::parquet);
  auto unpacked = make_gunzip_ahead_source(std::move(source));
  switch (format.kind) {
    case ExampleFormat::Kind::csv:
      return make_csv_examples(std::move(unpacked), rules, {.labelled = format.labelled});
    case ExampleFormat::Kind::libsvm:
      return make_libsvm_examples(std::move(unpacked), rules);
    default:
      return make_recordio_examples(std::move(unpacked), rules);
  }
}

}  // namespace millrace::ml
