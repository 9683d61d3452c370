// FormParser: a multipart/form-data body, piece by piece, as a browser uploads a file with it.
//
// The fields before the file are gathered; the file's bytes are handed on as they come, so that a
// file of any size takes constant memory; what follows the file is not read. Names of fields are
// compared without regard to case. Pure: it is fed and never waits.
// Source: RFC 7578; S3 API Reference, "POST Object".
// Limits: kFormFieldsMax bytes before the file, kFormHeadMax of one part's head.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace millrace::s3 {

inline constexpr size_t kFormFieldsMax = 20 * 1024;
inline constexpr size_t kFormHeadMax = 4 * 1024;
inline constexpr size_t kBoundaryMax = 70;  // RFC 2046.

// The boundary that a Content-Type names; nothing where it is no multipart/form-data.
std::optional<std::string> form_boundary(std::string_view content_type);

class FormParser final {
 public:
  explicit FormParser(std::string_view boundary);

  // Takes the next bytes of the body; what of them belongs to the file is appended to `file`.
  // Errors: MalformedPOSTRequest, MaxPostPreDataLengthExceededError. After an error: no more calls.
  Result<void> feed(BytesView bytes, Bytes& file);
  // The body has ended. Errors: MalformedPOSTRequest where it may not have, InvalidArgument where
  // there was no file.
  Result<void> finish() const;

  bool at_file() const { return state_ >= State::file; }  // The fields are complete.
  bool done() const { return state_ == State::done; }     // So is the file.

  // In the order in which they came, without the file; `${filename}` is replaced.
  const std::vector<std::pair<std::string, std::string>>& fields() const { return fields_; }
  // The first field of that name, in any case, or null.
  const std::string* field(std::string_view name) const;
  const std::string& file_name() const { return file_name_; }

 private:
  enum class State : uint8_t { delimiter, head, field, file, done };

  // One step of what is buffered; false where more bytes are needed.
  Result<bool> step(Bytes& file);
  Result<void> count(size_t bytes);  // Of what comes before the file.
  Result<bool> take_delimiter();
  Result<bool> take_head();
  Result<bool> take_field();
  bool take_file(Bytes& file);
  Result<void> begin_part(std::string_view head);
  void replace_file_name();

  std::string delimiter_;  // CR LF -- boundary
  std::string buffer_;
  State state_ = State::delimiter;
  size_t field_bytes_ = 0;
  std::string name_;
  std::string file_name_;
  std::vector<std::pair<std::string, std::string>> fields_;
};

}  // namespace millrace::s3
