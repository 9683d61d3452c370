#include "wire/pipeline/dispatcher.h"

#include <fmt/format.h>

#include <exception>

#include "runtime/log.h"
#include "wire/model/errors.h"

namespace millrace::wire {
namespace {

using runtime::LogLevel;

constexpr std::string_view kInternalText = "We encountered an internal error. Please try again.";
constexpr std::string_view kExhaustedText =
    "The server has no room for this now: its disk, memory or a queue is full. Try again later.";

// What a kind of error is called where no service has named it.
struct KindName {
  std::string_view json, query, s3;
  int status;
};

KindName name_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::invalid:
      return {"ValidationException", "ValidationError", "InvalidRequest", 400};
    case ErrorKind::not_found:
      return {"ResourceNotFoundException", "ResourceNotFound", "NoSuchKey", 404};
    case ErrorKind::already_exists:
      return {"ResourceAlreadyExistsException", "AlreadyExists", "OperationAborted", 409};
    case ErrorKind::conflict:
      return {"ConflictException", "ConcurrentModification", "OperationAborted", 409};
    case ErrorKind::precondition_failed:
      return {"PreconditionFailedException", "PreconditionFailed", "PreconditionFailed", 412};
    case ErrorKind::denied:
      return {"AccessDeniedException", "AccessDenied", "AccessDenied", 403};
    case ErrorKind::exhausted:
      return {"ServiceUnavailableException", "ServiceUnavailable", "ServiceUnavailable", 503};
    case ErrorKind::deadline:
      return {"RequestTimeoutException", "RequestTimeout", "RequestTimeout", 408};
    case ErrorKind::unsupported:
      return {"NotImplemented", "NotImplemented", "NotImplemented", 501};
    case ErrorKind::internal:
      break;
  }
  return {"InternalFailure", "InternalFailure", "InternalError", 500};
}

constexpr std::string_view kMalformedText =
    "The XML you provided was not well-formed or did not validate against our published schema";

// AWS: S3 calls a document that breaks the model's rules malformed, and one that is not there an
// empty body, whichever the rule; see put_bucket_tagging.test.
Result<void> check_document(const Validator& validator, const Shape& input, const Value& value) {
  if (input.payload < 0) return {};
  const auto index = static_cast<size_t>(input.payload);
  const Member& payload = input.members[index];
  if (payload.shape->kind != Kind::structure) return {};
  const bool given = value.type == ValueType::structure && value.items[index].present();
  if (!given && payload.required) {
    return fail({ErrorKind::invalid, "Request Body is empty", "MissingRequestBodyError", 400});
  }
  if (!given) return {};
  if (validator.validate(*payload.shape, value.items[index], "MalformedXML")) return {};
  return fail({ErrorKind::invalid, std::string(kMalformedText), "MalformedXML", 400});
}

// What the system says, and what a client is told of it.
struct Cause {
  std::string_view said, told;
};
constexpr Cause kCauses[] = {
    {"No space left on device", " The server's disk is full."},
    {"no space left on", " The server's disk is full."},
    {"disk is full", " The server's disk is full."},
    {"Disk quota exceeded", " The server's quota of its disk is used up."},
    {"Too many open files", " The server has too many files open."},
    {"Read-only file system", " The server's disk is read-only."},
    {"is damaged at offset", " The stored bytes are damaged: their checksum does not match."},
};

// The cause in words that name neither files nor settings of the server.
std::string_view told_of(std::string_view message) {
  for (const Cause& cause : kCauses) {
    if (message.find(cause.said) != std::string_view::npos) return cause.told;
  }
  return {};
}

Task<Value> run_once(Handler handler, void* service, Call& call, Value input) {
  try {
    co_return co_await handler(service, call, input);
  } catch (const std::exception& thrown) {
    runtime::log(LogLevel::error, "operation.threw",
                 {{"request_id", call.request_id}, {"what", thrown.what()}});
  }
  co_return fail(ErrorKind::internal, "An internal error has occurred.");
}

}  // namespace

void complete(Error& error, Protocol protocol) {
  if (!error.code.empty()) return;
  const KindName name = name_of(error.kind);
  const bool s3 = protocol == Protocol::rest_xml;
  error.code = s3 ? name.s3 : protocol == Protocol::query ? name.query : name.json;
  if (error.http_status == 0) error.http_status = name.status;
}

Task<Value> Dispatcher::run(const Directory::Entry& entry, const Operation& operation,
                            Protocol protocol, Call& call, Value input) const {
  const Service& model = *entry.bound.model;
  if (entry.bound.authorize != nullptr) {
    CO_TRY(entry.bound.authorize(entry.bound.service, call, operation, input));
  }
  if (operation.input != nullptr) {
    if (protocol == Protocol::rest_xml) {
      CO_TRY(check_document(validator_, *operation.input, input));
    }
    CO_TRY(validator_.validate(*operation.input, input, validation_code(protocol, model)));
  }
  const Handler handler = entry.bound.handler(operation);
  for (int attempt = 1;; ++attempt) {
    Result<Value> answer = co_await run_once(handler, entry.bound.service, call, input);
    if (answer) co_return answer;
    Error& error = answer.error();
    const bool conflict = error.kind == ErrorKind::conflict && error.code.empty();
    if (conflict && call.body == nullptr && attempt < kAttemptsMax) {
      call.response_headers = {};
      call.response_status = 0;
      call.response_body.reset();
      continue;
    }
    const bool ours = error.kind == ErrorKind::internal || error.kind == ErrorKind::exhausted;
    if (ours && error.code.empty()) {
      runtime::log(LogLevel::error, "operation.failed",
                   {{"request_id", call.request_id},
                    {"operation", std::string(operation.name)},
                    {"cause", error.message}});
      // The cause may name files and settings of the server.
      const bool internal = error.kind == ErrorKind::internal;
      error.message =
          fmt::format("{}{}", internal ? kInternalText : kExhaustedText, told_of(error.message));
    }
    complete(error, protocol);
    co_return answer;
  }
}

}  // namespace millrace::wire
