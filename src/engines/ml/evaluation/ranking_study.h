// A study: recommenders beside each other on the same users of one split by time, all items ranked
// for each, with intervals and the significance of the differences. What is printed of a model
// without its baselines says little.
//
// Pure; blocks. The order of users is that of their numbers, so that reports can be compared.
#pragma once

#include <string>
#include <vector>

#include "engines/ml/evaluation/bootstrap.h"
#include "engines/ml/evaluation/interactions.h"
#include "engines/ml/evaluation/ranking.h"
#include "engines/ml/evaluation/recommenders.h"

namespace millrace::ml::evaluation {

struct RankingTask {
  const InteractionMatrix& train;
  const InteractionMatrix& test;  // Of the same users and items.
  size_t k = 10;
  // Only items that are new to the user are ranked and relevant; else also those bought again.
  bool new_items_only = true;
};

// Over the users who have something relevant in the test.
RankingReport rank_for_all(const Recommender& recommender, const RankingTask& task);

struct StudyLine {
  std::string name;
  RankingReport report;
};

// A table in Markdown: each measure with its interval for NDCG, and how each line's NDCG differs
// from that of the first one (with the interval of the difference and its p).
std::string study_table(const std::vector<StudyLine>& lines,
                        const BootstrapSettings& settings = {});

// How the NDCG of the last line differs from that of every other one, a line of text each.
std::string differences_of_last(const std::vector<StudyLine>& lines,
                                const BootstrapSettings& settings = {});

}  // namespace millrace::ml::evaluation
