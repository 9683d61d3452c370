#include "engines/ml/evaluation/ranking_study.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "base/result.h"

namespace millrace::ml::evaluation {

RankingReport rank_for_all(const Recommender& recommender, const RankingTask& task) {
  ASSERT(task.train.users() == task.test.users());
  ASSERT(task.train.items() == task.test.items());
  RankingReport report(task.k, task.train.users_of_items(), task.train.users());
  std::vector<float> scores(task.train.items());
  std::vector<uint32_t> ranked, relevant;
  for (uint32_t user = 0; user < task.test.users(); ++user) {
    const std::span<const uint32_t> after = task.test.row(user);
    std::span<const uint32_t> before;
    if (task.new_items_only) before = task.train.row(user);
    relevant.clear();
    std::ranges::set_difference(after, before, std::back_inserter(relevant));
    if (relevant.empty()) continue;
    recommender.score(user, scores);
    best_items(scores, before, task.k, ranked);
    report.add(ranked, relevant);
  }
  return report;
}

namespace {

std::string difference_of(const StudyLine& line, const StudyLine& from,
                          const BootstrapSettings& settings) {
  const Difference difference = compare(line.report.values(RankingMeasure::ndcg),
                                        from.report.values(RankingMeasure::ndcg), settings);
  return fmt::format("{:+.4f} [{:+.4f}, {:+.4f}], p {} {:.4f}{}", difference.mean.value,
                     difference.mean.low, difference.mean.high,
                     difference.p_value <= 1.0 / static_cast<double>(settings.rounds) ? "≤" : "=",
                     difference.p_value, difference.significant() ? "" : ", not significant");
}

}  // namespace

std::string study_table(const std::vector<StudyLine>& lines, const BootstrapSettings& settings) {
  if (lines.empty()) return "";
  const size_t k = lines.front().report.k();
  std::string out = fmt::format(
      "| model | NDCG@{0} [{1:.0f} %] | Recall@{0} | Recall@{0} capped | Precision@{0} | MAP@{0} | "
      "MRR@{0} | HitRate@{0} | coverage | novelty, bits | NDCG less the first's [{1:.0f} %], p |\n"
      "|---|---|---:|---:|---:|---:|---:|---:|---:|---:|---|\n",
      k, settings.confidence * 100);
  for (const StudyLine& line : lines) {
    const RankingReport& report = line.report;
    const std::vector<double>& ndcg = report.values(RankingMeasure::ndcg);
    const Interval interval = bootstrap_mean(ndcg, settings);
    out += fmt::format("| {} | {:.4f} [{:.4f}, {:.4f}] ", line.name, interval.value, interval.low,
                       interval.high);
    for (const RankingMeasure measure :
         {RankingMeasure::recall, RankingMeasure::capped_recall, RankingMeasure::precision,
          RankingMeasure::average_precision, RankingMeasure::reciprocal_rank,
          RankingMeasure::hit}) {
      out += fmt::format("| {:.4f} ", report.mean(measure));
    }
    out += fmt::format("| {:.3f} | {:.2f} ", report.coverage(), report.novelty());
    if (&line == &lines.front()) {
      out += "| |\n";
      continue;
    }
    out += fmt::format("| {} |\n", difference_of(line, lines.front(), settings));
  }
  return out;
}

std::string differences_of_last(const std::vector<StudyLine>& lines,
                                const BootstrapSettings& settings) {
  std::string out;
  for (size_t at = 0; at + 1 < lines.size(); ++at) {
    out += fmt::format("\n- {} less {}: {}", lines.back().name, lines[at].name,
                       difference_of(lines.back(), lines[at], settings));
  }
  return out + "\n";
}

}  // namespace millrace::ml::evaluation
