#include "wire/pipeline/directory.h"

#include <algorithm>

namespace millrace::wire {
namespace {

using Entry = Directory::Entry;

std::string_view without_port(std::string_view host) {
  const size_t colon = host.rfind(':');
  if (colon == std::string_view::npos || host.find(']', colon) != std::string_view::npos) {
    return host;
  }
  return host.substr(0, colon);
}

// Does the request look like one of this service's? `strict` where several services sign alike.
bool fits(const Entry& entry, const RequestParts& request, const Identity& identity, bool strict) {
  const Service& model = *entry.bound.model;
  if (!identity.protocol) {
    return entry.routes != nullptr && (!strict || entry.routes->match(request).has_value());
  }
  if (!speaks(model, *identity.protocol)) return false;
  if (!strict) return true;
  if (*identity.protocol == Protocol::query) {
    return identity.version.empty() || identity.version == model.api_version;
  }
  return identity.service == model.target_prefix;
}

const Entry* by_scope(std::span<const Entry> entries, const RequestParts& request,
                      const Identity& identity, std::string_view scope) {
  const auto signs_as = [&](const Entry& e) { return e.bound.model->signing_name == scope; };
  const auto count = std::ranges::count_if(entries, signs_as);
  const Entry* last = nullptr;
  for (const Entry& entry : entries) {
    if (!signs_as(entry)) continue;
    if (fits(entry, request, identity, count > 1)) return &entry;
    last = &entry;
  }
  return last;  // The service is known; that it cannot read the request is its own answer.
}

const Entry* by_content(std::span<const Entry> entries, const Identity& identity) {
  for (const Entry& entry : entries) {
    const Service& model = *entry.bound.model;
    if (!identity.service.empty() && identity.service == model.target_prefix) return &entry;
    if (identity.protocol == Protocol::query && identity.version == model.api_version &&
        has_operation(model, identity.operation)) {
      return &entry;
    }
  }
  return nullptr;
}

const Entry* by_host(std::span<const Entry> entries, std::string_view host) {
  const std::string_view name = without_port(host);
  for (const Entry& entry : entries) {
    const std::string_view prefix = entry.bound.model->endpoint_prefix;
    if (name.starts_with(prefix) && name.size() > prefix.size() && name[prefix.size()] == '.') {
      return &entry;
    }
  }
  return nullptr;
}

// us-east-1, us-gov-west-1.
bool is_region(std::string_view name) {
  const size_t digit = name.rfind('-');
  return digit != std::string_view::npos && digit + 2 == name.size() && name.size() > 5 &&
         name[2] == '-' && name.back() >= '1' && name.back() <= '9' &&
         std::ranges::all_of(name.substr(0, digit),
                             [](char c) { return c == '-' || (c >= 'a' && c <= 'z'); });
}

// The bucket of `bucket.s3.us-east-1`, `bucket`, `s3.us-east-1` and `s3`; the last two have none.
std::string_view without_region(std::string_view name) {
  const size_t dot = name.rfind('.');
  if (dot != std::string_view::npos && is_region(name.substr(dot + 1))) {
    const std::string_view before = name.substr(0, dot);
    if (before == "s3") return {};
    if (before.ends_with(".s3")) return before.substr(0, before.size() - 3);
  }
  return name == "s3" ? std::string_view() : name;
}

}  // namespace

Directory::Directory(std::vector<Bound> services) {
  for (const Bound& bound : services) {
    Entry entry{bound, nullptr};
    if (rest_protocol(*bound.model)) entry.routes = std::make_unique<Router>(*bound.model);
    entries_.push_back(std::move(entry));
  }
}

const Entry* Directory::find(const RequestParts& request, const Identity& identity,
                             std::string_view scope_service, std::string_view host) const {
  if (!scope_service.empty()) return by_scope(entries_, request, identity, scope_service);
  if (identity.protocol) {
    if (const Entry* entry = by_content(entries_, identity)) return entry;
  }
  if (const Entry* entry = by_host(entries_, host)) return entry;
  return identity.protocol ? nullptr : find_by_name("s3");
}

const Entry* Directory::find_by_name(std::string_view name) const {
  const auto it =
      std::ranges::find_if(entries_, [&](const Entry& e) { return e.bound.model->name == name; });
  return it == entries_.end() ? nullptr : &*it;
}

std::string_view virtual_host_bucket(std::string_view host) {
  const std::string_view name = without_port(host);
  for (const std::string_view suffix :
       {std::string_view(".s3.localhost.localstack.cloud"), std::string_view(".s3.localhost"),
        std::string_view(".localhost"), std::string_view(".s3.amazonaws.com")}) {
    if (name.size() > suffix.size() && name.ends_with(suffix)) {
      return without_region(name.substr(0, name.size() - suffix.size()));
    }
  }
  const size_t at = name.find(".s3.");
  const bool regional = at != std::string_view::npos && name.ends_with(".amazonaws.com");
  return regional ? name.substr(0, at) : std::string_view();
}

}  // namespace millrace::wire
