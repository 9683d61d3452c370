#include "wire/protocols/validate.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>

#include "wire/protocols/limits.h"
#include "wire/protocols/pattern.h"
#include "wire/protocols/scalars.h"

namespace millrace::wire {

// Compiled patterns by the address of their text in the tables: chains that
// only grow, so readers need no lock. Two threads may compile the same pattern;
// one of the two is kept.
class Validator::Patterns {
 public:
  ~Patterns() {
    for (std::atomic<Entry*>& head : heads_) {
      for (const Entry* entry = head.load(); entry != nullptr;) {
        const Entry* const next = entry->next;
        delete entry;
        entry = next;
      }
    }
  }

  const Pattern& of(std::string_view text) {
    std::atomic<Entry*>& head = heads_[std::hash<const void*>()(text.data()) / 16 % kHeads];
    Entry* first = head.load(std::memory_order_acquire);
    if (const Entry* const known = find(first, nullptr, text)) return known->pattern;
    auto made = std::make_unique<Entry>(text);
    made->next = first;
    while (!head.compare_exchange_weak(made->next, made.get(), std::memory_order_acq_rel)) {
      if (const Entry* const known = find(made->next, first, text)) return known->pattern;
      first = made->next;
    }
    return made.release()->pattern;
  }

 private:
  struct Entry {
    explicit Entry(std::string_view t) : text(t), pattern(t) {}
    std::string_view text;
    Pattern pattern;
    Entry* next = nullptr;
  };

  static const Entry* find(const Entry* from, const Entry* to, std::string_view text) {
    for (const Entry* entry = from; entry != to; entry = entry->next) {
      if (entry->text.data() == text.data() && entry->text.size() == text.size()) return entry;
    }
    return nullptr;
  }

