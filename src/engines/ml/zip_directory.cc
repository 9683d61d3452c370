// stored_members() of archive.h. Source: PKWARE's APPNOTE.TXT 6.3.10, §4.3.
#include "engines/ml/archive.h"
#include "engines/ml/protobuf_wire.h"

namespace millrace::ml {
namespace {

constexpr size_t kEndBytes = 22;
constexpr size_t kEntryBytes = 46;
constexpr size_t kHeaderBytes = 30;
constexpr size_t kCommentBytesMax = 0xffff;
constexpr uint32_t kZip64 = 0xffffffff;

uint32_t load_u16(const char* bytes) {
  return static_cast<uint8_t>(bytes[0]) | static_cast<uint32_t>(static_cast<uint8_t>(bytes[1]))
                                              << 8;
}

// Where the record that ends a zip file begins; npos where there is none.
size_t find_end(BytesView zip) {
  if (zip.size() < kEndBytes) return BytesView::npos;
  const size_t last = zip.size() - kEndBytes;
  const size_t first = last > kCommentBytesMax ? last - kCommentBytesMax : 0;
  for (size_t at = last + 1; at-- > first;) {
    if (zip.substr(at, 4) == "PK\x05\x06") return at;
  }
  return BytesView::npos;
}

// The content of a stored member whose entry of the directory is given.
std::optional<BytesView> find_content(BytesView zip, const char* entry) {
  const uint32_t flags = load_u16(entry + 8);
  const uint32_t method = load_u16(entry + 10);
  const uint32_t packed = load_u32(entry + 20);
  const uint32_t size = load_u32(entry + 24);
  const uint32_t offset = load_u32(entry + 42);
  constexpr uint32_t kEncrypted = 1;
  if ((flags & kEncrypted) != 0 || method != 0 || packed != size || size == kZip64) return {};
  if (offset == kZip64 || uint64_t{offset} + kHeaderBytes > zip.size()) return {};
  const char* const header = zip.data() + offset;
  if (zip.substr(offset, 4) != "PK\x03\x04") return {};
  const uint64_t begin =
      uint64_t{offset} + kHeaderBytes + load_u16(header + 26) + load_u16(header + 28);
  if (begin > zip.size() || size > zip.size() - begin) return {};
  return zip.substr(begin, size);
}

}  // namespace

std::optional<std::map<std::string, BytesView>> stored_members(BytesView zip,
                                                               uint64_t members_max) {
  const size_t end = find_end(zip);
  if (end == BytesView::npos) return {};
  const uint32_t count = load_u16(zip.data() + end + 8);
  uint64_t at = load_u32(zip.data() + end + 16);
  if (count > members_max) return {};
  std::map<std::string, BytesView> members;
  for (uint32_t i = 0; i < count; ++i) {
    if (at > end || end - at < kEntryBytes || zip.substr(at, 4) != "PK\x01\x02") return {};
    const char* const entry = zip.data() + at;
    const uint64_t name_bytes = load_u16(entry + 28);
    const uint64_t rest = name_bytes + load_u16(entry + 30) + load_u16(entry + 32);
    if (rest > end - at - kEntryBytes) return {};
    const std::optional<BytesView> content = find_content(zip, entry);
    if (!content) return {};
    members.insert_or_assign(std::string(entry + kEntryBytes, name_bytes), *content);
    at += kEntryBytes + rest;
  }
  return members;
}

}  // namespace millrace::ml
