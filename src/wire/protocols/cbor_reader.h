// CborReader: CBOR (RFC 8949) into values, driven by shapes, in one pass.
//
// Strict: declared lengths are checked against what is left before anything is
// made, reserved heads and bad UTF-8 are refused, chunks of indefinite texts
// must be of one kind, nothing may follow the value. Unknown members are
// skipped, null members are absent, of duplicates the last wins. Definite texts
// are borrowed. Errors: SerializationException. Limits: kDepthMax, kValuesMax.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "wire/model/value.h"
#include "wire/protocols/budget.h"

namespace millrace::wire {

class CborReader final {
 public:
  CborReader(std::string_view bytes, Arena& arena) : rest_(bytes), arena_(arena) {}
  Result<Value> read(const Shape& shape);

 private:
  // The first byte of an item and what it says.
  struct Head {
    unsigned major = 0;
    unsigned info = 0;
    uint64_t argument = 0;
    bool indefinite = false;
  };

  bool read_head(Head& out);
  bool read_value(const Member& as, int depth, Value& out);
  bool read_structure(const Shape& shape, const Head& head, int depth, Value& out);
  bool read_list(const Shape& shape, const Head& head, int depth, Value& out);
  bool read_map(const Shape& shape, const Head& head, int depth, Value& out);
  bool read_number(const Shape& shape, const Head& head, Value& out);
  bool read_timestamp(const Head& head, Value& out);
  bool read_string(const Head& head, std::string_view& out);
  bool read_key(std::string_view& out);
  bool skip(int depth);
  bool skip_items(const Head& head, uint64_t per_item, int depth);
  // Before each item of a list or map: false in `more` at its end.
  bool next(const Head& head, uint64_t done, bool& more);
  bool fail(std::string_view message);

  std::string_view rest_;
  Arena& arena_;
  Budget budget_;
  std::string error_;
};

}  // namespace millrace::wire
