// Init: the parent of all of a job's processes, pid 1 in its pid namespace. It makes the sandbox
// from inside, starts the program, reaps what is orphaned, and when the program ends kills what is
// left. It talks to the supervisor in messages of one letter and a text.
#pragma once

#include <string>

#include "engines/jobs/sandbox.h"

namespace millrace::jobs {

enum class InitMessage : char {
  // To init.
  set_up = 'M',
  go = 'G',
  terminate = 'T',  // SIGTERM to the program.
  kill = 'K',       // SIGKILL to everything; `ended` follows.
  // To the supervisor.
  ready = 'R',
  set_up_failed = 'F',    // Text: why.
  started = 'S',          // The program runs.
  start_failed = 'E',     // Text: why.
  seccomp_missing = 'W',  // Text: why; the program runs all the same.
  ended = 'X',            // Text: wait status, CPU in µs, peak of one process in bytes.
};

inline constexpr size_t kInitTextMax = 4096;

// False when the other side is gone.
bool send_message(int channel, InitMessage kind, std::string_view text = {});
// Blocks. False when the other side is gone.
bool receive_message(int channel, InitMessage& kind, std::string& text);

struct InitPlan {
  SandboxPlan sandbox;
  bool namespaces = false;
  int channel = -1;  // SOCK_SEQPACKET, to the supervisor.
  int out = -1;      // The program's streams.
  int err = -1;
};

// Is init, to its end. Called in the process that the supervisor cloned.
[[noreturn]] void run_init(const InitPlan& plan);

}  // namespace millrace::jobs
