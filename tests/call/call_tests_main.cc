// millrace_call_tests: plays `.test` files in every world. See README.md.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <set>
#include <span>

#include "runtime/locked.h"
#include "runtime/log.h"
#include "runtime/pool.h"
#include "tests/call/player.h"
#include "tests/call/worlds/killed_world.h"
#include "tests/call/worlds/leftovers.h"
#include "tests/call/worlds/platform_world.h"
#include "tests/call/worlds/training_data.h"

namespace millrace::call_tests {
namespace {

namespace fs = std::filesystem;

constexpr unsigned kWorkers = 2;
constexpr int kExitUsage = 2;

struct Chosen {
  std::vector<std::string> files;
  std::string world;
  std::string protocol;
  unsigned jobs = kWorkers;
  uint64_t seed = 0;  // 0: by the file's name
  bool log = false;
};

// One script in one world.
struct Round {
  const Script* script = nullptr;
  WorldKind world = WorldKind::process;
  std::optional<wire::Protocol> protocol;
};

struct Counts {
  size_t played = 0, failed = 0;
  size_t faulty = 0;  // Rounds with faults.
  uint64_t faults = 0;
};

// So many rounds write something; where none met a fault, faults are not injected at all.
constexpr size_t kFaultyRoundsMin = 10;
// One that takes longer is taken for stuck.
constexpr seconds kRoundTimeMax{150};
constexpr milliseconds kLookEvery{20};

struct Progress {
  std::map<size_t, std::chrono::steady_clock::time_point> playing;  // By the round's index.
  size_t ended = 0;
};

std::string name_of(const Round& round) {
  const fs::path path = fs::path(round.script->path).lexically_proximate(fs::current_path());
  std::string world(to_string(round.world));
  if (round.protocol) world += fmt::format(" {}", wire::to_string(*round.protocol));
  return fmt::format("{} [{}]", path.string(), world);
}

std::string command_of(const Round& round) {
  std::string out = fmt::format("millrace_call_tests --world {}", to_string(round.world));
  if (round.protocol) out += fmt::format(" --protocol {}", wire::to_string(*round.protocol));
  return out + " " + round.script->path;
}

uint64_t seed_of(std::string_view path) {
  uint64_t seed = 0xCBF29CE484222325ULL;  // FNV-1a of the file's name, so that it repeats anywhere.
  for (const char c : path.substr(path.rfind('/') + 1)) {
    seed = (seed ^ static_cast<unsigned char>(c)) * 0x100000001B3ULL;
  }
  return seed;
}

// Every model the platform serves, from one that is opened for this alone.
Result<Models> read_models(const fs::path& scratch) {
  const auto clock = runtime::make_system_clock();
  const auto random = runtime::make_seeded_random(1);
  const auto disk = runtime::make_disk();
  app::Config config;
  config.data = scratch / "models";
  config.accounts = {root_account()};
  TRY(const auto platform,
      app::Platform::open(std::move(config), {.clock = *clock, .random = *random, .disk = *disk}));
  Models models;
  for (const auto& entry : platform->directory().entries()) {
    models.emplace(entry.bound.model->name, entry.bound.model);
  }
  return models;
}

Result<Script> load_script(const std::string& path, const Fixtures& fixtures) {
  const auto disk = runtime::make_disk();
  TRY(const Bytes text, runtime::read_file(*disk, fs::absolute(path), kScriptBytesMax));
  TRY(Script script, parse_script(path, text));
  TRY(check_fixtures(script, fixtures));
  return script;
}

// The protocols to play the script in, so that each called service is heard in all of its own.
std::set<wire::Protocol> protocols_of(const Script& script, const Models& models) {
  std::set<wire::Protocol> several;
  std::optional<wire::Protocol> first;
  for (const Step& step : script.steps) {
    const bool calls = step.kind == StepKind::call || step.kind == StepKind::until;
    const auto it = calls ? models.find(step.service) : models.end();
    if (it == models.end()) continue;
    const std::span<const wire::Protocol> spoken = it->second->protocols;
    if (!first) first = spoken.front();
    if (spoken.size() > 1) several.insert(spoken.begin(), spoken.end());
  }
  if (several.empty() && first) several.insert(*first);
  return several;
}

class Runner final {
 public:
  Runner(Chosen chosen, Fixtures fixtures, Models models, fs::path scratch, fs::path millrace)
      : chosen_(std::move(chosen)),
        fixtures_(std::move(fixtures)),
        models_(std::move(models)),
        scratch_(std::move(scratch)),
        millrace_(std::move(millrace)) {}

