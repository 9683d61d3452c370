// JsonReader: strict JSON (RFC 8259) into values, driven by shapes, in one
// pass.
//
// Members are found from where the last one was, so documents in the model's
// order cost one comparison a member. Unknown members are checked and skipped,
// null members are absent (null items of lists and maps stay null), of
// duplicates the last wins. Texts without escapes and free documents are
// borrowed from the input. Errors: SerializationException with AWS's words.
// Limits: kDepthMax, kDocumentDepthMax, kValuesMax.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "wire/model/value.h"
#include "wire/protocols/budget.h"

namespace millrace::wire {

// Which names and timestamps a document has: those of the wire, or the model's
// own (document.h), where timestamps are numbers or ISO texts, whatever the
// model says.
enum class JsonForm : uint8_t { wire, model };

class JsonReader final {
 public:
  JsonReader(std::string_view text, JsonForm form, Arena& arena)
      : p_(text.data()), end_(text.data() + text.size()), form_(form), arena_(arena) {}

  // The whole text as one value of that member's shape, with nothing after it.
  Result<Value> read(const Member& as);
  Result<Value> read(const Shape& shape);

 private:
  bool read_value(const Member& as, int depth, Value& out);
  bool read_structure(const Shape& shape, int depth, Value& out);
  bool read_list(const Shape& shape, int depth, Value& out);
  bool read_map(const Shape& shape, int depth, Value& out);
  bool read_scalar(const Member& as, Value& out);
  bool read_from_text(const Member& as, std::string_view text, Value& out);
  bool read_from_number(const Member& as, Value& out);
  bool read_text(std::string_view& out);
  bool read_escaped_text(const char* start, std::string_view& out);
  bool read_escape();
  bool read_code_unit(unsigned& out);
  bool read_number(std::string_view& out, bool& whole);
  bool skip_utf8();
  bool skip_value(int depth);
  bool skip_object(int depth);
  bool skip_array(int depth);
  bool key_and_colon(std::string_view& key);
  // After an item: true with `more` where another follows, false on anything
  // else.
  bool next_item(char close, bool& more);
  bool word(std::string_view literal);
  bool mismatch(const Member& as);
  bool fail(std::string_view message);
  bool unexpected();
  void skip_space();

  const char* p_;
  const char* end_;
  JsonForm form_;
  Arena& arena_;
  Budget budget_;
  std::string scratch_;
  std::string error_;
};

}  // namespace millrace::wire
