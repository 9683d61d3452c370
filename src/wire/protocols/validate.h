// Validator: checks a value against the constraints of its shape, once for all
// protocols.
//
// The message is AWS's: "1 validation error detected: Value null at 'roleArn'
// failed to satisfy constraint: Member must not be null". At most
// limits::kViolationsMax are named. Patterns are compiled on first use and
// kept; a pattern that PCRE2 does not take, or that exceeds its limits, is not
// enforced. Safe on any thread. Sensitive values are not repeated in messages.
// Source: https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html
// and real answers.
#pragma once

#include <memory>
#include <string_view>

#include "base/result.h"
#include "wire/model/value.h"

namespace millrace::wire {

class Validator final {
 public:
  Validator();
  ~Validator();
  Validator(const Validator&) = delete;
  Validator& operator=(const Validator&) = delete;

  // Kind invalid, with `code`. An absent `value` is checked as an empty
  // structure.
  Result<void> validate(const Shape& shape, const Value& value, std::string_view code) const;

  class Patterns;

 private:
  std::unique_ptr<Patterns> patterns_;
};

// ValidationException; ValidationError of the query services; InvalidArgument
// of S3.
std::string_view validation_code(Protocol protocol, const Service& service);

}  // namespace millrace::wire