  // The exit code.
  int run() {
    std::vector<Script> scripts;
    for (const std::string& file : chosen_.files) {
      auto script = load_script(file, fixtures_);
      if (script) {
        scripts.push_back(std::move(*script));
      } else {
        report(fmt::format("  {}\nnot ok - {} [grammar]\n", script.error().message, file));
        counts_.with([](Counts& counts) { ++counts.failed; });
      }
    }
    std::vector<Round> rounds;
    for (const Script& script : scripts) add_rounds(script, rounds);
    runtime::Pool pool("players", workers());
    for (size_t i = 0; i < rounds.size(); ++i) {
      const bool queued = pool.submit([this, &rounds, i] { play_tracked(rounds[i], i); });
      ASSERT(queued);
    }
    const bool all_ended = await(rounds);
    const int code = summarize(rounds.size());
    // What does not end cannot be joined either.
    if (!all_ended) std::_Exit(code);
    return code;
  }

 private:
  void add_rounds(const Script& script, std::vector<Round>& rounds) {
    for (const WorldKind world : kWorlds) {
      if (!chosen_.world.empty() && chosen_.world != to_string(world)) continue;
      if (const Exemption* const exemption = script.exemption(world)) {
        report(fmt::format("skip - {}: {}\n", name_of({&script, world, std::nullopt}),
                           exemption->reason));
        continue;
      }
      if (world != WorldKind::http) {
        rounds.push_back({&script, world, std::nullopt});
        continue;
      }
      for (const wire::Protocol protocol : protocols_of(script, models_)) {
        const bool wanted =
            chosen_.protocol.empty() || chosen_.protocol == wire::to_string(protocol);
        if (wanted) rounds.push_back({&script, world, protocol});
      }
    }
  }

  std::unique_ptr<World> make_world(const Round& round, const fs::path& folder) const {
    if (round.world == WorldKind::restart) {
      return std::make_unique<KilledWorld>(models_, millrace_, folder / "data");
    }
    const uint64_t seed = chosen_.seed != 0 ? chosen_.seed : seed_of(round.script->path);
    return std::make_unique<PlatformWorld>(models_, PlatformOptions{.kind = round.world,
                                                                    .protocol = round.protocol,
                                                                    .data = folder / "data",
                                                                    .program = millrace_,
                                                                    .seed = seed});
  }

  unsigned workers() const { return std::max(1U, chosen_.jobs); }

  void play_tracked(const Round& round, size_t index) {
    const auto now = std::chrono::steady_clock::now();
    progress_.with([&](Progress& progress) { progress.playing.emplace(index, now); });
    play_round(round, scratch_ / std::to_string(index));
    progress_.with([&](Progress& progress) {
      progress.playing.erase(index);
      ++progress.ended;
    });
  }

  // Waits for the rounds. False where some do not end in their time; they are reported.
  bool await(const std::vector<Round>& rounds) {
    runtime::Loop loop;
    const auto clock = runtime::make_system_clock();
    std::set<size_t> stuck;
    while (true) {
      const auto late = std::chrono::steady_clock::now() - kRoundTimeMax;
      const Progress now = progress_.with([](const Progress& progress) { return progress; });
      for (const auto& [index, began] : now.playing) {
        if (began < late && stuck.insert(index).second) report_stuck(rounds[index]);
      }
      const bool nobody_left = stuck.size() >= workers();
      if (nobody_left || now.ended + stuck.size() >= rounds.size()) return stuck.empty();
      static_cast<void>(runtime::run_task(loop, clock->sleep_for(kLookEvery, {})));
    }
  }

  void report_stuck(const Round& round) {
    report(fmt::format("  {}: does not end within {} s\n    again: {}\nnot ok - {}\n",
                       round.script->path, kRoundTimeMax.count(), command_of(round),
                       name_of(round)));
    counts_.with([](Counts& counts) {
      ++counts.played;
      ++counts.failed;
    });
  }

