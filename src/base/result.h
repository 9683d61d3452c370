// Result<T>, the answer of everything that can fail, and Error, why it did.
//
// Errors are values. Engines set `kind` and `message`; only services set `code`, the name that AWS
// gives the error on the wire. Exceptions are for broken promises: bugs, memory, third-party code.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace millrace {

enum class ErrorKind : uint8_t {
  invalid,              // The caller's input breaks a rule.
  not_found,            // What is named does not exist.
  already_exists,       // What is to be made exists.
  conflict,             // Somebody else changed it meanwhile, or its state forbids this.
  precondition_failed,  // A condition that the caller set does not hold.
  denied,               // The caller may not.
  exhausted,            // A limit, a quota, memory or the disk is used up.
  deadline,             // It took too long, or was cancelled.
  unsupported,          // Not implemented, by name.
  internal,             // Our fault.
};

std::string_view to_string(ErrorKind kind);

struct Error {
  ErrorKind kind = ErrorKind::internal;
  std::string message;
  // The wire's name of the error (`NoSuchBucket`); set by services only.
  std::string code = {};
  // HTTP status, where the code alone does not decide it; 0 otherwise. Set by services only.
  int http_status = 0;
  // Further members of the error's document (`BucketName` of S3, `OriginalStatusCode` of a
  // ModelError), in order. Set by services only.
  std::vector<std::pair<std::string, std::string>> details = {};
};

template <class T = void>
using Result = std::expected<T, Error>;

inline std::unexpected<Error> fail(ErrorKind kind, std::string message) {
  return std::unexpected(Error{kind, std::move(message)});
}
inline std::unexpected<Error> fail(Error error) { return std::unexpected(std::move(error)); }

// What a function or a coroutine of Result<void> returns when all went well.
struct Ok {
  operator Result<void>() const { return {}; }
};
inline constexpr Ok ok{};

// TRY(expression): returns the error from the enclosing function, if there is one.
// TRY(declaration, expression): the same, and declares the value.
// CO_TRY is the same in a coroutine; the expression may contain co_await.
#define MILLRACE_CAT2(a, b) a##b
#define MILLRACE_CAT(a, b) MILLRACE_CAT2(a, b)
#define MILLRACE_TRY1(ret, r, expr)                    \
  do {                                                 \
    auto r = (expr);                                   \
    if (!r) ret std::unexpected(std::move(r).error()); \
  } while (false)
#define MILLRACE_TRY2(ret, r, decl, expr)            \
  auto r = (expr);                                   \
  if (!r) ret std::unexpected(std::move(r).error()); \
  decl = std::move(*r)
#define MILLRACE_PICK(_1, _2, name, ...) name
#define MILLRACE_TRY1R(expr) MILLRACE_TRY1(return, MILLRACE_CAT(result_, __LINE__), expr)
#define MILLRACE_TRY2R(decl, expr) \
  MILLRACE_TRY2(return, MILLRACE_CAT(result_, __LINE__), decl, expr)
#define MILLRACE_TRY1C(expr) MILLRACE_TRY1(co_return, MILLRACE_CAT(result_, __LINE__), expr)
#define MILLRACE_TRY2C(decl, expr) \
  MILLRACE_TRY2(co_return, MILLRACE_CAT(result_, __LINE__), decl, expr)
#define TRY(...) MILLRACE_PICK(__VA_ARGS__, MILLRACE_TRY2R, MILLRACE_TRY1R)(__VA_ARGS__)
#define CO_TRY(...) MILLRACE_PICK(__VA_ARGS__, MILLRACE_TRY2C, MILLRACE_TRY1C)(__VA_ARGS__)

// ASSERT(condition): means "otherwise this program is wrong"; on in every build. Never on anything
// that a client can send.
[[noreturn]] void assert_failed(const char* condition, const char* file, int line);
#define ASSERT(condition) \
  ((condition) ? void() : ::millrace::assert_failed(#condition, __FILE__, __LINE__))

}  // namespace millrace
