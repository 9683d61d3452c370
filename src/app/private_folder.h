// A folder that nobody but this user can have made or can look into.
#pragma once

#include "base/result.h"
#include "runtime/disk.h"

namespace millrace::app {

// Makes the folder with mode 0700 where it is not there; else it must be a folder, and no link, of
// this user, and is closed to all others. For folders below one that others may write to (/tmp),
// where a name that can be guessed may have been taken. Errors: denied (somebody else has it),
// internal.
Result<void> make_private_folder(const runtime::Path& folder);

}  // namespace millrace::app
