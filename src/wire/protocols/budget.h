// Budget: how many slots of values one document may still ask for
// (limits::kValuesMax).
#pragma once

#include <cstddef>

#include "wire/protocols/limits.h"

namespace millrace::wire {

class Budget final {
 public:
  // False where the document asks for more than it may.
  bool spend(size_t slots) {
    if (slots > left_) return false;
    left_ -= slots;
    return true;
  }

 private:
  size_t left_ = limits::kValuesMax;
};

}  // namespace millrace::wire
