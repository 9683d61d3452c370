// How fast one thread of this machine digests, beside what uploads reach.
#pragma once

#include "base/bytes.h"

namespace millrace::bench {

// Prints one line of JSON: bytes a second of each digest, the best of some rounds.
void print_digest_speeds(BytesView bytes);

}  // namespace millrace::bench
