// What this machine's core and memory can do, measured.
#pragma once

#include <cstddef>

namespace millrace::ml::factorization_machines {

// Prints multiply-adds a second, bandwidth by size of what is read, random rows by size of table.
void print_limits();

// Reading, changing and writing back rows of 256 bytes at random places of a table, fetched ahead:
// CPU seconds for one.
double random_row_seconds(size_t table_bytes);

}  // namespace millrace::ml::factorization_machines
