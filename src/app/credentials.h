// The credentials file: <data>/credentials, in the form that AWS's tools read
// (AWS_SHARED_CREDENTIALS_FILE), mode 0600. The section [default] is the default account's root
// key; [account-<12 digits>] are further accounts'.
#pragma once

#include <vector>

#include "app/config.h"
#include "runtime/disk.h"
#include "runtime/random.h"

namespace millrace::app {

// Reads the file. Errors: not_found, invalid (naming the line), denied (others can read it).
Result<std::vector<Account>> read_credentials(runtime::Disk& disk, const runtime::Path& data);

// The accounts of this instance: those of `config`, then those of the file. Where the default
// account has no key yet, one is made. On the first start its key is written to the file.
// Errors: those of Disk, invalid.
Result<std::vector<Account>> load_accounts(runtime::Disk& disk, runtime::Random& random,
                                           const Config& config);

}  // namespace millrace::app
