// Views: rows as IAM's answers show them.
#pragma once

#include <string>

#include "services/iam/iam.h"

namespace millrace::iam {

std::string arn_of(const policy::User& user);
std::string arn_of(const policy::Role& role);
std::string arn_of(const policy::ManagedPolicy& policy);
std::string version_name(int64_t number);  // v1

// AWS: documents travel percent-encoded (RFC 3986).
std::string encoded_document(const std::string& document);

// AWS: lists leave out tags and the boundary, a role's creation its description and duration.
enum class Detail { created, listed, full };

void write_user(const api::User& out, const policy::User& user, Detail detail);
void write_role(const api::Role& out, const policy::Role& role, Detail detail);
void write_policy(const api::Policy& out, const policy::ManagedPolicy& policy,
                  const policy::Uses& uses, Detail detail);
// A policy of AWS: what is known of it.
void write_aws_policy(const api::Policy& out, const policy::PolicyName& name,
                      const policy::Uses& uses);
void write_version(const api::PolicyVersion& out, const policy::PolicyVersion& version,
                   bool is_default);

}  // namespace millrace::iam
