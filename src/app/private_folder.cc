#include "app/private_folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace millrace::app {
namespace {

constexpr mode_t kOwnerOnly = 0700;

std::unexpected<Error> failed(ErrorKind kind, const runtime::Path& folder, std::string_view why) {
  return fail(kind, fmt::format("{}: {}", folder.string(), why));
}

}  // namespace

Result<void> make_private_folder(const runtime::Path& folder) {
  if (::mkdir(folder.c_str(), kOwnerOnly) != 0 && errno != EEXIST) {
    return failed(ErrorKind::internal, folder, std::strerror(errno));
  }
  // What is looked at is what is closed: not a name, which could be exchanged in between.
  const int opened = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (opened < 0) return failed(ErrorKind::denied, folder, "it is no folder of this user");
  struct stat found{};
  const bool ours = ::fstat(opened, &found) == 0 && found.st_uid == ::geteuid();
  const bool closed = ours && ::fchmod(opened, kOwnerOnly) == 0;
  ::close(opened);
  if (!ours) return failed(ErrorKind::denied, folder, "it belongs to another user");
  if (!closed) return failed(ErrorKind::internal, folder, "it cannot be closed to other users");
  return {};
}

}  // namespace millrace::app
