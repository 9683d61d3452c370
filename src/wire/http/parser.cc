#include "wire/http/parser.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

#include "base/result.h"

namespace millrace::http {
namespace {

enum : uint8_t { kToken = 1, kValue = 2, kTarget = 4, kHost = 8 };

constexpr std::array<uint8_t, 256> make_classes() {
  std::array<uint8_t, 256> classes{};
  const auto mark = [&](std::string_view characters, uint8_t bits) {
    for (const char c : characters) classes[static_cast<unsigned char>(c)] |= bits;
  };
  mark("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", kToken | kHost);
  mark("!#$%&'*+-.^_`|~", kToken);
  mark("-._~%!$&'()*+,;=:[]", kHost);
  for (size_t c = 0x21; c < 0x7F; ++c) {
    classes[c] |= kValue;
    if (c != '#') classes[c] |= kTarget;
  }
  for (size_t c = 0x80; c < 0x100; ++c) classes[c] |= kValue;
  mark(" \t", kValue);
  return classes;
}
constexpr std::array<uint8_t, 256> kClasses = make_classes();

bool is(char c, uint8_t bit) { return (kClasses[static_cast<unsigned char>(c)] & bit) != 0; }

bool all(std::string_view text, uint8_t bit) {
  uint8_t common = bit;
  for (const char c : text) common &= kClasses[static_cast<unsigned char>(c)];
  return common != 0;
}

std::unexpected<Fault> refuse(std::string_view reason, int status = 400) {
  return std::unexpected(Fault{status, reason});
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// Takes a line off `rest`, without its CRLF. HeadScanner has seen that every LF follows a CR.
std::string_view take_line(std::string_view& rest) {
  const size_t end = rest.find('\n');
  if (end == std::string_view::npos || end == 0) {
    rest = {};
    return {};
  }
  const std::string_view line = rest.substr(0, end - 1);
  rest.remove_prefix(end + 1);
  return line;
}

// The headers that say where the message ends and what becomes of the connection.
struct Facts {
  std::string_view content_length, transfer_encoding, host, expect;
  int content_lengths = 0, transfer_encodings = 0, hosts = 0, expects = 0;
  bool close = false, keep_alive = false;
};

void note_connection(std::string_view list, Facts& facts) {
  while (!list.empty()) {
    const size_t comma = std::min(list.find(','), list.size());
    const std::string_view option = trim(list.substr(0, comma));
    if (equal_ignoring_case(option, "close")) facts.close = true;
    if (equal_ignoring_case(option, "keep-alive")) facts.keep_alive = true;
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
}

void note(std::string_view name, std::string_view value, Facts& facts) {
  switch (name.size()) {
    case 4:
      if (equal_ignoring_case(name, "host")) ++facts.hosts, facts.host = value;
      break;
    case 6:
      if (equal_ignoring_case(name, "expect")) ++facts.expects, facts.expect = value;
      break;
    case 10:
      if (equal_ignoring_case(name, "connection")) note_connection(value, facts);
      break;
    case 14:
      if (equal_ignoring_case(name, "content-length")) {
        ++facts.content_lengths, facts.content_length = value;
      }
      break;
    case 17:
      if (equal_ignoring_case(name, "transfer-encoding")) {
        ++facts.transfer_encodings, facts.transfer_encoding = value;
      }
      break;
    default:
      break;
  }
}

// RFC 9110, 8.6: the same length, said again, is said once.
bool repeats_length(std::string_view name, std::string_view value, const Facts& facts) {
  return facts.content_lengths == 1 && value == facts.content_length &&
         equal_ignoring_case(name, "content-length");
}

Parsed<void> parse_fields(std::string_view rest, const HeadLimits& limits, HeaderViews& out,
                          Facts& facts) {
  out.clear();
  while (true) {
    const std::string_view line = take_line(rest);
    if (line.empty()) break;
    if (out.size() == limits.header_count) return refuse("too many headers", 431);
    if (line.front() == ' ' || line.front() == '\t') return refuse("folded header");
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos || colon == 0) return refuse("header without a name");
    const std::string_view name = line.substr(0, colon);
    if (!all(name, kToken)) return refuse("malformed header name");
    const std::string_view value = trim(line.substr(colon + 1));
    if (!all(value, kValue)) return refuse("control character in a header");
    if (repeats_length(name, value, facts)) continue;
    out.add(name, value);
    note(name, value, facts);
  }
  if (!rest.empty()) return refuse("bytes after the head");
  return {};
}

Parsed<Framing> find_framing(const Facts& facts, int version_minor) {
  Framing framing;
  framing.keep_alive = version_minor == 1 ? !facts.close : facts.keep_alive && !facts.close;
  if (facts.transfer_encodings > 0) {
    if (facts.content_lengths > 0) return refuse("both Content-Length and Transfer-Encoding");
    if (version_minor == 0) return refuse("Transfer-Encoding in HTTP/1.0");
    if (facts.transfer_encodings > 1) return refuse("more than one Transfer-Encoding");
    if (!equal_ignoring_case(facts.transfer_encoding, "chunked")) {
      return refuse("unknown Transfer-Encoding", 501);
    }
    framing.chunked = true;
    return framing;
  }
  if (facts.content_lengths == 0) return framing;
  if (facts.content_lengths > 1) return refuse("more than one Content-Length");
  const std::string_view digits = facts.content_length;
  constexpr size_t kDigitsMax = 18;  // Cannot overflow, and no body is that long.
  if (digits.empty() || digits.size() > kDigitsMax ||
      !std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; })) {
    return refuse("malformed Content-Length");
  }
  uint64_t length = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), length);
  framing.content_length = length;
  return framing;
}

