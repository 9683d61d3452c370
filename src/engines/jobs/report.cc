#include "engines/jobs/report.h"

#include <fmt/format.h>

#include <array>

#include "engines/jobs/fields.h"

namespace millrace::jobs {
namespace {

constexpr std::string_view kEndKind = "millrace-job-end";
constexpr std::string_view kProcessKind = "millrace-job-process";
constexpr size_t kReportBytesMax = 256 * 1024;

constexpr std::array<std::string_view, 7> kReasons = {
    "exited",  "killed_wall", "killed_memory", "killed_processes",
    "stopped", "vanished",    "launch_failed"};

int64_t to_number(Time time) { return time.time_since_epoch().count(); }
Time to_time(int64_t number) { return Time(microseconds(number)); }

void put_isolation(FieldWriter& out, const Isolation& isolation) {
  out.put("namespaces", isolation.namespaces ? "1" : "0");
  out.put("own_network", isolation.own_network ? "1" : "0");
  out.put("seccomp", isolation.seccomp ? "1" : "0");
  out.put("memory_by", isolation.memory);
  out.put("processes_by", isolation.processes);
  out.put("cpu_by", isolation.cpu);
  out.put("fallback_reason", isolation.fallback_reason);
}

Result<void> read_isolation(Isolation& out, std::string_view name, std::string value) {
  if (name == "namespaces") {
    TRY(out.namespaces, parse_flag(name, value));
  } else if (name == "own_network") {
    TRY(out.own_network, parse_flag(name, value));
  } else if (name == "seccomp") {
    TRY(out.seccomp, parse_flag(name, value));
  } else if (name == "memory_by") {
    out.memory = std::move(value);
  } else if (name == "processes_by") {
    out.processes = std::move(value);
  } else if (name == "cpu_by") {
    out.cpu = std::move(value);
  } else if (name == "fallback_reason") {
    out.fallback_reason = std::move(value);
  }
  return {};
}

Result<EndReason> parse_reason(std::string_view text) {
  for (size_t i = 0; i < kReasons.size(); ++i) {
    if (kReasons[i] == text) return static_cast<EndReason>(i);
  }
  return fail(ErrorKind::invalid, "reason: unknown");
}

Result<int> parse_int(std::string_view name, std::string_view value) {
  TRY(const int64_t number, parse_signed(name, value));
  if (number < INT32_MIN || number > INT32_MAX) {
    return fail(ErrorKind::invalid, fmt::format("{}: out of range", name));
  }
  return static_cast<int>(number);
}

Result<void> read_end(JobEnd& end, std::string_view name, std::string value) {
  if (name == "id") {
    end.id = std::move(value);
  } else if (name == "reason") {
    TRY(end.reason, parse_reason(value));
  } else if (name == "detail") {
    end.detail = std::move(value);
  } else if (name == "exit_code") {
    TRY(end.exit_code, parse_int(name, value));
  } else if (name == "signal") {
    TRY(end.signal, parse_int(name, value));
  } else if (name == "started_us") {
    TRY(const int64_t number, parse_signed(name, value));
    end.started = to_time(number);
  } else if (name == "ended_us") {
    TRY(const int64_t number, parse_signed(name, value));
    end.ended = to_time(number);
  } else if (name == "cpu_us") {
    TRY(const uint64_t number, parse_number(name, value));
    end.cpu_seconds = static_cast<double>(number) / 1e6;
  } else if (name == "memory_peak_bytes") {
    TRY(end.memory_peak_bytes, parse_number(name, value));
  } else if (name == "output_bytes") {
    TRY(end.output_bytes, parse_number(name, value));
  } else if (name == "dropped_bytes") {
    TRY(end.dropped_bytes, parse_number(name, value));
  } else {
    return read_isolation(end.isolation, name, std::move(value));
  }
  return {};
}

Result<void> read_process(ProcessRecord& record, std::string_view name, std::string value) {
  if (name == "supervisor_pid") {
    TRY(record.supervisor_pid, parse_int(name, value));
  } else if (name == "supervisor_start") {
    TRY(record.supervisor_start, parse_number(name, value));
  } else if (name == "init_pid") {
    TRY(record.init_pid, parse_int(name, value));
  } else if (name == "init_start") {
    TRY(record.init_start, parse_number(name, value));
  } else if (name == "boot_id") {
    record.boot_id = std::move(value);
  } else if (name == "cgroup") {
    record.cgroups.push_back(std::move(value));
  } else if (name == "started_us") {
    TRY(const int64_t number, parse_signed(name, value));
    record.started = to_time(number);
  } else {
    return read_isolation(record.isolation, name, std::move(value));
  }
  return {};
}

}  // namespace

std::string_view to_string(EndReason reason) { return kReasons[static_cast<size_t>(reason)]; }

std::string encode(const JobEnd& end) {
  FieldWriter out(kEndKind);
  out.put("id", end.id);
  out.put("reason", to_string(end.reason));
  out.put_signed("exit_code", end.exit_code);
  out.put_signed("signal", end.signal);
  out.put("detail", std::string_view(end.detail).substr(0, 4096));
  out.put_signed("started_us", to_number(end.started));
  out.put_signed("ended_us", to_number(end.ended));
  out.put("cpu_us", static_cast<uint64_t>(end.cpu_seconds * 1e6 + 0.5));
  out.put("memory_peak_bytes", end.memory_peak_bytes);
  out.put("output_bytes", end.output_bytes);
  out.put("dropped_bytes", end.dropped_bytes);
  put_isolation(out, end.isolation);
  return std::move(out).finish();
}

std::string encode(const ProcessRecord& record) {
  FieldWriter out(kProcessKind);
  out.put_signed("supervisor_pid", record.supervisor_pid);
  out.put("supervisor_start", record.supervisor_start);
  out.put_signed("init_pid", record.init_pid);
  out.put("init_start", record.init_start);
  out.put("boot_id", record.boot_id);
  for (const std::string& cgroup : record.cgroups) out.put("cgroup", cgroup);
  out.put_signed("started_us", to_number(record.started));
  put_isolation(out, record.isolation);
  return std::move(out).finish();
}

Result<JobEnd> parse_end(std::string_view text) {
  TRY(Fields fields, parse_fields(kEndKind, text, kReportBytesMax));
  JobEnd end;
  for (auto& [name, value] : fields) TRY(read_end(end, name, std::move(value)));
  return end;
}

Result<ProcessRecord> parse_process(std::string_view text) {
  TRY(Fields fields, parse_fields(kProcessKind, text, kReportBytesMax));
  ProcessRecord record;
  for (auto& [name, value] : fields) TRY(read_process(record, name, std::move(value)));
  return record;
}

}  // namespace millrace::jobs
