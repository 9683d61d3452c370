// Descent on rows of two ones, cell by cell (pair_cells.h). An epoch is as many rounds as there are
// groups; a round is one cell of each group of first features, with each group of second ones once.
// Threads take its cells in any order and meet at its end: each those of groups that are its own,
// which its cache knows, and then what is left of the others'. Which cells make a round, and the
// order of rounds, are drawn for every epoch. The bias, which all rows share, moves
// at the end of a round, by as much as all its rows together would have moved it. So results do not
// depend on the number of threads, and of the parameters only the bias is ever old.
#pragma once

#include <atomic>
#include <span>
#include <vector>

#include "engines/ml/algorithms/factorization_machines/pace.h"
#include "engines/ml/algorithms/factorization_machines/pair_cells.h"
#include "runtime/team.h"

namespace millrace::ml::factorization_machines {

struct Bias {
  float value = 0;
  float square = 1;  // AdaGrad's.
};

class PairDescent {
 public:
  struct Rates {
    PairRates rows;
    float bias;
    float bias_decay;
  };

  // What `tables` point to outlives this object.
  PairDescent(PairCells cells, PredictorType type, const PairTables& tables, const Rates& rates,
              unsigned threads);

  // Goes through all rows once, or until a round has outputs that are not finite.
  Tally sweep(uint64_t seed, Bias& bias);

 private:
  struct Piece {  // A cell of a round.
    PairRows rows;
    PairSums sums;
  };
  struct alignas(64) Share {  // A thread's own groups, the largest cell of the round first.
    std::vector<size_t> groups;
    std::atomic<size_t> next{0};
  };

  void choose_cells(std::span<const uint32_t> partners, size_t round);
  void run_round(float bias);
  void take_pieces(unsigned member, float bias);
  void move(Bias& bias) const;

  PairCells cells_;
  PredictorType type_;
  PairTables tables_;
  Rates rates_;
  runtime::Team team_;
  Pace pace_;
  std::vector<Piece> pieces_;  // Of the round, by group of first features.
  std::vector<Share> shares_;
};

}  // namespace millrace::ml::factorization_machines
