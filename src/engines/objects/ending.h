// Ending a writer's bytes before it is decided whether they are right.
//
// A commit puts what was written on disk by itself. A caller who still verifies the bytes can have
// both done at once, and decides afterwards; until a commit names them, nobody sees them. Each of
// the two belongs to the task of the writer. Errors: those of Writer::commit() but for conditions.
#pragma once

#include "engines/objects/objects.h"

namespace millrace::objects {

// Has what was written on disk; nothing can be written behind it. Either a commit or abandon()
// follows: what has neither, because the process dies, is an orphan for Blobs::sweep().
Task<void> end_bytes(Writer& writer);

// Removes what end_bytes() has put on disk. Without effect where there is nothing.
Task<void> abandon(Writer& writer);

}  // namespace millrace::objects
