// Script: a `.test` file as a list of steps. README.md has the grammar.
//
// Values only; any thread. parse_script() refuses what it does not understand, and what could not
// fail: a `call` or `event` without a check, a file without either.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace millrace::call_tests {

inline constexpr size_t kScriptBytesMax = 1 << 20;
inline constexpr seconds kAdvanceMax{400LL * 24 * 3600};

enum class WorldKind : uint8_t { process, http, restart, faults };
inline constexpr WorldKind kWorlds[] = {WorldKind::process, WorldKind::http, WorldKind::restart,
                                        WorldKind::faults};
std::string_view to_string(WorldKind world);
std::optional<WorldKind> parse_world(std::string_view name);

// What stands behind `----`.
struct Check {
  int line = 0;
  std::vector<int> statuses;       // One of them; empty for an event.
  std::vector<std::string> codes;  // One of them; empty: any.
  std::string output;              // JSON that the answer contains; may be empty.
  std::string message;             // A regular expression; may be empty.
  bool admits_status(int status) const;
  bool expects_error() const { return !statuses.empty() && statuses.front() >= 300; }
};

enum class StepKind : uint8_t { given, call, until, event, advance, let, as };

struct Let {
  std::string name;
  std::string path;
};

// Which members are used depends on the kind.
struct Step {
  StepKind kind = StepKind::call;
  int line = 0;
  std::string text;       // Its first line, as messages show it.
  std::string service;    // event: the source; as: what kind of caller
  std::string operation;  // given: the fixture; event: the detail type; as: the caller's name
  std::string input;      // JSON; empty for none
  std::optional<Check> check;
  std::string path;      // until
  std::string expected;  // until: JSON
  seconds advance{0};
  std::vector<Let> lets;
};

struct Exemption {
  WorldKind world = WorldKind::process;
  std::string reason;
};

struct Script {
  std::string path;
  std::vector<Exemption> exemptions;
  std::vector<Step> steps;
  const Exemption* exemption(WorldKind world) const;
};

// `variables` are defined before the first step. Errors: invalid, as "path:line: what is wrong".
Result<Script> parse_script(std::string path, std::string_view text,
                            std::set<std::string> variables = {});

}  // namespace millrace::call_tests
