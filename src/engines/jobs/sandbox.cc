#include "engines/jobs/sandbox.h"

#include <fmt/format.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "engines/jobs/launcher.h"

namespace millrace::jobs {
namespace {

constexpr std::string_view kDefaultPath =
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

std::unexpected<Error> failed(std::string_view call, const std::string& what) {
  const int code = errno;
  return fail(code == ENOENT ? ErrorKind::not_found : ErrorKind::internal,
              fmt::format("{} {}: {}", call, what, std::strerror(code)));
}

// Replaces an empty directory, and makes the way to it.
Result<void> link_mount(const Mount& mount, const std::filesystem::path& root) {
  const std::filesystem::path place = root.string() + mount.inside;
  std::error_code code;
  std::filesystem::create_directories(place.parent_path(), code);
  if (code) {
    errno = code.value();
    return failed("mkdir", place.parent_path().string());
  }
  ::rmdir(place.c_str());
  if (::symlink(mount.host.c_str(), place.c_str()) != 0) {
    if (errno != EEXIST) return failed("symlink", place.string());
    return fail(ErrorKind::invalid,
                fmt::format("mount {}: its place is not empty, and without namespaces nothing can "
                            "be mounted over it",
                            mount.inside));
  }
  return {};
}

bool lower(int resource, uint64_t value) {
  struct rlimit now{};
  if (::getrlimit(static_cast<__rlimit_resource_t>(resource), &now) != 0) return false;
  const rlim_t wanted = std::min<rlim_t>(value, now.rlim_max);
  const struct rlimit next{wanted, wanted};
  return ::setrlimit(static_cast<__rlimit_resource_t>(resource), &next) == 0;
}

}  // namespace

Result<void> check_mounts(const JobSpec& spec) {
  for (const Mount& mount : spec.mounts) {
    struct stat st{};
    if (::stat(mount.host.c_str(), &st) != 0) {
      return failed(fmt::format("mount {}:", mount.inside), mount.host);
    }
  }
  return {};
}

Result<void> make_private_tree(const SandboxPlan& plan) {
  TRY(check_mounts(plan.spec));
  const std::filesystem::path root = plan.job_directory + "/" + kRootDirectory;
  std::error_code code;
  std::filesystem::remove_all(root, code);
  std::filesystem::create_directories(root, code);
  if (code) {
    errno = code.value();
    return failed("mkdir", root.string());
  }
  for (const Mount& mount : plan.spec.mounts) TRY(link_mount(mount, root));
  std::filesystem::create_directories(final_working_directory(plan, false), code);
  if (code) {
    errno = code.value();
    return failed("mkdir", plan.spec.working_directory);
  }
  return {};
}

std::vector<std::string> final_arguments(const SandboxPlan& plan, bool namespaces) {
  std::vector<std::string> out = plan.spec.program;
  if (out[0] == "/proc/self/exe") {
    const std::string name = std::filesystem::path(plan.own_binary).filename().string();
    out[0] = namespaces ? kOwnBinaryInside + name : plan.own_binary;
  }
  return out;
}

std::vector<std::string> final_environment(const SandboxPlan& plan, bool namespaces) {
  const std::string prefix = namespaces ? "" : plan.job_directory + "/" + kRootDirectory;
  const std::string temporary =
      namespaces ? "/tmp" : plan.job_directory + "/" + kTemporaryDirectory;
  const std::pair<std::string, std::string> defaults[] = {
      {"PATH", std::string(kDefaultPath)},
      {"HOME", namespaces ? "/root" : temporary},
      {"TMPDIR", temporary},
  };
  std::vector<std::string> out;
  for (const auto& [name, value] : plan.spec.environment) {
    if (name != kRootVariable) out.push_back(name + "=" + value);
  }
  for (const auto& [name, value] : defaults) {
    const bool given =
        std::ranges::any_of(plan.spec.environment, [&](const auto& v) { return v.first == name; });
    if (!given) out.push_back(name + "=" + value);
  }
  out.push_back(fmt::format("{}={}", kRootVariable, prefix));
  return out;
}

std::string final_working_directory(const SandboxPlan& plan, bool namespaces) {
  if (namespaces) return plan.spec.working_directory;
  return plan.job_directory + "/" + kRootDirectory + plan.spec.working_directory;
}

Result<void> set_rlimits(const Limits& limits) {
  const bool files = limits.open_files == 0 || lower(RLIMIT_NOFILE, limits.open_files);
  if (!files || !lower(RLIMIT_CORE, 0)) return failed("setrlimit", "");
  return {};
}

Result<void> drop_privileges() {
  for (unsigned long capability = 0; capability <= 63; ++capability) {
    if (::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0 && errno == EINVAL) break;
  }
  ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct none[2] = {};
  if (::syscall(SYS_capset, &header, none) != 0) return failed("capset", "");
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return failed("no_new_privs", "");
  return {};
}

}  // namespace millrace::jobs
