#include "engines/jobs/spec.h"

#include <unistd.h>

#include <fmt/format.h>

#include <cmath>

#include "engines/jobs/fields.h"

namespace millrace::jobs {
namespace {

constexpr std::string_view kKind = "millrace-job";
constexpr milliseconds kDurationMax = std::chrono::hours(24 * 366);
constexpr double kCoresMax = 4096;

std::unexpected<Error> wrong(std::string_view member, std::string_view why) {
  return fail(ErrorKind::invalid, fmt::format("job {}: {}", member, why));
}

bool is_id(std::string_view id) {
  if (id.empty() || id.size() > 200 || id[0] == '.') return false;
  for (const char c : id) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    const bool digit = c >= '0' && c <= '9';
    if (!letter && !digit && c != '-' && c != '_' && c != '.') return false;
  }
  return true;
}

bool is_text(std::string_view text) {
  return text.size() < kSpecTextMax && text.find('\0') == std::string_view::npos;
}

// Absolute, and no component is empty, "." or "..".
bool is_normalised(std::string_view path) {
  if (path == "/") return true;
  if (path.empty() || path[0] != '/' || path.size() > 4000 || !is_text(path)) return false;
  while (!path.empty()) {
    path.remove_prefix(1);
    const std::string_view part = path.substr(0, path.find('/'));
    if (part.empty() || part == "." || part == ".." || part.size() > 255) return false;
    path.remove_prefix(part.size());
  }
  return true;
}

Result<void> validate_environment(const JobSpec& spec) {
  if (spec.environment.size() > kSpecEnvironmentMax) return wrong("environment", "too many");
  for (const auto& [name, value] : spec.environment) {
    const bool named = !name.empty() && name.find('=') == std::string::npos && is_text(name);
    if (!named || !is_text(value)) return wrong("environment", "a name or value is malformed");
  }
  return {};
}

Result<void> validate_mounts(const JobSpec& spec) {
  if (spec.mounts.size() > kSpecMountsMax) return wrong("mounts", "too many");
  for (const Mount& mount : spec.mounts) {
    if (!is_normalised(mount.host)) return wrong("mounts", "the host's path is not absolute");
    if (!is_normalised(mount.inside) || mount.inside == "/") {
      return wrong("mounts", "the path inside is not absolute and normalised");
    }
  }
  return {};
}

Result<void> read_limit(JobSpec& spec, std::string_view name, std::string_view value) {
  Limits& limits = spec.limits;
  TRY(const uint64_t number, parse_number(name, value));
  if (name == "wall_ms") limits.wall = milliseconds(number);
  if (name == "memory_bytes") limits.memory_bytes = number;
  if (name == "cpu_millicores") limits.cpu_cores = static_cast<double>(number) / 1000;
  if (name == "open_files") limits.open_files = number;
  if (name == "processes") limits.processes = number;
  if (name == "output_bytes") limits.output_bytes = number;
  if (name == "stop_grace_ms") spec.stop_grace = milliseconds(number);
  if (name == "sandbox") {
    if (number > 2) return wrong("sandbox", "unknown");
    spec.sandbox = static_cast<Sandbox>(number);
  }
  return {};
}

// A mount's three values stand in three fields, the host's first.
Result<void> read_mount(JobSpec& spec, std::string_view name, std::string value) {
  if (name == "mount_host") {
    spec.mounts.push_back({std::move(value), {}, false});
    return {};
  }
  if (spec.mounts.empty()) return wrong("mounts", "out of order");
  if (name == "mount_inside") {
    spec.mounts.back().inside = std::move(value);
    return {};
  }
  TRY(spec.mounts.back().read_only, parse_flag(name, value));
  return {};
}

Result<void> read_field(JobSpec& spec, std::string_view name, std::string value) {
  if (name == "argument") {
    spec.program.push_back(std::move(value));
  } else if (name == "variable") {
    const size_t equals = value.find('=');
    if (equals == std::string::npos) return wrong("environment", "a variable has no '='");
    spec.environment.emplace_back(value.substr(0, equals), value.substr(equals + 1));
  } else if (name.starts_with("mount_")) {
    return read_mount(spec, name, std::move(value));
  } else if (name == "id") {
    spec.id = std::move(value);
  } else if (name == "working_directory") {
    spec.working_directory = std::move(value);
  } else if (name == "hostname") {
    spec.hostname = std::move(value);
  } else if (name == "network") {
    TRY(spec.network, parse_flag(name, value));
  } else if (name == "cgroups") {
    TRY(spec.cgroups, parse_flag(name, value));
  } else if (name == "skip_queue") {
    TRY(spec.skip_queue, parse_flag(name, value));
  } else {
    return read_limit(spec, name, value);
  }
  return {};
}

}  // namespace

