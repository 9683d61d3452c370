// The first line is a resource, the second a value of the context, the rest a document. What can be
// read is evaluated, and an added Deny of everything denies whatever it was.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "engines/policy/evaluate.h"

namespace {

std::string_view take_line(std::string_view& rest) {
  const size_t end = rest.find('\n');
  const std::string_view line = rest.substr(0, end);
  rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  return line;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace millrace::policy;
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  Request request;
  request.subject = {.account = "1", .arn = "arn:aws:iam::1:user/u", .user_id = "AIDA"};
  request.action = "s3:GetObject";
  request.resource = take_line(rest);
  request.resource_account = "1";
  request.context.set("k", std::string(take_line(rest)));
  auto read = read_document(rest);
  if (!read) return 0;
  Policies policies;
  policies.identity.push_back(std::make_shared<const Document>(*read));
  policies.resource = policies.identity.front();
  const Decision decision = evaluate(policies, request);
  ASSERT(!decision.allowed || !decision.explicit_deny);
  Statement deny;
  deny.actions = {"*"};
  read->statements.push_back(deny);
  policies.identity = {std::make_shared<const Document>(std::move(*read))};
  ASSERT(!evaluate(policies, request).allowed);
  return 0;
}
