#include <fmt/format.h>
#include <linux/sched.h>
#include <seccomp.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "engines/jobs/sandbox.h"

namespace millrace::jobs {
namespace {

constexpr int kRefused[] = {
    // The tree of files and the namespaces.
    SCMP_SYS(mount),
    SCMP_SYS(umount2),
    SCMP_SYS(pivot_root),
    SCMP_SYS(chroot),
    SCMP_SYS(move_mount),
    SCMP_SYS(open_tree),
    SCMP_SYS(mount_setattr),
    SCMP_SYS(fsopen),
    SCMP_SYS(fsconfig),
    SCMP_SYS(fsmount),
    SCMP_SYS(fspick),
    SCMP_SYS(unshare),
    SCMP_SYS(setns),
    SCMP_SYS(open_by_handle_at),
    SCMP_SYS(name_to_handle_at),
    SCMP_SYS(quotactl),
    SCMP_SYS(swapon),
    SCMP_SYS(swapoff),
    SCMP_SYS(fanotify_init),
    // The kernel itself.
    SCMP_SYS(init_module),
    SCMP_SYS(finit_module),
    SCMP_SYS(delete_module),
    SCMP_SYS(kexec_load),
    SCMP_SYS(kexec_file_load),
    SCMP_SYS(reboot),
    SCMP_SYS(bpf),
    SCMP_SYS(perf_event_open),
    SCMP_SYS(userfaultfd),
    SCMP_SYS(syslog),
    SCMP_SYS(acct),
    SCMP_SYS(iopl),
    SCMP_SYS(ioperm),
    SCMP_SYS(lookup_dcookie),
    SCMP_SYS(io_uring_setup),
    SCMP_SYS(vhangup),
    // Clocks and keys.
    SCMP_SYS(settimeofday),
    SCMP_SYS(clock_settime),
    SCMP_SYS(adjtimex),
    SCMP_SYS(clock_adjtime),
    SCMP_SYS(add_key),
    SCMP_SYS(request_key),
    SCMP_SYS(keyctl),
};

constexpr int kRefusedBesideOthers[] = {SCMP_SYS(ptrace), SCMP_SYS(process_vm_readv),
                                        SCMP_SYS(process_vm_writev), SCMP_SYS(kcmp),
                                        SCMP_SYS(pidfd_getfd)};

constexpr uint64_t kNamespaceFlags[] = {CLONE_NEWUSER, CLONE_NEWNS,  CLONE_NEWPID,   CLONE_NEWNET,
                                        CLONE_NEWIPC,  CLONE_NEWUTS, CLONE_NEWCGROUP};

}  // namespace

Result<void> install_seccomp(bool namespaces) {
  const std::unique_ptr<void, void (*)(scmp_filter_ctx)> filter(seccomp_init(SCMP_ACT_ALLOW),
                                                                seccomp_release);
  if (!filter) return fail(ErrorKind::unsupported, "seccomp: no filter");
  // Programs of another architecture (32 bit) would not be held by these numbers.
  seccomp_attr_set(filter.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(ENOSYS));
  seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_NNP, 0);
  int answer = 0;
  const auto refuse = [&](int number) {
    if (answer == 0) answer = seccomp_rule_add(filter.get(), SCMP_ACT_ERRNO(EPERM), number, 0);
  };
  for (const int number : kRefused) refuse(number);
  if (!namespaces) {
    for (const int number : kRefusedBesideOthers) refuse(number);
  }
  for (const uint64_t flag : kNamespaceFlags) {
    if (answer != 0) break;
    const scmp_arg_cmp has_flag{0, SCMP_CMP_MASKED_EQ, flag, flag};
    answer =
        seccomp_rule_add_array(filter.get(), SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone), 1, &has_flag);
  }
  // Its flags lie in memory, where a filter does not see them; the C library then uses clone.
  if (answer == 0) {
    answer = seccomp_rule_add(filter.get(), SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
  }
  if (answer == 0) answer = seccomp_load(filter.get());
  if (answer == 0) return {};
  return fail(ErrorKind::unsupported, fmt::format("seccomp: {}", std::strerror(-answer)));
}

}  // namespace millrace::jobs
