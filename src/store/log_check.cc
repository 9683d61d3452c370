#include "store/log_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <optional>

#include "base/hash.h"
#include "runtime/log.h"

namespace millrace::store {

namespace fs = std::filesystem;

namespace {

constexpr size_t kBlockBytes = 32 * 1024;
constexpr size_t kHeaderBytes = 7;  // Masked CRC32C of type and payload (4), length (2), type (1).
constexpr size_t kSectorBytes = 512;
constexpr uint8_t kFirstType = 1;  // Whole, first, middle, last.
constexpr uint8_t kLastType = 4;

using Header = std::array<uint8_t, kHeaderBytes>;

Header header_at(BytesView content, size_t at) {
  Header header{};
  for (size_t i = 0; i < kHeaderBytes; ++i) header[i] = static_cast<uint8_t>(content[at + i]);
  return header;
}

size_t length_of(const Header& header) { return header[4] | size_t{header[5]} << 8; }

uint32_t crc_of(const Header& header) {
  uint32_t masked = 0;
  for (size_t i = 0; i < 4; ++i) masked |= uint32_t{header[i]} << 8 * i;
  masked -= 0xa282ead8U;
  return masked >> 17 | masked << 15;
}

size_t room_at(BytesView content, size_t at) {
  return std::min(content.size() - at, kBlockBytes - at % kBlockBytes);
}

// The CRC of the record's type and payload; nothing where there is no such record.
std::optional<uint32_t> computed(BytesView content, size_t at, const Header& header) {
  if (header[6] < kFirstType || header[6] > kLastType) return std::nullopt;
  if (kHeaderBytes + length_of(header) > room_at(content, at)) return std::nullopt;
  const char type = static_cast<char>(header[6]);
  return crc32c(crc32c(0, {&type, 1}), content.substr(at + kHeaderBytes, length_of(header)));
}

bool is_whole(BytesView content, size_t at, const Header& header) {
  return computed(content, at, header) == crc_of(header);
}

// Whether it would be whole with one bit of its header changed.
bool header_has_flipped(BytesView content, size_t at) {
  for (size_t bit = 0; bit < kHeaderBytes * 8; ++bit) {
    Header header = header_at(content, at);
    header[bit / 8] ^= static_cast<uint8_t>(1U << bit % 8);
    if (is_whole(content, at, header)) return true;
  }
  return false;
}

// The same of its payload: a bit so far from the end changes the CRC in one way only.
bool payload_has_flipped(BytesView content, size_t at) {
  constexpr uint32_t kCastagnoli = 0x82F63B78U;
  const Header header = header_at(content, at);
  const std::optional<uint32_t> found = computed(content, at, header);
  if (!found) return false;
  const uint32_t difference = *found ^ crc_of(header);
  uint32_t change = 0x80000000U;
  for (size_t bit = 0; bit < length_of(header) * 8; ++bit) {
    change = change & 1 ? change >> 1 ^ kCastagnoli : change >> 1;
    if (change == difference) return true;
  }
  return false;
}

bool has_lost_sector(BytesView content, size_t begin, size_t end) {
  for (size_t at = begin / kSectorBytes * kSectorBytes; at < end; at += kSectorBytes) {
    const size_t from = std::max(at, begin);
    const BytesView sector = content.substr(from, at + kSectorBytes - from);
    if (sector.find_first_not_of('\0') == BytesView::npos) return true;
  }
  return false;
}

// Every block begins with a record.
bool has_later_block(BytesView content, size_t at) {
  for (size_t block = (at / kBlockBytes + 1) * kBlockBytes; block + kHeaderBytes <= content.size();
       block += kBlockBytes) {
    if (is_whole(content, block, header_at(content, block))) return true;
  }
  return false;
}

LogEnd judge(BytesView content, size_t at) {
  if (has_later_block(content, at)) return LogEnd::damaged;
  if (content.size() - at < kHeaderBytes) return LogEnd::torn;
  if (header_has_flipped(content, at) || payload_has_flipped(content, at)) return LogEnd::damaged;
  const size_t claimed = kHeaderBytes + length_of(header_at(content, at));
  const size_t room = kBlockBytes - at % kBlockBytes;
  const bool runs_out = claimed <= room && at + claimed > content.size();
  const size_t end = at + std::min(std::min(claimed, room), content.size() - at);
  return runs_out || has_lost_sector(content, at, end) ? LogEnd::torn : LogEnd::damaged;
}

std::unexpected<Error> unreadable(const fs::path& path) {
  return fail(ErrorKind::internal, fmt::format("{} cannot be read", path.string()));
}

Result<void> check_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return unreadable(path);
  std::error_code code;
  const uint64_t size = fs::file_size(path, code);
  if (code) return unreadable(path);
  Bytes content(static_cast<size_t>(size), '\0');
  if (!in.read(content.data(), static_cast<std::streamsize>(content.size()))) {
    return unreadable(path);
  }
  const LogState state = check_log(content);
  if (state.end == LogEnd::whole) return {};
  if (state.end == LogEnd::damaged) {
    return fail(ErrorKind::internal,
                fmt::format("{} is damaged at offset {}", path.string(), state.offset));
  }
  if (!has_lost_sector(content, state.offset, content.size())) return {};
  fs::resize_file(path, state.offset, code);
  if (code) return fail(ErrorKind::internal, fmt::format("{}: {}", path.string(), code.message()));
  runtime::log(runtime::LogLevel::warning, "store.torn_log_cut",
               {{"file", path.string()}, {"offset", std::to_string(state.offset)}});
  return {};
}

}  // namespace

LogState check_log(BytesView content) {
  size_t at = 0;
  while (at < content.size()) {
    const size_t room = kBlockBytes - at % kBlockBytes;
    if (room < kHeaderBytes) {
      at += room;
      continue;
    }
    if (content.size() - at < kHeaderBytes) return {judge(content, at), at};
    const Header header = header_at(content, at);
    if (!is_whole(content, at, header)) return {judge(content, at), at};
    at += kHeaderBytes + length_of(header);
  }
  return {LogEnd::whole, content.size()};
}

Result<void> check_logs(const fs::path& folder) {
  std::error_code code;
  std::string manifest;
  std::ifstream(folder / "CURRENT") >> manifest;
  for (fs::directory_iterator it(folder, code), end; !code && it != end; it.increment(code)) {
    if (it->path().extension() == ".log" || it->path().filename() == manifest) {
      TRY(check_file(it->path()));
    }
  }
  if (code) return unreadable(folder);
  return {};
}

bool has_rows(const fs::path& folder) {
  std::error_code code;
  for (fs::directory_iterator it(folder, code), end; !code && it != end; it.increment(code)) {
    if (it->path().extension() == ".log" || it->path().extension() == ".sst") return true;
  }
  return false;
}

}  // namespace millrace::store
