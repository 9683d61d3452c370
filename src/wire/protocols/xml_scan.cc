#include "wire/protocols/xml_scan.h"

#include <charconv>

#include "base/bytes.h"
#include "wire/protocols/limits.h"

namespace millrace::wire {
namespace {

bool is_xml_character(unsigned code) {
  return code == 0x9 || code == 0xA || code == 0xD || (code >= 0x20 && code < 0xD800) ||
         (code >= 0xE000 && code <= 0xFFFD) || (code >= 0x10000 && code <= 0x10FFFF);
}

// `body` is what stands between '&' and ';'.
bool is_known_reference(std::string_view body) {
  if (!body.starts_with('#')) {
    return body == "lt" || body == "gt" || body == "amp" || body == "quot" || body == "apos";
  }
  body.remove_prefix(1);
  const bool hex = body.starts_with('x');
  if (hex) body.remove_prefix(1);
  unsigned code = 0;
  const char* const end = body.data() + body.size();
  const auto [stop, error] = std::from_chars(body.data(), end, code, hex ? 16 : 10);
  return error == std::errc() && stop == end && is_xml_character(code);
}

bool is_space(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

// Walks over markup; every function leaves `at_` behind what it has checked.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  bool run() {
    while (true) {
      const size_t found = text_.find_first_of("<&", at_);
      if (depth_ == 0 && !is_space(text_.substr(at_, found - at_))) return false;
      if (found == std::string_view::npos) return depth_ == 0;
      at_ = found;
      if (text_[at_] == '&' && depth_ == 0) return false;
      if (!(text_[at_] == '&' ? reference() : markup())) return false;
    }
  }

 private:
  bool reference() {
    constexpr size_t kLongest = 12;
    const size_t end = text_.substr(at_, kLongest).find(';');
    if (end == std::string_view::npos) return false;
    if (!is_known_reference(text_.substr(at_ + 1, end - 1))) return false;
    at_ += end + 1;
    return true;
  }

  bool skip_past(std::string_view terminator) {
    const size_t end = text_.find(terminator, at_);
    if (end == std::string_view::npos) return false;
    at_ = end + terminator.size();
    return true;
  }

  bool markup() {
    if (++tags_ > limits::kXmlNodesMax) return false;
    const std::string_view rest = text_.substr(at_);
    if (rest.starts_with("<![CDATA[")) return depth_ > 0 && skip_past("]]>");
    if (rest.starts_with("<!--")) {
      at_ += 4;
      return skip_past("-->");
    }
    if (rest.starts_with("<?")) return skip_past("?>");
    if (rest.starts_with("<!")) return false;
    if (rest.starts_with("</")) return --depth_ >= 0 && skip_past(">");
    return start_tag();
  }

  bool start_tag() {
    ++at_;
    char quote = 0;
    for (; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (c == '&' && quote != 0) {
        if (!reference()) return false;
        --at_;
      } else if (c == '<') {
        return false;
      } else if (quote != 0) {
        if (c == quote) quote = 0;
      } else if (c == '"' || c == '\'') {
        quote = c;
        if (++tags_ > limits::kXmlNodesMax) return false;
      } else if (c == '>') {
        if (text_[at_ - 1] != '/') ++depth_;
        ++at_;
        return depth_ <= limits::kDepthMax;
      }
    }
    return false;
  }

  std::string_view text_;
  size_t at_ = 0;
  size_t tags_ = 0;
  int depth_ = 0;
};

}  // namespace

bool is_safe_xml(std::string_view text) {
  return text.find('\0') == std::string_view::npos && is_utf8(text) && Scanner(text).run();
}

}  // namespace millrace::wire
