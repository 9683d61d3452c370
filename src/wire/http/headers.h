// Header fields in the order they were sent, found by name without regard to case.
//
// HeaderViews borrow from the buffer of the head they were parsed from; Headers own their text.
// Values have no white space around them; names and values are otherwise as they were on the wire.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::http {

bool equal_ignoring_case(std::string_view a, std::string_view b);  // ASCII only.

struct HeaderView {
  std::string_view name;
  std::string_view value;
};

class HeaderViews final {
 public:
  HeaderViews() = default;
  HeaderViews(std::initializer_list<HeaderView> fields) : fields_(fields) {}

  void add(std::string_view name, std::string_view value) { fields_.push_back({name, value}); }
  void clear() { fields_.clear(); }  // Keeps the memory.

  // The first value of `name`.
  std::optional<std::string_view> find(std::string_view name) const;
  size_t count(std::string_view name) const;
  size_t size() const { return fields_.size(); }
  auto begin() const { return fields_.begin(); }
  auto end() const { return fields_.end(); }

 private:
  std::vector<HeaderView> fields_;
};

struct Header {
  std::string name;
  std::string value;
};

class Headers final {
 public:
  Headers() = default;
  Headers(std::initializer_list<Header> fields) : fields_(fields) {}

  void add(std::string name, std::string value);
  void set(std::string_view name, std::string value);  // Replaces every field of that name.
  void remove(std::string_view name);
  // The first value of `name`, or null.
  const std::string* find(std::string_view name) const;
  size_t size() const { return fields_.size(); }
  auto begin() const { return fields_.begin(); }
  auto end() const { return fields_.end(); }

 private:
  std::vector<Header> fields_;
};

}  // namespace millrace::http
