#include "engines/policy/context.h"

#include <algorithm>

namespace millrace::policy {

std::string folded(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  });
  return out;
}

void Context::set(std::string_view key, std::string value) {
  values_.insert_or_assign(folded(key), std::vector<std::string>{std::move(value)});
}

void Context::add(std::string_view key, std::string value) {
  values_[folded(key)].push_back(std::move(value));
}

const std::vector<std::string>* Context::find(std::string_view key) const {
  const auto found = values_.find(folded(key));
  return found == values_.end() ? nullptr : &found->second;
}

const std::string* Context::single(std::string_view key) const {
  const std::vector<std::string>* const values = find(key);
  return values != nullptr && values->size() == 1 ? &values->front() : nullptr;
}

}  // namespace millrace::policy
