#include "store/key.h"

namespace millrace::store {
namespace {

constexpr char kNul = '\0';
constexpr char kEscaped = '\xFF';  // After a NUL: the NUL itself. Anything smaller ends the string.

void append_big_endian(Bytes& key, uint64_t number) {
  for (int shift = 56; shift >= 0; shift -= 8) key.push_back(static_cast<char>(number >> shift));
}

bool take_big_endian(BytesView& key, uint64_t& number) {
  if (key.size() < 8) return false;
  number = 0;
  for (size_t i = 0; i < 8; ++i) number = number << 8 | static_cast<uint8_t>(key[i]);
  key.remove_prefix(8);
  return true;
}

constexpr uint64_t kSign = uint64_t{1} << 63;

}  // namespace

void append_key_part(Bytes& key, StartsWith beginning) {
  for (const char c : beginning.text) {
    key.push_back(c);
    if (c == kNul) key.push_back(kEscaped);
  }
}

void append_key_part(Bytes& key, std::string_view text) {
  append_key_part(key, StartsWith{text});
  key.push_back(kNul);
  key.push_back(kNul);
}

void append_key_part(Bytes& key, const Realm& realm) {
  append_key_part(key, std::string_view(realm.account));
  append_key_part(key, std::string_view(realm.region));
}

void append_key_part(Bytes& key, int64_t number) {
  append_big_endian(key, static_cast<uint64_t>(number) ^ kSign);
}

void append_key_part(Bytes& key, uint64_t number) { append_big_endian(key, number); }

void append_key_part(Bytes& key, Time time) {
  append_key_part(key, int64_t{time.time_since_epoch().count()});
}

bool take_key_part(BytesView& key, std::string& text) {
  text.clear();
  for (size_t i = 0; i + 1 < key.size(); ++i) {
    if (key[i] != kNul) {
      text.push_back(key[i]);
      continue;
    }
    const char next = key[++i];
    if (next == kNul) {
      key.remove_prefix(i + 1);
      return true;
    }
    if (next != kEscaped) return false;
    text.push_back(kNul);
  }
  return false;
}

bool take_key_part(BytesView& key, Realm& realm) {
  return take_key_part(key, realm.account) && take_key_part(key, realm.region);
}

bool take_key_part(BytesView& key, int64_t& number) {
  uint64_t raw = 0;
  if (!take_big_endian(key, raw)) return false;
  number = static_cast<int64_t>(raw ^ kSign);
  return true;
}

bool take_key_part(BytesView& key, uint64_t& number) { return take_big_endian(key, number); }

bool take_key_part(BytesView& key, Time& time) {
  int64_t count = 0;
  if (!take_key_part(key, count)) return false;
  time = Time(microseconds(count));
  return true;
}

Bytes key_after_prefix(BytesView prefix) {
  Bytes after(prefix);
  while (!after.empty() && after.back() == '\xFF') after.pop_back();
  if (!after.empty()) after.back() = static_cast<char>(static_cast<uint8_t>(after.back()) + 1);
  return after;
}

}  // namespace millrace::store
