// FormReader: flat parameters (`A.member.1.B=x`) into values, driven by shapes.
//
// Parameters are sorted into a tree of their dotted names first, so that order
// does not matter and nothing is ever allocated for an index that is only
// named. Gaps in lists are closed. Pure; texts live in the form or the arena. Errors:
// MalformedQueryString (the form), MalformedInput (what does not fit). Limits:
// kFormParametersMax, kFormDepthMax, kFormIndexMax, kValuesMax.
#pragma once

#include <string_view>
#include <vector>

#include "base/result.h"
#include "wire/model/value.h"
#include "wire/protocols/budget.h"

namespace millrace::wire {

struct FormNode {
  std::string_view name;
  std::string_view value;
  bool has_value = false;
  FormNode* first = nullptr;  // Children, in the order of their names.
  FormNode* last = nullptr;
  FormNode* next = nullptr;  // Sibling.
};

class FormReader final {
 public:
  explicit FormReader(Arena& arena) : arena_(arena) {}

  Result<void> load(std::string_view form);
  Result<Value> read(const Shape& shape);

 private:
  bool insert(std::string_view name, std::string_view value);
  bool read_value(const Member& as, const FormNode& node, Value& out);
  bool read_structure(const Shape& shape, const FormNode& node, Value& out);
  bool read_list(const Member& as, const FormNode& node, Value& out);
  bool read_map(const Member& as, const FormNode& node, Value& out);
  bool numbered(const FormNode& node, std::vector<const FormNode*>& out);
  bool fail_at(const Member& as, std::string_view value);

  Arena& arena_;
  Budget budget_;
  FormNode root_;
  std::string error_;
};

}  // namespace millrace::wire
