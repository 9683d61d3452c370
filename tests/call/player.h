// Player: carries out a script in a world and says what was not as expected.
#pragma once

#include <optional>
#include <string>

#include "tests/call/fixtures.h"
#include "tests/call/script.h"
#include "tests/call/world.h"

namespace millrace::call_tests {

// How long `until` and `event` ask again, and how often a failed call is repeated in a world that
// injects failures.
inline constexpr milliseconds kPatience{240'000};
inline constexpr milliseconds kPauseFirst{5};
inline constexpr milliseconds kPauseMax{200};
inline constexpr int kRepetitionsMax = 40;

// What is wrong with the script itself, beyond its grammar: fixtures that do not exist, or with
// parameters that they do not have. Errors: invalid, as "path:line: what is wrong".
Result<void> check_fixtures(const Script& script, const Fixtures& fixtures);

// Opens the world and plays. Answers what failed, in some lines: the place, the step, what was
// expected and what came. Nothing where all went well.
std::optional<std::string> play(const Script& script, World& world, const Fixtures& fixtures);

}  // namespace millrace::call_tests
