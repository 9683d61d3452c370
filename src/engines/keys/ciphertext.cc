#include "engines/keys/ciphertext.h"

#include "base/result.h"

namespace millrace::keys {
namespace {

constexpr char kFormat = 1;
constexpr size_t kIdBytes = 16;
constexpr size_t kNumberBytes = 4;
constexpr size_t kHeaderBytes = 1 + kIdBytes + kNumberBytes + kSaltBytes;
constexpr size_t kUuidCharacters = 36;

bool is_dash(size_t at) { return at == 8 || at == 13 || at == 18 || at == 23; }

std::string uuid_of(BytesView raw) {
  const std::string hex = to_hex(raw);
  std::string out;
  for (const char c : hex) {
    if (is_dash(out.size())) out.push_back('-');
    out.push_back(c);
  }
  return out;
}

void append_number(Bytes& out, uint64_t value, size_t bytes) {
  for (size_t i = bytes; i-- > 0;) out.push_back(static_cast<char>(value >> 8 * i & 255));
}

void append_part(Bytes& out, BytesView part) {
  append_number(out, part.size(), 8);
  out.append(part);
}

}  // namespace

bool is_key_id(std::string_view text) {
  if (text.size() != kUuidCharacters) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
    if (is_dash(i) ? c != '-' : !hex) return false;
  }
  return true;
}

std::optional<Ciphertext> parse_ciphertext(BytesView bytes) {
  if (bytes.size() < kHeaderBytes + Cipher::kTagBytes || bytes.front() != kFormat) return {};
  Ciphertext out;
  out.header = bytes.substr(0, kHeaderBytes);
  out.sealed = bytes.substr(kHeaderBytes);
  out.key_id = uuid_of(bytes.substr(1, kIdBytes));
  for (const char c : bytes.substr(1 + kIdBytes, kNumberBytes)) {
    out.material = out.material << 8 | static_cast<uint8_t>(c);
  }
  out.salt = bytes.substr(kHeaderBytes - kSaltBytes, kSaltBytes);
  return out;
}

Bytes ciphertext_header(std::string_view key_id, uint32_t material, BytesView salt) {
  ASSERT(is_key_id(key_id));
  ASSERT(salt.size() == kSaltBytes);
  std::string hex;
  for (const char c : key_id) {
    if (c != '-') hex.push_back(c);
  }
  Bytes raw;
  ASSERT(from_hex(hex, raw));
  Bytes out(1, kFormat);
  out.append(raw);
  append_number(out, material, kNumberBytes);
  out.append(salt);
  return out;
}

Bytes bound_to(const Realm& realm, BytesView header, const Context& context) {
  Bytes out;
  append_part(out, realm.account);
  append_part(out, realm.region);
  append_part(out, header);
  for (const auto& [name, value] : context) {
    append_part(out, name);
    append_part(out, value);
  }
  return out;
}

}  // namespace millrace::keys
