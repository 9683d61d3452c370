// Carries replication out: a subscriber of the bus, so that what a commit asks for happens also
// after a crash, and in order for each key.
//
// A replica has the name, the time and the place among its key's versions that its source has, so
// making it again changes nothing. It shares the source's bytes under a data key wrapped anew.
// DIVERGES: what a customer's key guards cannot be wrapped anew without it, and ends as FAILED.
// Tags, access lists, retention and legal holds that change later follow.
// DIVERGES: the role's policies decide; one that is not there stands for its account, which may do
// what other accounts let it.
//
// Threads: subscribe() before the bus starts; the handler runs on its loop. The service outlives
// it. Source: S3 User Guide, "Replicating objects within and across Regions".
#pragma once

#include "services/s3/replication/replication_state.h"
#include "store/bus.h"

namespace millrace::s3 {

class Replication final {
 public:
  explicit Replication(S3& s3) : s3_(s3) {}
  void subscribe(store::Bus& bus);

 private:
  Task<void> carry_out(store::Event event);
  Task<void> give_up(store::Event event, Error why);
  S3& s3_;
};

}  // namespace millrace::s3
