#include "engines/ml/serving.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>

#include "engines/ml/limits.h"
#include "engines/ml/recordio.h"
#include "engines/ml/request_body.h"
#include "engines/ml/top_request.h"

namespace millrace::ml {
namespace {

enum class Format : uint8_t { json, jsonlines, recordio };

struct MediaType {
  std::string_view name;
  Format format;
};

constexpr std::array kMediaTypes = {
    MediaType{"application/json", Format::json},
    MediaType{"application/jsonlines", Format::jsonlines},
    MediaType{"application/x-jsonlines", Format::jsonlines},
    MediaType{"application/x-recordio-protobuf", Format::recordio},
};

std::string_view name_of(Format format) {
  switch (format) {
    case Format::json:
      return "application/json";
    case Format::jsonlines:
      return "application/jsonlines";
    case Format::recordio:
      return "application/x-recordio-protobuf";
  }
  return {};
}

// A media type without its parameters, in lower case.
std::string bare(std::string_view type) {
  type = type.substr(0, type.find(';'));
  const size_t begin = type.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  std::string name(type.substr(begin, type.find_last_not_of(" \t") - begin + 1));
  std::transform(name.begin(), name.end(), name.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return name;
}

std::optional<Format> find_format(std::string_view name) {
  for (const MediaType& type : kMediaTypes) {
    if (type.name == name) return type.format;
  }
  return {};
}

Result<Format> request_format(std::string_view content_type) {
  const std::optional<Format> format = find_format(bare(content_type));
  if (format) return *format;
  return fail(ErrorKind::unsupported,
              fmt::format("Content type '{}' is not supported; use application/json, "
                          "application/jsonlines or application/x-recordio-protobuf",
                          content_type));
}

Result<Format> response_format(std::string_view accept, Format request) {
  const Format preferred = request == Format::jsonlines ? Format::jsonlines : Format::json;
  if (bare(accept).empty()) return preferred;
  for (std::string_view rest = accept; !rest.empty();) {
    const size_t comma = rest.find(',');
    const std::string name = bare(rest.substr(0, comma));
    rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
    if (name == "*/*" || name == "application/*") return preferred;
    if (const std::optional<Format> format = find_format(name)) return *format;
  }
  return fail(ErrorKind::precondition_failed,
              fmt::format("None of the accepted types '{}' is supported; use application/json, "
                          "application/jsonlines or application/x-recordio-protobuf",
                          accept));
}

Result<void> parse_request(Format format, BytesView body, uint64_t feature_dim, RowBatch& rows) {
  switch (format) {
    case Format::json:
      return parse_json_request(body, feature_dim, rows);
    case Format::jsonlines:
      return parse_jsonlines_request(body, feature_dim, rows);
    case Format::recordio:
      return parse_recordio_request(body, feature_dim, rows);
  }
  return ok;
}

// A float in the fewest digits that read back as the same float, always with a fraction.
void append_number(Bytes& out, float value) {
  const size_t begin = out.size();
  fmt::format_to(std::back_inserter(out), "{}", value);
  if (out.find_first_of(".e", begin) == Bytes::npos) out += ".0";
}

void append_json(Bytes& out, const Prediction& prediction) {
  out += R"({"score": )";
  append_number(out, prediction.score);
  if (prediction.predicted_label) {
    out += R"(, "predicted_label": )";
    append_number(out, *prediction.predicted_label);
  }
  out += '}';
}

std::unexpected<Error> not_evaluated(Error error) {
  error.message = "Unable to evaluate the payload provided: " + error.message;
  return fail(std::move(error));
}

// A request for the best items (top_request.h).
Result<Response> answer_top(const Recommender* recommender, BytesView body, Format request,
                            Format response, uint64_t feature_dim) {
  if (recommender == nullptr) {
    return not_evaluated({ErrorKind::invalid,
                          "it has 'top_n', but the model has no item table; train it with the "
                          "channel 'items'"});
  }
  if (response == Format::recordio) {
    return fail(ErrorKind::precondition_failed,
                "Items are answered as application/json or application/jsonlines only");
  }
  Result<std::vector<TopQuery>> queries =
      parse_top_request(body, request == Format::jsonlines, feature_dim);
  if (!queries) return not_evaluated(std::move(queries).error());
  Bytes out;
  if (response == Format::json) out += R"({"predictions": [)";
  for (size_t at = 0; at < queries->size(); ++at) {
    auto items = recommender->recommend((*queries)[at]);
    if (!items) {
      Error error = std::move(items).error();
      error.message = fmt::format("instance {}: {}", at + 1, error.message);
      return not_evaluated(std::move(error));
    }
    if (response == Format::json && at > 0) out += ", ";
    append_top_answer(out, *items);
    if (response == Format::jsonlines) out += '\n';
  }
  if (response == Format::json) out += "]}";
  return Response{std::string(name_of(response)), std::move(out)};
}

Bytes encode(Format format, const std::vector<Prediction>& predictions) {
  Bytes body;
  if (format == Format::json) body += R"({"predictions": [)";
  for (size_t i = 0; i < predictions.size(); ++i) {
    switch (format) {
      case Format::json:
        if (i > 0) body += ", ";
        append_json(body, predictions[i]);
        break;
      case Format::jsonlines:
        append_json(body, predictions[i]);
        body += '\n';
        break;
      case Format::recordio:
        append_recordio(body,
                        encode_prediction(predictions[i].score, predictions[i].predicted_label));
        break;
    }
  }
  if (format == Format::json) body += "]}";
  return body;
}

}  // namespace

Result<std::unique_ptr<Scorer>> Scorer::load(runtime::Disk& disk, const Algorithm& algorithm,
                                             const runtime::Path& root) {
  TRY(auto predictor, algorithm.load(disk, root / "model"));
  return std::unique_ptr<Scorer>(new Scorer(std::move(predictor)));
}

Result<Response> Scorer::invoke(std::string_view content_type, std::string_view accept,
                                BytesView body) const {
  TRY(const Format request, request_format(content_type));
  TRY(const Format response, response_format(accept, request));
  if (body.size() > kRequestBytesMax) {
    return fail(ErrorKind::exhausted, fmt::format("The body is {} bytes long; {} are allowed",
                                                  body.size(), kRequestBytesMax));
  }
  if (request != Format::recordio && asks_for_items(body)) {
    return answer_top(predictor_->recommender(), body, request, response,
                      predictor_->feature_dim());
  }
  RowBatch rows;
  if (Result<void> parsed = parse_request(request, body, predictor_->feature_dim(), rows);
      !parsed) {
    return not_evaluated(std::move(parsed).error());
  }
  if (rows.empty()) {
    return fail(ErrorKind::invalid,
                "Unable to evaluate the payload provided: there is no instance in it");
  }
  std::vector<Prediction> predictions;
  predictor_->predict(rows, predictions);
  for (size_t i = 0; i < predictions.size(); ++i) {
    if (std::isfinite(predictions[i].score)) continue;
    return fail(ErrorKind::invalid,
                fmt::format("Unable to evaluate the payload provided: instance {}: its score is no "
                            "finite number: its values, or the model's parameters, are too large",
                            i + 1));
  }
  return Response{std::string(name_of(response)), encode(response, predictions)};
}

int status_of(const Error& error) {
  switch (error.kind) {
    case ErrorKind::unsupported:
      return 415;
    case ErrorKind::precondition_failed:
      return 406;
    case ErrorKind::invalid:
      return 400;
    case ErrorKind::exhausted:
      return 413;
    default:
      return 500;
  }
}

}  // namespace millrace::ml
