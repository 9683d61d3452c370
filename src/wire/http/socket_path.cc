#include "wire/http/socket_path.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

namespace millrace::http {
namespace {

constexpr size_t kBytesMax = 107;  // Of sockaddr_un, without the NUL at its end.

}  // namespace

Result<SocketPath> SocketPath::open(const std::string& path) {
  if (path.empty()) return fail(ErrorKind::invalid, "the path of the socket is empty");
  if (path.size() <= kBytesMax) return SocketPath(path, -1);
  const std::filesystem::path whole(path);
  const int folder = ::open(whole.parent_path().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) {
    const ErrorKind kind = errno == ENOENT ? ErrorKind::not_found : ErrorKind::internal;
    return fail(kind,
                fmt::format("cannot open the folder of socket {}: {}", path, std::strerror(errno)));
  }
  SocketPath out(fmt::format("/proc/self/fd/{}/{}", folder, whole.filename().string()), folder);
  if (out.text_.size() > kBytesMax) {
    return fail(ErrorKind::invalid, "the name of the socket is too long: " + path);
  }
  return out;
}

SocketPath::SocketPath(SocketPath&& other) noexcept
    : text_(std::move(other.text_)), folder_(std::exchange(other.folder_, -1)) {}

SocketPath& SocketPath::operator=(SocketPath&& other) noexcept {
  std::swap(text_, other.text_);
  std::swap(folder_, other.folder_);
  return *this;
}

SocketPath::~SocketPath() {
  if (folder_ >= 0) ::close(folder_);
}

}  // namespace millrace::http
