#include <fcntl.h>
#include <fmt/format.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <initializer_list>

#include "engines/jobs/launcher.h"
#include "engines/jobs/process_info.h"
#include "engines/jobs/sandbox.h"

namespace millrace::jobs {
namespace {

constexpr size_t kCopyMax = 512 * 1024;

std::unexpected<Error> failed(std::string_view call, std::string_view what) {
  const int code = errno;
  return fail(code == ENOENT ? ErrorKind::not_found : ErrorKind::internal,
              fmt::format("{} {}: {}", call, what, std::strerror(code)));
}

Result<void> make_way(const std::string& path) {
  std::error_code code;
  std::filesystem::create_directories(path, code);
  if (!code) return {};
  errno = code.value();
  return failed("mkdir", path);
}

// Binds `host` at `place` below the root, both of one kind, and takes away what is not wanted.
Result<void> bind(const std::string& host, const std::string& place, uint64_t attributes) {
  const int tree =
      ::open_tree(AT_FDCWD, host.c_str(), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
  if (tree < 0) return failed("bind", host);
  struct mount_attr attr{};
  attr.attr_set = attributes;
  int answer = ::mount_setattr(tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &attr, sizeof(attr));
  if (answer == 0) {
    answer = ::move_mount(tree, "", AT_FDCWD, place.c_str(), MOVE_MOUNT_F_EMPTY_PATH);
  }
  const int code = errno;
  ::close(tree);
  errno = code;
  if (answer != 0) return failed("bind", fmt::format("{} at {}", host, place));
  return {};
}

Result<void> bind_new(const std::string& host, const std::string& place, uint64_t attributes) {
  struct stat st{};
  if (::stat(host.c_str(), &st) != 0) return failed("bind", host);
  if (S_ISDIR(st.st_mode)) {
    TRY(make_way(place));
  } else {
    TRY(make_way(std::filesystem::path(place).parent_path().string()));
    const int fd = ::open(place.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    if (fd < 0) return failed("create", place);
    ::close(fd);
  }
  return bind(host, place, attributes);
}

Result<void> put_file(const std::string& path, std::string_view content) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0) return failed("create", path);
  const ssize_t put = ::write(fd, content.data(), content.size());
  ::close(fd);
  if (put != static_cast<ssize_t>(content.size())) return failed("write", path);
  return {};
}

// The directories of the system: bound, or linked where the host links them into /usr.
Result<void> make_system(const std::string& root) {
  constexpr uint64_t kSystem = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
  for (const char* const path : {"/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"}) {
    struct stat st{};
    if (::lstat(path, &st) != 0) continue;
    if (S_ISLNK(st.st_mode)) {
      std::error_code code;
      const auto target = std::filesystem::read_symlink(path, code);
      if (::symlink(target.c_str(), (root + path).c_str()) != 0) return failed("symlink", path);
    } else {
      TRY(bind_new(path, root + path, kSystem));
    }
  }
  return {};
}

// Only what programs need to find libraries, hosts, zones and certificates; users are the job's.
Result<void> make_etc(const std::string& root, const std::string& hostname) {
  TRY(make_way(root + "/etc/ssl"));
  for (const char* const path :
       {"/etc/ld.so.cache", "/etc/nsswitch.conf", "/etc/resolv.conf", "/etc/hosts",
        "/etc/host.conf", "/etc/protocols", "/etc/services", "/etc/localtime", "/etc/timezone",
        "/etc/mime.types", "/etc/ssl/openssl.cnf"}) {
    const std::string content = read_small_file(path);
    if (!content.empty() && content.size() <= kCopyMax) TRY(put_file(root + path, content));
  }
  TRY(put_file(root + "/etc/passwd",
               "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n"));
  TRY(put_file(root + "/etc/group", "root:x:0:\nnogroup:x:65534:\n"));
  TRY(put_file(root + "/etc/hostname", hostname + "\n"));
  constexpr uint64_t kSystem = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
  for (const char* const path : {"/etc/ssl/certs", "/etc/alternatives"}) {
    if (::access(path, F_OK) == 0) TRY(bind_new(path, root + path, kSystem));
  }
  return {};
}

Result<void> make_dev(const std::string& root) {
  TRY(make_way(root + "/dev/shm"));
  for (const char* const path :
       {"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"}) {
    TRY(bind_new(path, root + path, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC));
  }
  const std::pair<const char*, const char*> links[] = {{"/proc/self/fd", "/dev/fd"},
                                                       {"/proc/self/fd/0", "/dev/stdin"},
                                                       {"/proc/self/fd/1", "/dev/stdout"},
                                                       {"/proc/self/fd/2", "/dev/stderr"}};
  for (const auto& [target, path] : links) {
    if (::symlink(target, (root + path).c_str()) != 0) return failed("symlink", path);
  }
  const std::string options = fmt::format("mode=1777,size={}", kSharedMemoryBytesMax);
  if (::mount("tmpfs", (root + "/dev/shm").c_str(), "tmpfs", MS_NOSUID | MS_NODEV,
              options.c_str()) != 0) {
    return failed("mount", "/dev/shm");
  }
  return {};
}

// The own pid namespace's processes. Read-only: the job's root user is the host's user, and the
// kernel's settings below /proc/sys ask for the user alone.
Result<void> make_proc(const std::string& root) {
  TRY(make_way(root + "/proc"));
  if (::mount("proc", (root + "/proc").c_str(), "proc",
              MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr) != 0) {
    return failed("mount", "/proc");
  }
  return {};
}

// Of a program that was not installed: what it loads lies beside it, as itself or as a link.
Result<void> make_own_libraries(const std::filesystem::path& folder, const std::string& inside) {
  constexpr uint64_t kReadOnly = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
  for (const char* const name : {"libmillrace_duckdb.so", "libduckdb.so"}) {
    std::error_code code;
    const std::filesystem::path library = std::filesystem::canonical(folder / name, code);
    if (!code) TRY(bind_new(library.string(), inside + name, kReadOnly));
  }
  return {};
}

Result<void> make_own_binary(const SandboxPlan& plan, const std::string& root) {
  if (plan.spec.program[0] != "/proc/self/exe") return {};
  constexpr uint64_t kReadOnly = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
  const std::filesystem::path binary = plan.own_binary;
  TRY(bind_new(binary.string(), root + kOwnBinaryInside + binary.filename().string(), kReadOnly));
  TRY(make_own_libraries(binary.parent_path(), root + kOwnBinaryInside));
  const std::string libraries = (binary.parent_path().parent_path() / "lib/millrace").string();
  if (::access(libraries.c_str(), F_OK) != 0) return {};
  return bind_new(libraries, root + "/opt/millrace/lib/millrace", kReadOnly);
}

Result<void> raise_loopback() {
  const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return failed("socket", "lo");
  struct ifreq request{};
  std::strncpy(request.ifr_name, "lo", IFNAMSIZ - 1);
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  const int answer = ::ioctl(fd, SIOCSIFFLAGS, &request);
  ::close(fd);
  if (answer != 0) return failed("ioctl", "lo");
  return {};
}

// The new root becomes the only one: the old is stacked on it, and let go.
Result<void> change_root(const std::string& root) {
  if (::chdir(root.c_str()) != 0) return failed("chdir", root);
  if (::syscall(SYS_pivot_root, ".", ".") != 0) return failed("pivot_root", root);
  if (::umount2(".", MNT_DETACH) != 0) return failed("umount", "the host's root");
  if (::chdir("/") != 0) return failed("chdir", "/");
  return {};
}

}  // namespace

Result<void> enter_mount_tree(const SandboxPlan& plan) {
  if (::mount(nullptr, "/", nullptr, MS_PRIVATE | MS_REC, nullptr) != 0)
    return failed("mount", "/");
  const std::string root = plan.job_directory + "/" + kRootDirectory;
  const std::string options = fmt::format("mode=755,size={}", kRootBytesMax);
  if (::mount("tmpfs", root.c_str(), "tmpfs", MS_NOSUID | MS_NODEV, options.c_str()) != 0) {
    return failed("mount", root);
  }
  TRY(make_system(root));
  TRY(make_etc(root, plan.spec.hostname));
  TRY(make_dev(root));
  TRY(make_proc(root));
  TRY(make_own_binary(plan, root));
  for (const char* const path : {"/root", "/run", "/var/tmp"}) TRY(make_way(root + path));
  constexpr uint64_t kJob = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
  TRY(bind_new(plan.job_directory + "/" + kTemporaryDirectory, root + "/tmp", kJob));
  for (const Mount& mount : plan.spec.mounts) {
    const uint64_t attributes = kJob | (mount.read_only ? MOUNT_ATTR_RDONLY : 0);
    TRY(bind_new(mount.host, root + mount.inside, attributes));
  }
  TRY(make_way(root + plan.spec.working_directory));
  TRY(change_root(root));
  if (::sethostname(plan.spec.hostname.data(), plan.spec.hostname.size()) != 0) {
    return failed("sethostname", plan.spec.hostname);
  }
  if (!plan.spec.network) TRY(raise_loopback());
  return {};
}

}  // namespace millrace::jobs
