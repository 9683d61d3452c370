// What this machine's core and memory can do, measured: what the solvers' figures are printed
// beside.
//
// The bound of a solver is the time that the rows of factors take which it cannot do without, at
// random places, with no arithmetic to speak of and no linear weights, labels or bookkeeping. A row
// is 256 bytes, 64 factors. There are two: the tight one fetches rows ahead, as far as is best; the
// plain one takes one row after the other as the processor comes to it, and changes it at once.
// The tight one keeps the solver's dependency: an example's rows are all read before the first of
// them is changed.
//  - sgd: reads each row of an example, then changes each.
//  - adagrad: likewise, and changes a row of squared gradients beside each.
//  - adam: reads a row for every non-zero, and the sums of its example once more when gradients are
//    added up, then changes three rows (factors and two moments) for every feature of the batch.
// Several threads have a part of the table each, with as many rows of it as one has of all.
//
// Seconds are those of the processor where one thread works, else of the clock; medians of rounds.
#pragma once

#include <cstddef>

namespace millrace::ml::factorization_machines {

// Prints multiply-adds a second, bandwidth by size of what is read.
void print_limits();

// Of one example of `entries` rows by each of `threads`, which have `table_bytes` together, and as
// much once more where there is a row beside each.
double example_seconds(size_t table_bytes, size_t entries, bool beside, unsigned threads);

enum class Lookahead : unsigned char { none, best };

// Of reading a row by each of `threads`.
double read_row_seconds(size_t table_bytes, unsigned threads, Lookahead lookahead);

// Of changing a row in each of so many tables of `table_bytes`, by each of `threads`.
double change_rows_seconds(size_t tables, size_t table_bytes, unsigned threads,
                           Lookahead lookahead);

}  // namespace millrace::ml::factorization_machines
