// The first line and headers of an answer: a pure function of the answer and of who asked.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "wire/http/message.h"

namespace millrace::http {

enum class BodyPlan : uint8_t { none, sized, chunked, until_close };

struct AnswerContext {
  bool head_request = false;
  int version_minor = 1;
  bool keep_alive = true;  // Set to false where the answer itself ends the connection.
  std::string_view date;
};

// Appends the head to `out` and tells how the body goes out.
// Errors: internal, when a header would break the grammar; `out` is not to be used then.
Result<BodyPlan> append_response_head(const Response& response, AnswerContext& context,
                                      std::string& out);

}  // namespace millrace::http