Parsed<int> parse_version(std::string_view text) {
  if (text == "HTTP/1.1") return 1;
  if (text == "HTTP/1.0") return 0;
  const auto digit = [&](size_t i) { return text[i] >= '0' && text[i] <= '9'; };
  if (text.size() == 8 && text.starts_with("HTTP/") && digit(5) && text[6] == '.' && digit(7)) {
    return refuse("unsupported HTTP version", 505);
  }
  return refuse("malformed HTTP version");
}

// Takes the target apart: origin form, absolute form, or `*` for OPTIONS.
Parsed<void> split_target(RequestHead& head) {
  std::string_view rest = head.target;
  if (rest == "*") {
    if (head.method != "OPTIONS") return refuse("malformed target");
    head.path = rest;
    head.query = {};
    return {};
  }
  if (rest.front() != '/') {
    constexpr std::string_view kScheme = "http://";
    if (rest.size() < kScheme.size() ||
        !equal_ignoring_case(rest.substr(0, kScheme.size()), kScheme)) {
      return refuse("malformed target");
    }
    rest.remove_prefix(kScheme.size());
    const size_t end = std::min(rest.find_first_of("/?"), rest.size());
    head.host = rest.substr(0, end);
    if (head.host.empty() || !all(head.host, kHost)) return refuse("malformed target");
    rest.remove_prefix(end);
  }
  const size_t mark = std::min(rest.find('?'), rest.size());
  head.path = mark == 0 ? std::string_view("/") : rest.substr(0, mark);
  head.query = rest.substr(std::min(mark + 1, rest.size()));
  return {};
}

Parsed<void> parse_request_line(std::string_view line, const HeadLimits& limits, RequestHead& out) {
  constexpr size_t kMethodBytesMax = 32;
  const size_t first = line.find(' ');
  if (first == std::string_view::npos) return refuse("malformed request line");
  const size_t second = line.find(' ', first + 1);
  if (second == std::string_view::npos) return refuse("malformed request line");
  out.method = line.substr(0, first);
  out.target = line.substr(first + 1, second - first - 1);
  if (out.method.empty() || out.method.size() > kMethodBytesMax || !all(out.method, kToken)) {
    return refuse("malformed method");
  }
  if (out.target.size() > limits.target_bytes) return refuse("target too long", 414);
  if (out.target.empty() || !all(out.target, kTarget)) return refuse("malformed target");
  const Parsed<int> version = parse_version(line.substr(second + 1));
  if (!version) return std::unexpected(version.error());
  out.version_minor = *version;
  return {};
}

}  // namespace

