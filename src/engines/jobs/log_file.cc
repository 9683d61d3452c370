#include "engines/jobs/log_file.h"

#include <cstring>

#include "base/hash.h"

namespace millrace::jobs {
namespace {

template <class Number>
void put(std::string& out, Number number) {
  for (size_t i = 0; i < sizeof(Number); ++i) {
    out += static_cast<char>(static_cast<uint64_t>(number) >> (8 * i));
  }
}

uint64_t get(std::string_view bytes, size_t at, size_t size) {
  uint64_t out = 0;
  for (size_t i = 0; i < size; ++i) {
    out |= static_cast<uint64_t>(static_cast<unsigned char>(bytes[at + i])) << (8 * i);
  }
  return out;
}

// The length of the well-formed sequence at the start of `text`, or 0.
size_t sequence_length(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  const size_t size = lead < 0x80   ? 1
                      : lead < 0xC2 ? 0
                      : lead < 0xE0 ? 2
                      : lead < 0xF0 ? 3
                      : lead < 0xF5 ? 4
                                    : 0;
  if (size == 0 || size > text.size() || !is_utf8(text.substr(0, size))) return 0;
  return size;
}

// Where to cut a piece of `text` that may hold `size_max` bytes: not behind a lead byte or within
// the sequence that it begins.
size_t cut_at(std::string_view text, size_t size_max) {
  size_t cut = size_max;
  while (cut > size_max - 4 && (static_cast<unsigned char>(text[cut]) & 0xC0) == 0x80) --cut;
  return cut > size_max - 4 ? cut : size_max;
}

}  // namespace

std::string encode_record(Stream stream, Time time, std::string_view text) {
  std::string body;
  body.reserve(10 + text.size());
  put(body, time.time_since_epoch().count());
  body += static_cast<char>(stream);
  body += '\0';
  body += text;
  std::string out;
  out.reserve(8 + body.size());
  put(out, static_cast<uint32_t>(text.size()));
  put(out, crc32c(0, body));
  out += body;
  return out;
}

LogParse parse_record(std::string_view bytes, LogRecord& record) {
  if (bytes.size() < kLogHeaderBytes) return LogParse::incomplete;
  const uint64_t size = get(bytes, 0, 4);
  if (size > kLogTextMax) return LogParse::damaged;
  if (bytes.size() < kLogHeaderBytes + size) return LogParse::incomplete;
  const std::string_view body = bytes.substr(8, kLogHeaderBytes - 8 + size);
  const auto stream = static_cast<unsigned char>(body[8]);
  if (crc32c(0, body) != get(bytes, 4, 4) || stream < 1 || stream > 3) return LogParse::damaged;
  record.time = Time(microseconds(static_cast<int64_t>(get(bytes, 8, 8))));
  record.stream = static_cast<Stream>(stream);
  record.text = body.substr(10);
  record.bytes = kLogHeaderBytes + size;
  return LogParse::record;
}

void LineSplitter::feed(std::string_view bytes, const std::function<void(std::string_view)>& line) {
  while (!bytes.empty()) {
    const size_t end = bytes.find('\n');
    const size_t piece = end == std::string_view::npos ? bytes.size() : end;
    rest_ += bytes.substr(0, piece);
    bytes.remove_prefix(piece);
    // One byte more, so that a line of exactly the limit is not cut before its "\r\n".
    while (rest_.size() > kLogTextMax + 1) {
      const size_t cut = cut_at(rest_, kLogTextMax);
      line(std::string_view(rest_).substr(0, cut));
      rest_.erase(0, cut);
    }
    if (bytes.empty()) return;
    bytes.remove_prefix(1);
    if (!rest_.empty() && rest_.back() == '\r') rest_.pop_back();
    if (rest_.size() > kLogTextMax) {
      const size_t cut = cut_at(rest_, kLogTextMax);
      line(std::string_view(rest_).substr(0, cut));
      rest_.erase(0, cut);
    }
    line(rest_);
    rest_.clear();
  }
}

void LineSplitter::finish(const std::function<void(std::string_view)>& line) {
  if (rest_.empty()) return;
  if (rest_.size() > kLogTextMax) {
    const size_t cut = cut_at(rest_, kLogTextMax);
    line(std::string_view(rest_).substr(0, cut));
    rest_.erase(0, cut);
  }
  line(rest_);
  rest_.clear();
}

std::string to_utf8(std::string_view text) {
  if (is_utf8(text)) return std::string(text);
  std::string out;
  out.reserve(text.size() + 16);
  while (!text.empty()) {
    const size_t size = sequence_length(text);
    if (size == 0) {
      out += "\xEF\xBF\xBD";
      text.remove_prefix(1);
    } else {
      out += text.substr(0, size);
      text.remove_prefix(size);
    }
  }
  return out;
}

}  // namespace millrace::jobs
