#include "wire/http/response_head.h"

#include <fmt/format.h>

#include <optional>

#include "wire/http/parser.h"

namespace millrace::http {
namespace {

std::optional<uint64_t> body_length(const Body& body) {
  if (const auto* bytes = std::get_if<Bytes>(&body)) return bytes->size();
  if (const auto* file = std::get_if<FileBody>(&body)) return file->length;
  return std::get<StreamBody>(body).reader->content_length();
}

bool forbids_body(int status) { return status < 200 || status == 204 || status == 304; }

BodyPlan plan_body(const Response& response, AnswerContext& context,
                   const std::optional<uint64_t>& length) {
  if (context.head_request || forbids_body(response.status)) return BodyPlan::none;
  if (length) return BodyPlan::sized;
  if (context.version_minor == 1) return BodyPlan::chunked;
  context.keep_alive = false;
  return BodyPlan::until_close;
}

// What the handler's headers say about things that the server decides.
struct Own {
  std::string_view content_length;
  bool date = false;
};

Result<void> append_fields(const Response& response, AnswerContext& context, Own& own,
                           std::string& out) {
  for (const Header& field : response.headers) {
    if (!is_token(field.name) || !is_field_value(field.value)) {
      return fail(ErrorKind::internal, "a header of the answer breaks the grammar: " + field.name);
    }
    if (equal_ignoring_case(field.name, "content-length")) {
      own.content_length = field.value;
      continue;
    }
    if (equal_ignoring_case(field.name, "transfer-encoding")) continue;
    if (equal_ignoring_case(field.name, "connection")) {
      if (equal_ignoring_case(field.value, "close")) context.keep_alive = false;
      continue;
    }
    if (equal_ignoring_case(field.name, "date")) own.date = true;
    out.append(field.name).append(": ").append(field.value).append("\r\n");
  }
  return {};
}

void append_length(std::string& out, uint64_t length) {
  out.append("Content-Length: ").append(fmt::format_int(length).c_str()).append("\r\n");
}

void append_framing(const Response& response, const AnswerContext& context, const Own& own,
                    BodyPlan plan, const std::optional<uint64_t>& length, std::string& out) {
  if (plan == BodyPlan::chunked) {
    out.append("Transfer-Encoding: chunked\r\n");
  } else if (plan == BodyPlan::sized) {
    append_length(out, *length);
  } else if (plan == BodyPlan::none && context.head_request && !forbids_body(response.status)) {
    if (!own.content_length.empty()) {
      out.append("Content-Length: ").append(own.content_length).append("\r\n");
    } else if (length) {
      append_length(out, *length);
    }
  }
}

}  // namespace

Result<BodyPlan> append_response_head(const Response& response, AnswerContext& context,
                                      std::string& out) {
  constexpr int kStatusMin = 200;
  constexpr int kStatusMax = 599;
  if (response.status < kStatusMin || response.status > kStatusMax) {
    return fail(ErrorKind::internal, "the answer has an impossible status");
  }
  const std::optional<uint64_t> length = body_length(response.body);
  const BodyPlan plan = plan_body(response, context, length);
  out.append("HTTP/1.1 ").append(fmt::format_int(response.status).c_str()).append(" ");
  out.append(reason_phrase(response.status)).append("\r\n");
  Own own;
  TRY(append_fields(response, context, own, out));
  if (!own.date) out.append("Date: ").append(context.date).append("\r\n");
  append_framing(response, context, own, plan, length, out);
  if (!context.keep_alive) {
    out.append("Connection: close\r\n");
  } else if (context.version_minor == 0) {
    out.append("Connection: keep-alive\r\n");
  }
  out.append("\r\n");
  return plan;
}

std::string_view reason_phrase(int status) {
  struct Phrase {
    int status;
    std::string_view text;
  };
  static constexpr Phrase kPhrases[] = {
      {200, "OK"},
      {201, "Created"},
      {202, "Accepted"},
      {204, "No Content"},
      {206, "Partial Content"},
      {301, "Moved Permanently"},
      {302, "Found"},
      {303, "See Other"},
      {304, "Not Modified"},
      {307, "Temporary Redirect"},
      {308, "Permanent Redirect"},
      {400, "Bad Request"},
      {401, "Unauthorized"},
      {403, "Forbidden"},
      {404, "Not Found"},
      {405, "Method Not Allowed"},
      {406, "Not Acceptable"},
      {408, "Request Timeout"},
      {409, "Conflict"},
      {410, "Gone"},
      {411, "Length Required"},
      {412, "Precondition Failed"},
      {413, "Content Too Large"},
      {414, "URI Too Long"},
      {415, "Unsupported Media Type"},
      {416, "Range Not Satisfiable"},
      {417, "Expectation Failed"},
      {422, "Unprocessable Content"},
      {424, "Failed Dependency"},
      {429, "Too Many Requests"},
      {431, "Request Header Fields Too Large"},
      {500, "Internal Server Error"},
      {501, "Not Implemented"},
      {502, "Bad Gateway"},
      {503, "Service Unavailable"},
      {504, "Gateway Timeout"},
      {505, "HTTP Version Not Supported"},
      {507, "Insufficient Storage"},
  };
  for (const Phrase& phrase : kPhrases) {
    if (phrase.status == status) return phrase.text;
  }
  return "Status";
}

}  // namespace millrace::http
