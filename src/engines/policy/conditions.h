// Conditions: whether a request's context fulfils what a statement asks.
//
// AWS: all conditions must hold; a key's values are alternatives, but under a negated operator none
// of them may match. A key that is absent fails a plain operator, fulfils a negated one, an
// …IfExists and ForAllValues. A value that is no number, date or address matches nothing.
// Pure; any thread. Source: IAM User Guide, "Condition operators", "Single-valued vs. multivalued
// context keys". See conditions_test.cc.
#pragma once

#include "engines/policy/context.h"
#include "engines/policy/statements.h"

namespace millrace::policy {

// `variables`: whether ${…} in the values are variables (Document::variables).
bool holds(const Condition& condition, const Context& context, bool variables);

}  // namespace millrace::policy
