// Context: what is known of a request when it is judged: condition keys and their values.
//
// Names of keys are compared without case (aws:SourceIp is aws:sourceip). A key is absent, has one
// value, or is a set of values. A value type; no threads, no errors.
// Source: IAM User Guide, "AWS global condition context keys", "Single-valued vs. multivalued".
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::policy {

class Context final {
 public:
  // Gives the key this one value, in place of what it had.
  void set(std::string_view key, std::string value);
  // Adds a value to the set that the key is.
  void add(std::string_view key, std::string value);
  // Null where the key is absent.
  const std::vector<std::string>* find(std::string_view key) const;
  // The key's only value; null where it is absent or a set of several.
  const std::string* single(std::string_view key) const;

 private:
  std::map<std::string, std::vector<std::string>, std::less<>> values_;
};

// ASCII letters in lower case, the rest as it is.
std::string folded(std::string_view text);

}  // namespace millrace::policy
