// Dispatcher: runs an operation once it is known who calls what with which input.
//
// Validates the input against the model, runs the operation, and runs it again when its commit met
// a conflict (operations decide from what they read, so a repetition is harmless; those whose body
// streams repeat only their own commit). What an operation throws is logged and becomes
// InternalFailure; an error without a code gets the code of its kind. Thread-safe.
#pragma once

#include <string_view>

#include "wire/pipeline/directory.h"
#include "wire/protocols/validate.h"

namespace millrace::wire {

class Dispatcher final {
 public:
  static constexpr int kAttemptsMax = 32;

  Task<Value> run(const Directory::Entry& entry, const Operation& operation, Protocol protocol,
                  Call& call, Value input) const;

 private:
  Validator validator_;
};

// Gives `error` the code and status of its kind where the operation set none.
void complete(Error& error, Protocol protocol);

}  // namespace millrace::wire