uint64_t usual_memory_bytes() {
  const auto pages = static_cast<uint64_t>(::sysconf(_SC_PHYS_PAGES));
  return pages * static_cast<uint64_t>(::sysconf(_SC_PAGESIZE)) / 4 * 3;
}

Result<void> validate(const JobSpec& spec) {
  if (!is_id(spec.id)) return wrong("id", "not 1-200 of A-Z a-z 0-9 - _ . without a leading dot");
  if (spec.program.empty() || spec.program[0].empty()) return wrong("program", "empty");
  if (spec.program.size() > kSpecArgumentsMax) return wrong("program", "too many arguments");
  for (const std::string& argument : spec.program) {
    if (!is_text(argument)) return wrong("program", "an argument is too long or holds a NUL");
  }
  TRY(validate_environment(spec));
  TRY(validate_mounts(spec));
  if (!is_normalised(spec.working_directory)) return wrong("working_directory", "not absolute");
  if (spec.hostname.empty() || spec.hostname.size() > 64 || !is_id(spec.hostname)) {
    return wrong("hostname", "malformed");
  }
  const Limits& limits = spec.limits;
  if (limits.wall < milliseconds(0) || limits.wall > kDurationMax) {
    return wrong("limits.wall", "negative or beyond a year");
  }
  if (spec.stop_grace < milliseconds(0) || spec.stop_grace > kDurationMax) {
    return wrong("stop_grace", "negative or beyond a year");
  }
  if (!(limits.cpu_cores >= 0 && limits.cpu_cores <= kCoresMax)) {
    return wrong("limits.cpu_cores", "negative or too many");
  }
  if (encode(spec).size() > kSpecBytesMax) return wrong("spec", "too large");
  return {};
}

std::string encode(const JobSpec& spec) {
  FieldWriter out(kKind);
  out.put("id", spec.id);
  for (const std::string& argument : spec.program) out.put("argument", argument);
  for (const auto& [name, value] : spec.environment) out.put("variable", name + "=" + value);
  out.put("working_directory", spec.working_directory);
  for (const Mount& mount : spec.mounts) {
    out.put("mount_host", mount.host);
    out.put("mount_inside", mount.inside);
    out.put("mount_read_only", mount.read_only ? "1" : "0");
  }
  const Limits& limits = spec.limits;
  out.put("wall_ms", static_cast<uint64_t>(limits.wall.count()));
  out.put("memory_bytes", limits.memory_bytes);
  out.put("cpu_millicores", static_cast<uint64_t>(std::llround(limits.cpu_cores * 1000)));
  out.put("open_files", limits.open_files);
  out.put("processes", limits.processes);
  out.put("output_bytes", limits.output_bytes);
  out.put("network", spec.network ? "1" : "0");
  out.put("hostname", spec.hostname);
  out.put("stop_grace_ms", static_cast<uint64_t>(spec.stop_grace.count()));
  out.put("sandbox", static_cast<uint64_t>(spec.sandbox));
  out.put("cgroups", spec.cgroups ? "1" : "0");
  out.put("skip_queue", spec.skip_queue ? "1" : "0");
  return std::move(out).finish();
}

Result<JobSpec> parse_spec(std::string_view text) {
  TRY(Fields fields, parse_fields(kKind, text, kSpecBytesMax));
  JobSpec spec;
  for (auto& [name, value] : fields) TRY(read_field(spec, name, std::move(value)));
  TRY(validate(spec));
  return spec;
}

}  // namespace millrace::jobs