bool is_token(std::string_view text) { return !text.empty() && all(text, kToken); }
bool is_field_value(std::string_view text) { return all(text, kValue); }

Parsed<size_t> HeadScanner::scan(std::string_view buffer, const HeadLimits& limits) {
  if (!buffer.empty() && !is(buffer.front(), kToken)) return refuse("this is not HTTP");
  while (true) {
    const size_t end = buffer.find('\n', scanned_);
    if (end == std::string_view::npos) break;
    if (end == 0 || buffer[end - 1] != '\r') return refuse("line feed without carriage return");
    scanned_ = end + 1;
    if (scanned_ > limits.head_bytes) return refuse("head too large", 431);
    if (end - line_ == 1) return scanned_;
    line_ = scanned_;
  }
  scanned_ = buffer.size();
  constexpr size_t kLineRest = 64;  // Method, version and spaces.
  if (line_ == 0 && scanned_ > limits.target_bytes + kLineRest) {
    return refuse("target too long", 414);
  }
  if (scanned_ > limits.head_bytes) return refuse("head too large", 431);
  return 0;
}

Parsed<void> parse_request_head(std::string_view head, const HeadLimits& limits, RequestHead& out) {
  std::string_view rest = head;
  if (auto done = parse_request_line(take_line(rest), limits, out); !done) return done;
  Facts facts;
  if (auto done = parse_fields(rest, limits, out.headers, facts); !done) return done;

  if (facts.hosts > 1) return refuse("more than one Host");
  if (facts.hosts == 0 && out.version_minor == 1) return refuse("no Host");
  if (!facts.host.empty() && !all(facts.host, kHost)) return refuse("malformed Host");
  out.host = facts.host;
  if (auto done = split_target(out); !done) return done;

  Parsed<Framing> framing = find_framing(facts, out.version_minor);
  if (!framing) return std::unexpected(framing.error());
  out.framing = *framing;
  out.expect_continue = false;
  if (facts.expects > 0) {
    if (facts.expects > 1 || !equal_ignoring_case(facts.expect, "100-continue")) {
      return refuse("unknown Expect", 417);
    }
    out.expect_continue = out.version_minor == 1;
  }
  return {};
}

Parsed<void> parse_response_head(std::string_view head, const HeadLimits& limits,
                                 ResponseHead& out) {
  std::string_view rest = head;
  const std::string_view line = take_line(rest);
  constexpr size_t kStatusAt = 9;
  constexpr size_t kReasonAt = 12;
  if (line.size() < kReasonAt || line[kStatusAt - 1] != ' ') {
    return refuse("malformed status line");
  }
  const Parsed<int> version = parse_version(line.substr(0, kStatusAt - 1));
  if (!version) return std::unexpected(version.error());
  out.version_minor = *version;
  int status = 0;
  for (const char c : line.substr(kStatusAt, kReasonAt - kStatusAt)) {
    if (c < '0' || c > '9') return refuse("malformed status");
    status = status * 10 + (c - '0');
  }
  if (status < 100 || status > 599) return refuse("malformed status");
  if (line.size() > kReasonAt && line[kReasonAt] != ' ') return refuse("malformed status line");
  out.status = status;
  out.reason = line.substr(std::min(kReasonAt + 1, line.size()));
  if (!all(out.reason, kValue)) return refuse("malformed reason");

  Facts facts;
  if (auto done = parse_fields(rest, limits, out.headers, facts); !done) return done;
  Parsed<Framing> framing = find_framing(facts, out.version_minor);
  if (!framing) return std::unexpected(framing.error());
  out.framing = *framing;
  return {};
}

}  // namespace millrace::http
