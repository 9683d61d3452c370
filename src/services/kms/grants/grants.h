// What the operations on grants share. Source: CreateGrant, ListGrants, RetireGrant.
#pragma once

#include "engines/keys/grants.h"
#include "services/kms/kms.h"

namespace millrace::kms {

// The grant that a CreateGrant asks for, as yet without an id. Errors: InvalidArnException,
// ValidationException.
Result<keys::Grant> wanted_grant(const wire::Call& call, const keys::MasterKey& key,
                                 const CreateGrantRequest& in);

// What names a grant to RetireGrant: it is found by its token alone.
std::string token_of(const keys::Grant& grant);
// Errors: InvalidGrantTokenException, NotFoundException (also where it has ended), those of
// find_key_by_id().
Result<keys::Grant> find_retired(store::Txn& txn, const wire::Call& call,
                                 const RetireGrantRequest& in);

// Errors: InvalidArnException. `member` names it.
Result<void> check_grant_principal(std::string_view arn, std::string_view member);
Error no_such_grant(std::string_view id);
void write_grant(const api::GrantListEntry& out, const keys::Grant& grant);

}  // namespace millrace::kms