  static constexpr size_t kHeads = 512;
  std::array<std::atomic<Entry*>, kHeads> heads_ = {};
};

namespace {

// Letters, as AWS counts them: code points.
size_t count_letters(std::string_view text) {
  return static_cast<size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

// The size that `min` and `max` bound, or the number itself.
double measure(const Shape& shape, const Value& value) {
  switch (value.type) {
    case ValueType::integer:
      return static_cast<double>(value.integer);
    case ValueType::real:
      return value.real;
    case ValueType::text:
      return static_cast<double>(shape.kind == Kind::string ? count_letters(value.as_text())
                                                            : value.size);
    default:
      return value.size;
  }
}

bool is_number(const Shape& shape) {
  return shape.kind == Kind::integer || shape.kind == Kind::real;
}

bool is_container(const Shape& shape) {
  return shape.kind == Kind::structure || shape.kind == Kind::list || shape.kind == Kind::map;
}

std::string bound_text(const Shape& shape, double bound) {
  if (shape.kind == Kind::real && std::trunc(bound) == bound) return fmt::format("{:.1f}", bound);
  if (shape.kind == Kind::real) return fmt::format("{}", bound);
  return fmt::format("{:.0f}", bound);
}

enum class Rule : uint8_t { maximum, minimum, pattern, enumeration };
constexpr std::array<Rule, 4> kRules = {Rule::minimum, Rule::maximum, Rule::pattern,
                                        Rule::enumeration};
// AWS: in brackets (lists and maps of scalars) the upper bound comes first.
constexpr std::array<Rule, 4> kRulesInBrackets = {Rule::maximum, Rule::minimum, Rule::pattern,
                                                  Rule::enumeration};

bool has_rule(const Constraints& constraints, Rule rule) {
  switch (rule) {
    case Rule::maximum:
      return constraints.has_max;
    case Rule::minimum:
      return constraints.has_min;
    case Rule::pattern:
      return !constraints.pattern.empty();
    case Rule::enumeration:
      return !constraints.enumeration.empty();
  }
  return false;
}

std::string describe(const Shape& shape, Rule rule) {
  const Constraints& constraints = *shape.constraints;
  const std::string_view what = is_number(shape) ? "value" : "length";
  switch (rule) {
    case Rule::maximum:
      return fmt::format("Member must have {} less than or equal to {}", what,
                         bound_text(shape, constraints.max));
    case Rule::minimum:
      return fmt::format("Member must have {} greater than or equal to {}", what,
                         bound_text(shape, constraints.min));
    case Rule::pattern:
      return fmt::format("Member must satisfy regular expression pattern: {}", constraints.pattern);
    case Rule::enumeration:
      return fmt::format("Member must satisfy enum value set: [{}]",
                         fmt::join(constraints.enumeration, ", "));
  }
  return {};
}

// One check of one document. The path is kept as text and cut back on the way
// out.
class Check {
 public:
  explicit Check(Validator::Patterns& patterns) : patterns_(patterns) {}

  void structure(const Shape& shape, const Value* slots) {
    for (size_t i = 0; i < shape.members.size() && !full(); ++i) {
      const Member& member = shape.members[i];
      const Value absent;
      const Value& slot = slots != nullptr ? slots[i] : absent;
      if (!slot.present() && !member.required) continue;
      const size_t mark = path_.size();
      if (mark > 0) path_ += '.';
      append_name(member.name);
      if (slot.present()) {
        value(*member.shape, slot);
      } else {
        violation(*member.shape, slot, "Member must not be null");
      }
      path_.resize(mark);
    }
  }

  Result<void> result(std::string_view code) {
    if (count_ == 0) return ok;
    return fail(Error{
        ErrorKind::invalid,
        fmt::format("{} validation error{} detected: {}", count_, count_ == 1 ? "" : "s", message_),
        std::string(code),
        400,
        {}});
  }

 private:
  bool full() const { return count_ >= limits::kViolationsMax; }

  void append_name(std::string_view name) {
    const size_t at = path_.size();
    path_ += name;
    if (path_[at] >= 'A' && path_[at] <= 'Z') path_[at] = static_cast<char>(path_[at] + 32);
  }

  bool broken(const Shape& shape, const Value& value, Rule rule) {
    const Constraints& constraints = *shape.constraints;
    switch (rule) {
      case Rule::maximum:
        return measure(shape, value) > constraints.max;
      case Rule::minimum:
        return measure(shape, value) < constraints.min;
      case Rule::pattern:
        return value.type == ValueType::text &&
               !patterns_.of(constraints.pattern).matches(value.as_text(), scratch_);
      case Rule::enumeration:
        return value.type == ValueType::text &&
               std::ranges::find(constraints.enumeration, value.as_text()) ==
                   constraints.enumeration.end();
    }
    return false;
  }

  bool breaks_any(const Shape& shape, const Value& value) {
    if (value.type == ValueType::null) return true;
    if (shape.constraints == nullptr) return false;
    return std::ranges::any_of(kRules, [&](Rule rule) {
      return has_rule(*shape.constraints, rule) && broken(shape, value, rule);
    });
  }

  void value(const Shape& shape, const Value& value) {
    if (shape.constraints != nullptr) {
      for (const Rule rule : kRules) {
        if (has_rule(*shape.constraints, rule) && broken(shape, value, rule)) {
          violation(shape, value, describe(shape, rule));
        }
      }
    }
    if (value.type == ValueType::structure) structure(shape, value.items);
    if (value.type == ValueType::list) items(shape, value);
    if (value.type == ValueType::map) entries(shape, value);
  }

  void items(const Shape& shape, const Value& list) {
    const Shape& item = *shape.members[0].shape;
    for (uint32_t i = 0; i < list.size && !full(); ++i) {
      if (!is_container(item)) {
        if (!breaks_any(item, list.items[i])) continue;
        violation(shape, list, fmt::format("Member must satisfy constraint: [{}]", rules_of(item)));
        return;
      }
      const size_t mark = path_.size();
      fmt::format_to(std::back_inserter(path_), ".{}.member", i + 1);
      container(item, list.items[i]);
      path_.resize(mark);
    }
  }

  void entries(const Shape& shape, const Value& map) {
    const Shape& key = *shape.members[0].shape;
    const Shape& item = *shape.members[1].shape;
    bool keys_named = false;
    bool values_named = false;
    for (uint32_t i = 0; i < map.size && !full(); ++i) {
      const auto& [name, value] = map.entries[i];
      if (!keys_named && breaks_any(key, Value::of_text(name))) {
        violation(shape, map, fmt::format("Map keys must satisfy constraint: [{}]", rules_of(key)));
        keys_named = true;
      }
      if (!values_named && breaks_any(item, value)) {
        violation(shape, map,
                  fmt::format("Map value must satisfy constraint: [{}]", rules_of(item)));
        values_named = true;
      }
      if (!is_container(item) || value.type == ValueType::null) continue;
      const size_t mark = path_.size();
      fmt::format_to(std::back_inserter(path_), ".{}.member", name);
      inside(item, value);
      path_.resize(mark);
    }
  }

  void container(const Shape& shape, const Value& value) {
    if (value.type == ValueType::null) return violation(shape, value, "Member must not be null");
    this->value(shape, value);
  }

  // What stands in a container whose own constraints have been checked.
  void inside(const Shape& shape, const Value& value) {
    if (value.type == ValueType::structure) structure(shape, value.items);
    if (value.type == ValueType::list) items(shape, value);
    if (value.type == ValueType::map) entries(shape, value);
  }

  static std::string rules_of(const Shape& shape) {
    std::string out;
    for (const Rule rule : kRulesInBrackets) {
      if (shape.constraints == nullptr || !has_rule(*shape.constraints, rule)) continue;
      if (!out.empty()) out += ", ";
      out += describe(shape, rule);
    }
    return out.empty() ? "Member must not be null" : out;
  }

  void violation(const Shape& shape, const Value& value, std::string_view constraint) {
    if (full()) return;
    if (count_++ > 0) message_ += "; ";
    message_ += "Value ";
    if (!shape.sensitive) {
      const bool is_null = !value.present() || value.type == ValueType::null;
      if (!is_null) message_ += '\'';
      append_value(shape, value, message_.size() + limits::kViolationValueMax);
      message_ += is_null ? " " : "' ";
    }
    fmt::format_to(std::back_inserter(message_), "at '{}' failed to satisfy constraint: {}", path_,
                   constraint);
  }

  // As Java prints it: [a, b], {k=v}. Stops near `end`.
  void append_value(const Shape& shape, const Value& value, size_t end) {
    if (message_.size() >= end) return;
    if (shape.sensitive) return;
    switch (value.type) {
      case ValueType::absent:
      case ValueType::null:
        message_ += "null";
        return;
      case ValueType::list:
        message_ += '[';
        for (uint32_t i = 0; i < value.size && message_.size() < end; ++i) {
          if (i > 0) message_ += ", ";
          append_value(*shape.members[0].shape, value.items[i], end);
        }
        message_ += ']';
        return;
      case ValueType::map:
        message_ += '{';
        for (uint32_t i = 0; i < value.size && message_.size() < end; ++i) {
          if (i > 0) message_ += ", ";
          message_ += value.entries[i].key.substr(0, end - message_.size());
          message_ += '=';
          append_value(*shape.members[1].shape, value.entries[i].value, end);
        }
        message_ += '}';
        return;
      case ValueType::structure:
        message_ += shape.name;
        return;
      case ValueType::text:
        message_ += cut(value.as_text(), end - message_.size());
        return;
      default: {
        const Member as{.name = {}, .wire_name = {}, .shape = &shape};
        append_scalar(message_, as, value, TimestampFormat::iso8601);
      }
    }
  }

  // At most `length` bytes, without half a letter at the end.
  static std::string_view cut(std::string_view text, size_t length) {
    if (text.size() <= length) return text;
    while (length > 0 && (static_cast<unsigned char>(text[length]) & 0xC0) == 0x80) --length;
    return text.substr(0, length);
  }

  Validator::Patterns& patterns_;
  PatternScratch scratch_;
  std::string path_;
  std::string message_;
  int count_ = 0;
};

}  // namespace

Validator::Validator() : patterns_(std::make_unique<Patterns>()) {}
Validator::~Validator() = default;

Result<void> Validator::validate(const Shape& shape, const Value& value,
                                 std::string_view code) const {
  Check check(*patterns_);
  check.structure(shape, value.type == ValueType::structure ? value.items : nullptr);
  return check.result(code);
}

std::string_view validation_code(Protocol protocol, const Service& service) {
  if (protocol == Protocol::query) return "ValidationError";
  if (service.signing_name == "s3") return "InvalidArgument";
  // AWS: a service whose model has this error, and no other for it, answers it (CloudWatch Logs).
  const auto has = [&service](std::string_view name) {
    return std::ranges::any_of(service.errors, [name](const Shape* e) { return e->name == name; });
  };
  if (!has("ValidationException") && has("InvalidParameterException")) {
    return "InvalidParameterException";
  }
  return "ValidationException";
}

}  // namespace millrace::wire