  // The exit code.
  int summarize(size_t rounds) {
    Counts counts = counts_.with([](const Counts& c) { return c; });
    if (counts.faulty >= kFaultyRoundsMin && counts.faults == 0) {
      report("not ok - faults: none was injected\n");
      ++counts.failed;
    }
    if (counts.played < rounds) {
      report(fmt::format("not ok - {} rounds were not played\n", rounds - counts.played));
      ++counts.failed;
    }
    report(fmt::format("# {} rounds, {} failed, {} faults injected\n", counts.played, counts.failed,
                       counts.faults));
    return counts.failed == 0 && counts.played > 0 ? 0 : 1;
  }

  void play_round(const Round& round, const fs::path& folder) {
    std::error_code ignored;
    fs::create_directories(folder, ignored);
    std::optional<std::string> failure;
    uint64_t faults = 0;
    {
      const auto world = make_world(round, folder);
      failure = play(*round.script, *world, fixtures_);
      if (const auto* faulty = dynamic_cast<const PlatformWorld*>(world.get())) {
        faults = faulty->faults();
      }
    }
    end_leftovers(folder);
    counts_.with([&](Counts& counts) {
      ++counts.played;
      counts.failed += failure ? 1 : 0;
      counts.faulty += round.world == WorldKind::faults ? 1 : 0;
      counts.faults += faults;
    });
    if (!failure) {
      fs::remove_all(folder, ignored);
      report(fmt::format("ok - {}\n", name_of(round)));
      return;
    }
    report(fmt::format("  {}\n    again: {}\n    its data: {}\nnot ok - {}\n", *failure,
                       command_of(round), folder.string(), name_of(round)));
  }

  void report(const std::string& text) {
    output_.with([&text](int&) {
      std::fputs(text.c_str(), stdout);
      std::fflush(stdout);
    });
  }

  const Chosen chosen_;
  const Fixtures fixtures_;
  const Models models_;
  const fs::path scratch_;
  const fs::path millrace_;
  runtime::Locked<Counts> counts_;
  runtime::Locked<Progress> progress_;
  runtime::Locked<int> output_;  // Nothing but the lock: reports do not mix.
};

// MILLRACE_BIN, or the program beside this one.
fs::path millrace_program() {
  if (const char* const named = std::getenv("MILLRACE_BIN"); named != nullptr && *named != '\0') {
    return named;
  }
  std::error_code ignored;
  return fs::read_symlink("/proc/self/exe", ignored).parent_path() / "millrace";
}

int run(const Chosen& chosen) {
  runtime::set_log_level(chosen.log ? runtime::LogLevel::debug : runtime::LogLevel::off);
  std::error_code error;
  const fs::path made =
      fs::temp_directory_path(error) / fmt::format("millrace-call-tests-{}", ::getpid());
  fs::create_directories(made, error);
  const fs::path scratch = fs::canonical(made, error);
  auto fixtures = Fixtures::make(fixture_texts(), training_data());
  auto models = read_models(scratch);
  if (!fixtures || !models) {
    fmt::print("not ok - {}\n", !fixtures ? fixtures.error().message : models.error().message);
    return 1;
  }
  const int code =
      Runner(chosen, std::move(*fixtures), std::move(*models), scratch, millrace_program()).run();
  if (code == 0) fs::remove_all(scratch, error);
  return code;
}

}  // namespace
}  // namespace millrace::call_tests

int main(int argc, char** argv) {
  using namespace millrace;
  call_tests::Chosen chosen;
  CLI::App program{"Plays .test files in every world", "millrace_call_tests"};
  program.add_option("files", chosen.files, "The .test files")->required();
  program.add_option("--world", chosen.world, "Only this one")
      ->check(CLI::IsMember({"process", "http", "restart", "faults"}));
  program.add_option("--protocol", chosen.protocol, "Only this one: json-1.1, query, …");
  program.add_option("--jobs", chosen.jobs, "Rounds at a time")->capture_default_str();
  program.add_option("--seed", chosen.seed, "Of the faults; 0: by the file's name");
  program.add_flag("--log", chosen.log, "The platform's log, on standard error");
  try {
    program.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return program.exit(error) == 0 ? 0 : call_tests::kExitUsage;
  }
  return call_tests::run(chosen);
}
