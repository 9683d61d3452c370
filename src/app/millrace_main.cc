// The program's command line.
#include <CLI/CLI.hpp>

#include <charconv>
#include <string_view>

#include "app/algorithm.h"
#include "app/commands.h"
#include "app/version.h"
#include "engines/jobs/launcher.h"
#include "runtime/log.h"

namespace {

using millrace::app::Config;
using millrace::runtime::LogLevel;

constexpr int kExitUsage = 2;

struct Chosen {
  Config config;
  std::string log_level = "info";
  bool scratch = false;
};

void add_data(CLI::App& command, Chosen& chosen) {
  command.add_option("--data", chosen.config.data, "The data directory")->capture_default_str();
}

void add_serve(CLI::App& program, Chosen& chosen) {
  CLI::App& serve = *program.add_subcommand("serve", "Serve in the foreground until SIGINT");
  add_data(serve, chosen);
  serve.add_option("--port", chosen.config.port, "The port; 0 takes a free one")
      ->capture_default_str();
  serve.add_option("--address", chosen.config.address, "The address to listen on")
      ->capture_default_str();
  serve.add_flag("--allow-remote", chosen.config.any_address,
                 "Serve also on an address that other machines can reach");
  serve.add_option("--region", chosen.config.region, "The region of unsigned requests")
      ->capture_default_str();
  serve.add_option("--threads", chosen.config.loops, "Threads that serve; 0: one per core")
      ->capture_default_str();
  serve.add_option("--log", chosen.log_level, "debug, info, warning, error or off")
      ->check(CLI::IsMember({"debug", "info", "warning", "error", "off"}))
      ->capture_default_str();
  serve.add_flag("--plain-objects", chosen.config.plain_objects,
                 "Keep objects plain, and say so, where neither they nor their bucket ask for "
                 "encryption; AWS and the usual are SSE-S3");
  serve.add_flag("--scratch", chosen.scratch,
                 "A throw-away instance: its clock may be moved (POST /_millrace/clock)");
}

LogLevel level_of(const std::string& name) {
  if (name == "debug") return LogLevel::debug;
  if (name == "warning") return LogLevel::warning;
  if (name == "error") return LogLevel::error;
  return name == "off" ? LogLevel::off : LogLevel::info;
}

int run(const CLI::App& program, Chosen& chosen) {
  if (auto read = millrace::app::read_accounts(chosen.config); !read) {
    std::fprintf(stderr, "millrace: %s\n", read.error().message.c_str());
    return kExitUsage;
  }
  millrace::runtime::set_log_level(level_of(chosen.log_level));
  chosen.config.data = std::filesystem::absolute(chosen.config.data);
  if (program.got_subcommand("env")) return millrace::app::print_environment(chosen.config);
  if (program.got_subcommand("status")) return millrace::app::print_status(chosen.config);
  return millrace::app::serve(chosen.config, chosen.scratch);
}

int launch_job(std::string_view descriptor) {
  int number = -1;
  std::from_chars(descriptor.data(), descriptor.data() + descriptor.size(), number);
  return millrace::jobs::launch_main(number);
}

// What Millrace starts itself with; not for people, so neither parsed nor shown. A supervisor must
// begin before any thread does.
int run_inside(int argc, char** argv) {
  const std::string_view command = argv[1];
  if (command == "launch-job" && argc == 3) return launch_job(argv[2]);
  if (command == "algorithm" && argc == 4) {
    const std::string_view mode = argv[2];
    if (mode == "train") return millrace::app::train_algorithm(argv[3]);
    if (mode == "serve") return millrace::app::serve_algorithm(argv[3]);
  }
  std::fprintf(stderr, "millrace: %s is started by Millrace itself\n", argv[1]);
  return kExitUsage;
}

bool is_inside(int argc, char** argv) {
  if (argc < 2) return false;
  const std::string_view command = argv[1];
  return command == "launch-job" || command == "algorithm";
}

}  // namespace

int main(int argc, char** argv) {
  if (is_inside(argc, argv)) return run_inside(argc, argv);
  Chosen chosen;
  chosen.config.data = millrace::app::default_data_directory();
  CLI::App program{"Millrace: AWS's machine-learning loop in one process", "millrace"};
  program.require_subcommand(1);
  program.set_version_flag("--version", std::string(millrace::app::kVersion));
  add_serve(program, chosen);
  add_data(*program.add_subcommand("env", "Print the shell exports: URL, key, secret, region"),
           chosen);
  add_data(*program.add_subcommand("status", "Tell whether the instance answers"), chosen);
  try {
    program.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = program.exit(error);
    return code == 0 ? 0 : kExitUsage;
  }
  return run(program, chosen);
}
