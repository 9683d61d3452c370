// libarchive's own writer puts the local time zone into the file, and so would not give the same
// bytes everywhere.
#include "engines/ml/zip_writer.h"

#include <fmt/format.h>

#include "base/hash.h"
#include "engines/ml/archive.h"
#include "engines/ml/memory_file.h"
#include "engines/ml/protobuf_wire.h"

namespace millrace::ml {
namespace {

constexpr uint64_t kZip32Max = 0xffff0000;
constexpr uint32_t kHeaderBytes = 30;
constexpr uint32_t kMembersMax = 0xfffe;
constexpr uint32_t kAlignmentField = 0xd935;
constexpr uint32_t kAlignmentFieldBytes = 6;  // At least: id, size, alignment.

void append_u16(Bytes& out, uint32_t value) {
  out.push_back(static_cast<char>(value));
  out.push_back(static_cast<char>(value >> 8));
}

// The fields that a local header and an entry of the central directory share.
void append_description(Bytes& out, std::string_view name, uint64_t size, uint32_t crc,
                        uint64_t extra) {
  constexpr uint32_t kVersion = 20;
  constexpr uint32_t kStored = 0;
  constexpr uint32_t kEarliestDate = 1 << 5 | 1;  // 1980-01-01
  append_u16(out, kVersion);
  append_u16(out, 0);  // Flags.
  append_u16(out, kStored);
  append_u16(out, 0);  // Time.
  append_u16(out, kEarliestDate);
  append_u32(out, crc);
  append_u32(out, static_cast<uint32_t>(size));
  append_u32(out, static_cast<uint32_t>(size));
  append_u16(out, static_cast<uint32_t>(name.size()));
  append_u16(out, static_cast<uint32_t>(extra));
}

Bytes local_header(std::string_view name, uint64_t size, uint32_t crc, uint64_t extra) {
  Bytes header = "PK\x03\x04";
  append_description(header, name, size, crc, extra);
  return header;
}

}  // namespace

Result<void> ZipWriter::write(BytesView bytes) {
  if (offset_ + bytes.size() > kZip32Max) {
    return fail(ErrorKind::exhausted,
                fmt::format("a zip file of more than {} bytes is too large", kZip32Max));
  }
  TRY(file_.write_at(offset_, bytes));
  offset_ += bytes.size();
  return ok;
}

Result<void> ZipWriter::begin(std::string_view name, uint32_t alignment) {
  if (members_ >= kMembersMax) {
    return fail(ErrorKind::exhausted, "a zip file of so many members is too large");
  }
  name_ = name;
  header_ = offset_;
  crc_ = 0;
  extra_ = 0;
  const uint64_t plain = offset_ + kHeaderBytes + name.size();
  if (plain % alignment != 0) {
    extra_ = kAlignmentFieldBytes;
    while ((plain + extra_) % alignment != 0) ++extra_;
  }
  // What is not known yet, end() writes over.
  Bytes header = local_header(name_, 0, 0, extra_);
  header += name_;
  if (extra_ > 0) {
    append_u16(header, kAlignmentField);
    append_u16(header, static_cast<uint32_t>(extra_ - 4));
    append_u16(header, alignment);
    header.append(extra_ - kAlignmentFieldBytes, '\0');
  }
  TRY(write(header));
  begin_ = offset_;
  return ok;
}

Result<void> ZipWriter::append(BytesView bytes) {
  crc_ = crc32(crc_, bytes);
  return write(bytes);
}

Result<void> ZipWriter::end() {
  const uint64_t size = offset_ - begin_;
  TRY(file_.write_at(header_, local_header(name_, size, crc_, extra_)));
  directory_ += "PK\x01\x02";
  append_u16(directory_, 3 << 8 | 20);  // Made on Unix, so that the attributes are a mode.
  append_description(directory_, name_, size, crc_, 0);
  append_u16(directory_, 0);  // Comment.
  append_u16(directory_, 0);  // Disk.
  append_u16(directory_, 0);  // Internal attributes.
  append_u32(directory_, 0100644u << 16);
  append_u32(directory_, static_cast<uint32_t>(header_));
  directory_ += name_;
  ++members_;
  return ok;
}

Result<void> ZipWriter::finish() {
  const auto begin = static_cast<uint32_t>(offset_);
  Bytes tail = "PK\x05\x06";
  append_u16(tail, 0);
  append_u16(tail, 0);
  append_u16(tail, members_);
  append_u16(tail, members_);
  append_u32(tail, static_cast<uint32_t>(directory_.size()));
  append_u32(tail, begin);
  append_u16(tail, 0);  // Comment.
  TRY(write(directory_));
  return write(tail);
}

Result<Bytes> make_zip(const std::vector<ArchiveMember>& members) {
  GrowingFile file;
  ZipWriter zip(file);
  for (const ArchiveMember& member : members) {
    TRY(zip.begin(member.name));
    TRY(zip.append(member.content));
    TRY(zip.end());
  }
  TRY(zip.finish());
  return file.take();
}

}  // namespace millrace::ml
