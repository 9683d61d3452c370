#include "engines/ml/algorithms/factorization_machines/pair_descent.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "engines/ml/generator.h"

namespace millrace::ml::factorization_machines {
namespace {

std::vector<uint32_t> draw_order(Generator& generator, size_t count) {
  std::vector<uint32_t> order(count);
  std::iota(order.begin(), order.end(), 0);
  for (size_t at = count; at > 1; --at) std::swap(order[at - 1], order[generator.below(at)]);
  return order;
}

}  // namespace

PairDescent::PairDescent(PairCells cells, PredictorType type, const PairTables& tables,
                         const Rates& rates, unsigned threads)
    : cells_(std::move(cells)),
      type_(type),
      tables_(tables),
      rates_(rates),
      team_("fm-pairs", std::min(threads, static_cast<unsigned>(cells_.groups()))),
      pace_(team_.size(), Pace::kShareFreely),
      pieces_(cells_.groups()),
      shares_(team_.size()) {
  for (size_t group = 0; group < pieces_.size(); ++group) {
    shares_[group * shares_.size() / pieces_.size()].groups.push_back(group);
  }
}

Tally PairDescent::sweep(uint64_t seed, Bias& bias) {
  Generator generator(seed);
  const std::vector<uint32_t> partners = draw_order(generator, cells_.groups());
  Tally total;
  for (const uint32_t round : draw_order(generator, cells_.groups())) {
    choose_cells(partners, round);
    run_round(bias.value);
    move(bias);
    for (const Piece& piece : pieces_) total.add(piece.sums.tally);
    total.finite &= std::isfinite(bias.value);
    if (!total.finite) break;
  }
  return total;
}

void PairDescent::choose_cells(std::span<const uint32_t> partners, size_t round) {
  const size_t groups = partners.size();
  for (size_t group = 0; group < groups; ++group) {
    pieces_[group] = {.rows = cells_.cell(group, partners[(group + round) % groups]), .sums = {}};
  }
  for (Share& share : shares_) {
    std::sort(share.groups.begin(), share.groups.end(), [this](size_t a, size_t b) {
      const size_t rows_a = pieces_[a].rows.count;
      const size_t rows_b = pieces_[b].rows.count;
      return rows_a != rows_b ? rows_a > rows_b : a < b;
    });
    share.next = 0;
  }
}

void PairDescent::take_pieces(unsigned member, float bias) {
  for (size_t at = 0; at < shares_.size(); ++at) {
    Share& share = shares_[(member + at) % shares_.size()];
    for (size_t next = share.next++; next < share.groups.size(); next = share.next++) {
      Piece& piece = pieces_[share.groups[next]];
      piece.sums = descend_pairs(type_, tables_, rates_.rows, piece.rows, bias);
    }
  }
}

void PairDescent::run_round(float bias) {
  const bool together = pace_.together();
  if (together) {
    team_.run([this, bias](unsigned member) { take_pieces(member, bias); });
  } else {
    take_pieces(0, bias);
  }
  size_t rows = 0;
  for (const Piece& piece : pieces_) rows += piece.rows.count;
  pace_.done(together, rows);
}

// One row after the other would take the bias towards where their mean slope is nothing, each by
// the rate of what is left of the way (of classes, by a quarter of that at most).
void PairDescent::move(Bias& bias) const {
  double slopes = 0;
  double squares = 0;
  double weights = 0;
  for (const Piece& piece : pieces_) {
    slopes += piece.sums.slopes;
    squares += piece.sums.squares;
    weights += piece.sums.weights;
  }
  if (weights == 0) return;
  double rate = rates_.bias;
  if (tables_.squares != nullptr) {
    const double before = std::sqrt(bias.square);
    bias.square += static_cast<float>(squares);
    rate *= 2 / (before + std::sqrt(bias.square));  // The mean over squares that grow evenly.
  }
  const double part = -std::expm1(-rate * weights);
  bias.value -= static_cast<float>(part * (slopes / weights + rates_.bias_decay * bias.value));
}

}  // namespace millrace::ml::factorization_machines
