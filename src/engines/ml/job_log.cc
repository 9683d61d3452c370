#include "engines/ml/job_log.h"

#include <fmt/format.h>

#include <chrono>

namespace millrace::ml {

void JobLog::line(std::string_view level, std::string_view text) {
  const auto now = std::chrono::floor<std::chrono::seconds>(clock_.now());
  const auto day = std::chrono::floor<std::chrono::days>(now);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(now - day);
  // The last number is a thread's; SageMaker prints Python's name of it.
  sink_(fmt::format("[{:02}/{:02}/{:04} {:02}:{:02}:{:02} {} 1] {}",
                    static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                    static_cast<int>(date.year()), time.hours().count(), time.minutes().count(),
                    time.seconds().count(), level, text));
}

void JobLog::info(std::string_view text) { line("INFO", text); }
void JobLog::error(std::string_view text) { line("ERROR", text); }

void JobLog::quality(std::string_view stage, const Measure& measure) {
  info(fmt::format("#quality_metric: host={}, {} {} <{}>={}", host_, stage, measure.name,
                   measure.kind, measure.value));
}

void JobLog::baseline(std::string_view stage, const Measure& measure) {
  info(fmt::format("#baseline_metric: host={}, {} {} <{}>={}", host_, stage, measure.name,
                   measure.kind, measure.value));
}

void JobLog::progress(uint64_t done, uint64_t total) {
  info(fmt::format("#progress_metric: host={}, completed {:g} % of epochs", host_,
                   100.0 * static_cast<double>(done) / static_cast<double>(total)));
}

void JobLog::throughput(double records_per_second) {
  info(fmt::format("#throughput_metric: host={}, train throughput={} records/second", host_,
                   records_per_second));
}

void JobLog::test_score(const Measure& measure) {
  info(fmt::format("#test_score ({}) : ('{}', {})", host_, measure.name, measure.value));
}

}  // namespace millrace::ml
