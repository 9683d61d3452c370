// make_zip() of archive.h: libarchive's own writer puts the local time zone into the file, and so
// would not give the same bytes everywhere. Source: PKWARE's APPNOTE.TXT 6.3.10, §4.3.
#include <fmt/format.h>

#include "base/hash.h"
#include "engines/ml/archive.h"
#include "engines/ml/protobuf_wire.h"

namespace millrace::ml {
namespace {

constexpr uint64_t kZip32Max = 0xffff0000;

void append_u16(Bytes& out, uint32_t value) {
  out.push_back(static_cast<char>(value));
  out.push_back(static_cast<char>(value >> 8));
}

// The fields that a local header and an entry of the central directory share.
void append_description(Bytes& out, const ArchiveMember& member, uint32_t crc) {
  constexpr uint32_t kVersion = 20;
  constexpr uint32_t kStored = 0;
  constexpr uint32_t kEarliestDate = 1 << 5 | 1;  // 1980-01-01
  append_u16(out, kVersion);
  append_u16(out, 0);  // Flags.
  append_u16(out, kStored);
  append_u16(out, 0);  // Time.
  append_u16(out, kEarliestDate);
  append_u32(out, crc);
  append_u32(out, static_cast<uint32_t>(member.content.size()));
  append_u32(out, static_cast<uint32_t>(member.content.size()));
  append_u16(out, static_cast<uint32_t>(member.name.size()));
  append_u16(out, 0);  // Extra field.
}

}  // namespace

Result<Bytes> make_zip(const std::vector<ArchiveMember>& members) {
  uint64_t total = 0;
  for (const ArchiveMember& member : members) total += member.content.size() + 256;
  if (total > kZip32Max) {
    return fail(ErrorKind::exhausted, fmt::format("a zip file of {} bytes is too large", total));
  }
  Bytes zip;
  zip.reserve(total);
  Bytes directory;
  for (const ArchiveMember& member : members) {
    const uint32_t crc = crc32(0, member.content);
    const auto offset = static_cast<uint32_t>(zip.size());
    zip += "PK\x03\x04";
    append_description(zip, member, crc);
    zip += member.name;
    zip += member.content;

    directory += "PK\x01\x02";
    append_u16(directory, 3 << 8 | 20);  // Made on Unix, so that the attributes are a mode.
    append_description(directory, member, crc);
    append_u16(directory, 0);  // Comment.
    append_u16(directory, 0);  // Disk.
    append_u16(directory, 0);  // Internal attributes.
    append_u32(directory, 0100644u << 16);
    append_u32(directory, offset);
    directory += member.name;
  }
  const auto begin = static_cast<uint32_t>(zip.size());
  zip += directory;
  zip += "PK\x05\x06";
  append_u16(zip, 0);
  append_u16(zip, 0);
  append_u16(zip, static_cast<uint32_t>(members.size()));
  append_u16(zip, static_cast<uint32_t>(members.size()));
  append_u32(zip, static_cast<uint32_t>(directory.size()));
  append_u32(zip, begin);
  append_u16(zip, 0);  // Comment.
  return zip;
}

}  // namespace millrace::ml
