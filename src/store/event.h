// Event: what a transaction says has happened. It is a row of the same commit, in one order over
// all commits (the outbox), and reaches every subscriber of the Bus at least once.
#pragma once

#include <cstdint>
#include <string>

#include "base/ids.h"
#include "base/time.h"

namespace millrace::store {

struct Event {
  Realm realm;
  std::string source;       // aws.sagemaker
  std::string detail_type;  // SageMaker Training Job State Change
  std::string resource;     // ARN; events of one resource are handled in order
  std::string detail;       // JSON text
  Time time{};              // Where it is left at 0: when emit() was called.
  uint64_t sequence = 0;    // Given by the commit: 1, 2, 3… over the life of the data directory.

  template <class Self, class Visitor>
  static void fields(Self& self, Visitor& v) {
    v(1, self.realm);
    v(2, self.source);
    v(3, self.detail_type);
    v(4, self.resource);
    v(5, self.detail);
    v(6, self.time);
  }
};

}  // namespace millrace::store
