// Bound: a service's model with the operations that serve it. Generated code makes it.
#pragma once

#include <type_traits>

#include "runtime/task.h"
#include "wire/pipeline/call.h"

namespace millrace::wire {

// Runs one operation; `input` is the decoded, validated structure. Answers the output structure,
// absent where the operation has none.
using Handler = Task<Value> (*)(void* service, Call& call, Value input);

// Whether the policies that concern a request admit it: called before the operation, for requests
// from inside too, with the decoded input, since that names the resources. Sets Call::authorized
// where what is named may belong to others. Errors: denied, with the service's code.
using Authorize = Result<void> (*)(void* service, Call& call, const Operation& operation,
                                   Value input);

struct Bound {
  const Service* model = nullptr;
  void* service = nullptr;
  const Handler* handlers = nullptr;  // One per model->operations, in that order.
  // Null where the service evaluates no policies. One that does decides on unsigned requests too.
  Authorize authorize = nullptr;

  Handler handler(const Operation& operation) const {
    return handlers[&operation - model->operations.data()];
  }
};

template <class S, class In, class Out, auto kOperation>
Task<Value> serve(void* service, Call& call, Value input) {
  S& self = *static_cast<S*>(service);
  if constexpr (std::is_void_v<Out>) {
    if constexpr (std::is_void_v<In>) {
      CO_TRY(co_await kOperation(self, call));
    } else {
      CO_TRY(co_await kOperation(self, call, In(input.items, call.arena)));
    }
    co_return Value();
  } else {
    if constexpr (std::is_void_v<In>) {
      CO_TRY(const Out out, co_await kOperation(self, call));
      co_return out.as_value();
    } else {
      CO_TRY(const Out out, co_await kOperation(self, call, In(input.items, call.arena)));
      co_return out.as_value();
    }
  }
}

}  // namespace millrace::wire
