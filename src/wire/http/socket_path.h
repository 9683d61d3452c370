// SocketPath: the path of a Unix socket in a form that fits into its address, whatever its length.
//
// An address holds 107 bytes (unix(7)); data directories may lie deeper. The folder of a longer
// path is then opened and named through /proc, where the descriptor is the short way to it.
//
// Threads: a value of its owner. Errors: invalid (empty, or the last name alone is too long),
// not_found (the folder is not there), internal.
#pragma once

#include <string>

#include "base/result.h"

namespace millrace::http {

class SocketPath final {
 public:
  static Result<SocketPath> open(const std::string& path);
  SocketPath(SocketPath&& other) noexcept;
  SocketPath& operator=(SocketPath&& other) noexcept;
  ~SocketPath();

  // As long as this object lives.
  const std::string& text() const { return text_; }

 private:
  SocketPath(std::string text, int folder) : text_(std::move(text)), folder_(folder) {}
  std::string text_;
  int folder_ = -1;  // -1: the path is short enough by itself.
};

}  // namespace millrace::http
