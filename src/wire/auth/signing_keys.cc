#include "wire/auth/signing_keys.h"

#include <optional>

#include "base/result.h"

namespace millrace::auth {

SigningKeys::SigningKeys(size_t entries_max) : entries_max_(entries_max) {
  ASSERT(entries_max > 0);
}

Bytes SigningKeys::get(std::string_view access_key_id, std::string_view secret,
                       const CredentialScope& scope) {
  std::string name(access_key_id);
  name.append("/").append(scope.date).append("/").append(scope.region);
  name.append("/").append(scope.service);
  auto known = entries_.with([&](Entries& entries) -> std::optional<Bytes> {
    const auto found = entries.by_name.find(name);
    if (found == entries.by_name.end()) return std::nullopt;
    if (!equal_constant_time(found->second->secret, secret)) return std::nullopt;
    entries.by_use.splice(entries.by_use.begin(), entries.by_use, found->second);
    return found->second->signing_key;
  });
  if (known) return std::move(*known);

  Bytes derived = derive_signing_key(secret, scope);
  entries_.with([&](Entries& entries) {
    if (const auto old = entries.by_name.find(name); old != entries.by_name.end()) {
      const auto place = old->second;
      entries.by_name.erase(old);
      entries.by_use.erase(place);
    }
    if (entries.by_use.size() >= entries_max_) {
      entries.by_name.erase(entries.by_use.back().name);
      entries.by_use.pop_back();
    }
    entries.by_use.push_front({std::move(name), std::string(secret), derived});
    entries.by_name.emplace(entries.by_use.front().name, entries.by_use.begin());
  });
  return derived;
}

size_t SigningKeys::size() const {
  return entries_.with([](const Entries& entries) { return entries.by_use.size(); });
}

}  // namespace millrace::auth
