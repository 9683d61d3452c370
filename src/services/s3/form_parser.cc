#include "services/s3/form_parser.h"

#include <algorithm>

#include "services/s3/errors.h"
#include "wire/http/headers.h"

namespace millrace::s3 {
namespace {

std::unexpected<Error> malformed() { return fail(problem(Problem::malformed_post_request)); }

std::string_view trim(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

// The value of a parameter of a header (`form-data; name="a"; filename="b"`), unquoted; nothing
// where there is none, or where a quote does not end.
std::optional<std::string> parameter(std::string_view header, std::string_view name) {
  for (size_t at = header.find(';'); at != std::string_view::npos;) {
    header = trim(header.substr(at + 1));
    const size_t equals = header.find('=');
    if (equals == std::string_view::npos) return std::nullopt;
    const std::string_view key = trim(header.substr(0, equals));
    header = trim(header.substr(equals + 1));
    std::string value;
    if (header.starts_with('"')) {
      size_t i = 1;
      for (; i < header.size() && header[i] != '"'; ++i) {
        // Browsers escape a quote in a file's name; a path of Windows keeps its backslashes.
        if (header[i] == '\\' && i + 1 < header.size() && header[i + 1] == '"') ++i;
        value += header[i];
      }
      if (i == header.size()) return std::nullopt;
      header.remove_prefix(i + 1);
    } else {
      value = trim(header.substr(0, header.find(';')));
    }
    if (http::equal_ignoring_case(key, name)) return value;
    at = header.find(';');
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> form_boundary(std::string_view content_type) {
  const std::string_view type = trim(content_type.substr(0, content_type.find(';')));
  if (!http::equal_ignoring_case(type, "multipart/form-data")) return std::nullopt;
  std::optional<std::string> boundary = parameter(content_type, "boundary");
  if (!boundary || boundary->empty() || boundary->size() > kBoundaryMax) return std::nullopt;
  const bool plain = std::ranges::all_of(
      *boundary, [](char c) { return c >= 0x20 && c < 0x7F && c != '"' && c != '\\'; });
  return plain ? boundary : std::nullopt;
}

// The body begins with a delimiter whose line break is the head's.
FormParser::FormParser(std::string_view boundary)
    : delimiter_("\r\n--" + std::string(boundary)), buffer_("\r\n") {}

Result<void> FormParser::feed(BytesView bytes, Bytes& file) {
  if (state_ == State::done) return {};
  buffer_.append(bytes);
  for (;;) {
    TRY(const bool moved, step(file));
    if (!moved) break;
  }
  return {};
}

Result<void> FormParser::count(size_t bytes) {
  field_bytes_ += bytes;
  if (field_bytes_ <= kFormFieldsMax) return {};
  return fail(problem(Problem::max_post_pre_data_length_exceeded));
}

Result<bool> FormParser::step(Bytes& file) {
  switch (state_) {
    case State::delimiter:
      return take_delimiter();
    case State::head:
      return take_head();
    case State::field:
      return take_field();
    case State::file:
      return take_file(file);
    case State::done:
      break;
  }
  return false;
}

Result<bool> FormParser::take_delimiter() {
  const size_t size = delimiter_.size() + 2;
  const size_t known = std::min(buffer_.size(), delimiter_.size());
  if (std::string_view(buffer_).substr(0, known) != std::string_view(delimiter_).substr(0, known)) {
    return malformed();
  }
  if (buffer_.size() < size) return false;
  const std::string_view tail = std::string_view(buffer_).substr(delimiter_.size(), 2);
  if (tail == "--") {  // The end of the form; a file would have ended it before.
    state_ = State::done;
    name_.clear();
    return false;
  }
  if (tail != "\r\n") return malformed();
  buffer_.erase(0, size);
  state_ = State::head;
  return true;
}

Result<bool> FormParser::take_head() {
  const size_t end = buffer_.find("\r\n\r\n");
  if (end == std::string::npos) {
    if (buffer_.size() > kFormHeadMax) return malformed();
    return false;
  }
  if (end > kFormHeadMax) return malformed();
  const std::string head = buffer_.substr(0, end);
  buffer_.erase(0, end + 4);
  TRY(count(head.size()));
  TRY(begin_part(head));
  return true;
}

Result<void> FormParser::begin_part(std::string_view head) {
  std::optional<std::string> name;
  while (!head.empty()) {
    const size_t end = head.find("\r\n");
    const std::string_view line = head.substr(0, end);
    head.remove_prefix(end == std::string_view::npos ? head.size() : end + 2);
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos) return malformed();
    if (!http::equal_ignoring_case(trim(line.substr(0, colon)), "content-disposition")) continue;
    const std::string_view value = trim(line.substr(colon + 1));
    if (!http::equal_ignoring_case(trim(value.substr(0, value.find(';'))), "form-data")) {
      return malformed();
    }
    name = parameter(value, "name");
    file_name_ = parameter(value, "filename").value_or("");
  }
  if (!name) return malformed();
  name_ = std::move(*name);
  if (!http::equal_ignoring_case(name_, "file")) {
    state_ = State::field;
    return {};
  }
  // AWS: of a path, as some browsers send it, the name counts.
  const size_t slash = file_name_.find_last_of("/\\");
  if (slash != std::string::npos) file_name_.erase(0, slash + 1);
  replace_file_name();
  // The file, too, ends where a delimiter begins, which may be at once.
  state_ = State::file;
  return {};
}

void FormParser::replace_file_name() {
  constexpr std::string_view kVariable = "${filename}";
  for (auto& [name, value] : fields_) {
    // The policy is signed as it is.
    if (http::equal_ignoring_case(name, "policy")) continue;
    for (size_t at = value.find(kVariable); at != std::string::npos;
         at = value.find(kVariable, at + file_name_.size())) {
      value.replace(at, kVariable.size(), file_name_);
    }
  }
}

Result<bool> FormParser::take_field() {
  const size_t end = buffer_.find(delimiter_);
  if (end == std::string::npos) {
    if (buffer_.size() > kFormFieldsMax + delimiter_.size()) {
      return fail(problem(Problem::max_post_pre_data_length_exceeded));
    }
    return false;
  }
  TRY(count(end));
  fields_.emplace_back(std::move(name_), buffer_.substr(0, end));
  name_.clear();
  buffer_.erase(0, end);
  state_ = State::delimiter;
  return true;
}

bool FormParser::take_file(Bytes& file) {
  const size_t end = buffer_.find(delimiter_);
  if (end != std::string::npos) {
    file.append(buffer_, 0, end);
    buffer_.clear();
    state_ = State::done;
    name_ = "file";
    return false;
  }
  // The last bytes may be the beginning of a delimiter.
  if (buffer_.size() >= delimiter_.size()) {
    const size_t whole = buffer_.size() - delimiter_.size() + 1;
    file.append(buffer_, 0, whole);
    buffer_.erase(0, whole);
  }
  return false;
}

Result<void> FormParser::finish() const {
  if (state_ != State::done) return malformed();
  if (name_ == "file") return {};
  return fail(invalid_argument("POST requires exactly one file upload per request.", "file", "0"));
}

const std::string* FormParser::field(std::string_view name) const {
  for (const auto& [known, value] : fields_) {
    if (http::equal_ignoring_case(known, name)) return &value;
  }
  return nullptr;
}

}  // namespace millrace::s3
