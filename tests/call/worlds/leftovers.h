// Jobs survive the platform, by design. What a round leaves running must not survive the round.
#pragma once

#include <filesystem>

namespace millrace::call_tests {

// Kills every process whose standard error is a file below `folder`, as those of jobs are.
void end_leftovers(const std::filesystem::path& folder);

}  // namespace millrace::call_tests
