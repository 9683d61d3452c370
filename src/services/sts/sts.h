// STS: who am I, and temporary credentials.
// Source: AWS Security Token Service API Reference, version 2011-06-15.
#pragma once

#include "api/sts.h"
#include "engines/policy/identities.h"
#include "runtime/clock.h"
#include "wire/pipeline/call.h"

namespace millrace::sts {

struct Sts {
  store::Database& db;
  policy::Identities& identities;
  runtime::Clock& clock;
};

// Fills the Credentials element of an answer.
void write_credentials(api::Credentials out, const policy::Session& session);

// AWS: the answer to any code of a device that is not known. There are no devices here.
Error mfa_failed();

}  // namespace millrace::sts
