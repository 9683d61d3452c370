#include "wire/protocols/problems.h"

#include <algorithm>
#include <numeric>
#include <vector>

namespace millrace::wire {
namespace {

constexpr uint32_t kSmallMap = 12;

std::unexpected<Error> invalid(std::string code, std::string message) {
  return fail(Error{ErrorKind::invalid, std::move(message), std::move(code), 400, {}});
}

// True where an entry after `at` has the same key.
bool is_replaced(const Value& map, uint32_t at) {
  for (uint32_t j = at + 1; j < map.size; ++j) {
    if (map.entries[j].key == map.entries[at].key) return true;
  }
  return false;
}

}  // namespace

std::unexpected<Error> serialization_error(std::string message) {
  return invalid("SerializationException", std::move(message));
}

std::unexpected<Error> malformed_xml() {
  return invalid("MalformedXML",
                 "The XML you provided was not well-formed or did not validate against our "
                 "published schema");
}

std::unexpected<Error> malformed_input(std::string message) {
  return invalid("MalformedInput", std::move(message));
}

std::unexpected<Error> malformed_query(std::string message) {
  return invalid("MalformedQueryString", std::move(message));
}

void drop_earlier_duplicates(Value& map) {
  if (map.size < 2) return;
  std::vector<bool> drop(map.size);
  bool any = false;
  if (map.size <= kSmallMap) {
    for (uint32_t i = 0; i < map.size; ++i) {
      drop[i] = is_replaced(map, i);
      any = any || drop[i];
    }
  } else {
    std::vector<uint32_t> order(map.size);
    std::iota(order.begin(), order.end(), 0U);
    std::ranges::sort(order, [&](uint32_t a, uint32_t b) {
      const int compared = map.entries[a].key.compare(map.entries[b].key);
      return compared < 0 || (compared == 0 && a < b);
    });
    for (size_t i = 0; i + 1 < order.size(); ++i) {
      drop[order[i]] = map.entries[order[i]].key == map.entries[order[i + 1]].key;
      any = any || drop[order[i]];
    }
  }
  if (!any) return;
  uint32_t kept = 0;
  for (uint32_t i = 0; i < map.size; ++i) {
    if (!drop[i]) map.entries[kept++] = map.entries[i];
  }
  map.size = kept;
}

}  // namespace millrace::wire
