#include "store/bus.h"

#include <gtest/gtest.h>

#include <map>

#include "runtime/log.h"
#include "runtime/loop.h"
#include "store/outbox.h"
#include "store/signal.h"
#include "store/test_folder.h"

namespace millrace::store {
namespace {

// What a subscriber saw, and how it behaves.
struct Witness {
  std::map<std::string, std::vector<std::string>> seen;  // resource -> details, as handled
  std::map<std::string, int> failures;                   // detail -> how often it still fails
  Signal gate;
  std::string held;  // The resource whose handler waits for the gate.
  int calls = 0;
};

Task<void> see(Witness* witness, Event event) {
  ++witness->calls;
  while (event.resource == witness->held) co_await witness->gate.wait();
  if (witness->failures[event.detail] > 0) {
    --witness->failures[event.detail];
    co_return fail(ErrorKind::internal, "not now");
  }
  witness->seen[event.resource].push_back(event.detail);
  co_return ok;
}

Bus::Handler witness_of(Witness* witness) {
  return [witness](Event event) { return see(witness, std::move(event)); };
}

Task<void> emit(Database* db, std::string resource, std::string detail) {
  Txn txn = db->begin();
  Event event;
  event.source = "test." + resource;
  event.detail_type = "Test";
  event.resource = resource;
  event.detail = detail;
  txn.emit(std::move(event));
  co_return co_await txn.commit();
}

using Details = std::vector<std::string>;

class BusTest : public ::testing::Test {
 protected:
  void SetUp() override {
    runtime::set_log_level(runtime::LogLevel::off);
    open();
  }
  void open() {
    db_.reset();
    auto opened = Database::open({.path = folder_.path() / "rows", .clock = clock_.get()});
    ASSERT_TRUE(opened) << opened.error().message;
    db_ = std::move(*opened);
  }
  size_t outbox_rows() {
    Txn txn = db_->begin();
    return txn.scan_raw(kOutboxTable, {})->size();
  }

  TestFolder folder_;
  std::unique_ptr<runtime::Clock> clock_ = runtime::make_manual_clock(Time(seconds(1'800'000'000)));
  std::unique_ptr<Database> db_;
  runtime::Loop loop_;
};

// Runs `script` beside a started bus and stops both.
using Script = Task<void> (*)(Database* db, Bus* bus, Witness* witness, runtime::Clock* clock);
Task<void> with_bus(Database* db, runtime::Clock* clock, Bus::Options options, EventFilter filter,
                    Witness* witness, Script script) {
  runtime::Nursery nursery(*runtime::Loop::current());
  Bus bus(*db, *clock, options);
  bus.subscribe("witness", std::move(filter), witness_of(witness));
  CO_TRY(bus.start(nursery));
  const Result<void> done = co_await script(db, &bus, witness, clock);
  CO_TRY(co_await nursery.close());
  co_return done;
}

Task<void> emit_three_of_two(Database* db, Bus* bus, Witness*, runtime::Clock*) {
  for (const char* detail : {"1", "2", "3"}) {
    CO_TRY(co_await emit(db, "a", detail));
    CO_TRY(co_await emit(db, "b", detail));
  }
  co_return co_await bus->drain();
}

TEST_F(BusTest, DeliversInOrderPerResource) {
  Witness witness;
  ASSERT_TRUE(runtime::run_task(
      loop_, with_bus(db_.get(), clock_.get(), {}, {}, &witness, emit_three_of_two)));
  EXPECT_EQ(witness.seen["a"], (Details{"1", "2", "3"}));
  EXPECT_EQ(witness.seen["b"], (Details{"1", "2", "3"}));
}

TEST_F(BusTest, FilterAdmitsWhatItNames) {
  Witness witness;
  const EventFilter filter{.sources = {"test.b"}, .detail_types = {"Test"}};
  ASSERT_TRUE(runtime::run_task(
      loop_, with_bus(db_.get(), clock_.get(), {}, filter, &witness, emit_three_of_two)));
  EXPECT_EQ(witness.seen.size(), 1U);
  EXPECT_EQ(witness.seen["b"].size(), 3U);
}

// Ends when the cursor is saved: the outbox is trimmed in the same commit.
Task<void> drain_and_trim(Database* db, Bus* bus, Witness*, runtime::Clock*) {
  CO_TRY(co_await bus->drain());
  for (;;) {
    Txn txn = db->begin();
    CO_TRY(const auto rows, txn.scan_raw(kOutboxTable, {.limit = 1}));
    if (rows.empty()) co_return ok;
    Txn turn = db->begin();
    turn.put_raw("test.turn", "x", "y");
    CO_TRY(co_await turn.commit());
  }
}

TEST_F(BusTest, DoesNotHandleAgainWhatIsBehindTheCursor) {
  ASSERT_TRUE(runtime::run_task(loop_, emit(db_.get(), "a", "before the first start")));
  for (const int calls : {1, 0}) {
    open();
    Witness witness;
    ASSERT_TRUE(runtime::run_task(
        loop_, with_bus(db_.get(), clock_.get(), {}, {}, &witness, drain_and_trim)));
    EXPECT_EQ(witness.calls, calls);
  }
}

Task<void> fail_twice(Database* db, Bus* bus, Witness* witness, runtime::Clock* clock) {
  witness->failures["1"] = 2;
  CO_TRY(co_await emit(db, "a", "1"));
  CO_TRY(co_await emit(db, "a", "2"));
  CO_TRY(co_await emit(db, "b", "1 of b"));
  while (witness->calls < 4) {
    clock->advance(milliseconds(100));
    CO_TRY(co_await emit(db, "c", "tick"));
  }
  while (witness->seen["a"].size() < 2) {
    clock->advance(seconds(1));
    CO_TRY(co_await emit(db, "c", "tick"));
  }
  co_return co_await bus->drain();
}

TEST_F(BusTest, RetriesWithoutLosingTheOrder) {
  Witness witness;
  ASSERT_TRUE(
      runtime::run_task(loop_, with_bus(db_.get(), clock_.get(), {}, {}, &witness, fail_twice)));
  EXPECT_EQ(witness.seen["a"], (Details{"1", "2"}));
  EXPECT_EQ(witness.seen["b"], (Details{"1 of b"}));
  EXPECT_EQ(witness.failures["1"], 0);
}

Task<void> fail_for_ever(Database* db, Bus* bus, Witness* witness, runtime::Clock*) {
  witness->failures["1"] = 1000;
  CO_TRY(co_await emit(db, "a", "1"));
  CO_TRY(co_await emit(db, "a", "2"));
  co_return co_await bus->drain();
}

TEST_F(BusTest, ParksWhatFailsAndGoesOn) {
  Witness witness;
  const Bus::Options options{.attempts_max = 3, .backoff_first = microseconds(0)};
  ASSERT_TRUE(runtime::run_task(
      loop_, with_bus(db_.get(), clock_.get(), options, {}, &witness, fail_for_ever)));
  EXPECT_EQ(witness.seen["a"], (Details{"2"}));
  EXPECT_EQ(witness.calls, 4);
  Txn txn = db_->begin();
  const auto letters = txn.scan(kDeadLetters, {.prefix = key_prefix("witness")});
  ASSERT_EQ(letters->size(), 1U);
  EXPECT_EQ(letters->front().reason, "not now");
  EXPECT_EQ(letters->front().attempts, 3U);
  EXPECT_EQ(letters->front().event.detail, "1");
  EXPECT_EQ(letters->front().sequence, 1U);
}

Task<void> resort(Witness* witness, Event event, Error reason) {
  ++witness->calls;
  if (witness->failures["resort"] > 0) {
    --witness->failures["resort"];
    co_return fail(ErrorKind::internal, "not now either");
  }
  witness->seen["given up"].push_back(event.detail + ": " + reason.message);
  co_return ok;
}

Task<void> drain_with_resort(Database* db, runtime::Clock* clock, Witness* witness) {
  runtime::Nursery nursery(*runtime::Loop::current());
  Bus bus(*db, *clock, {.attempts_max = 3, .backoff_first = microseconds(0)});
  const Bus::LastResort last = [witness](Event event, Error reason) {
    return resort(witness, std::move(event), std::move(reason));
  };
  bus.subscribe("witness", {}, witness_of(witness), last);
  CO_TRY(bus.start(nursery));
  const Result<void> done = co_await fail_for_ever(db, &bus, witness, clock);
  CO_TRY(co_await nursery.close());
  co_return done;
}

TEST_F(BusTest, LastResortIsRepeatedUntilItSucceeds) {
  Witness witness;
  witness.failures["resort"] = 2;
  ASSERT_TRUE(runtime::run_task(loop_, drain_with_resort(db_.get(), clock_.get(), &witness)));
  EXPECT_EQ(witness.seen["given up"], (Details{"1: not now"}));
  EXPECT_EQ(witness.seen["a"], (Details{"2"}));
  EXPECT_EQ(witness.calls, 5 + 3 + 1);  // Tries of "1", last resorts, "2".
  Txn txn = db_->begin();
  EXPECT_EQ(txn.scan(kDeadLetters, {})->size(), 1U);
}

Task<void> hold_one(Database* db, Bus* bus, Witness* witness, runtime::Clock*) {
  witness->held = "slow";
  for (int i = 0; i < 5; ++i) CO_TRY(co_await emit(db, "slow", std::to_string(i)));
  CO_TRY(co_await emit(db, "quick", "x"));
  // Every commit gives the bus its turn on this loop.
  while (witness->seen["quick"].empty()) CO_TRY(co_await emit(db, "tick", "t"));
  if (!witness->seen["slow"].empty()) co_return fail(ErrorKind::internal, "it was not held");
  witness->held.clear();
  witness->gate.notify(*runtime::Loop::current());
  co_return co_await bus->drain();
}

TEST_F(BusTest, SlowResourceHoldsUpNoOther) {
  Witness witness;
  ASSERT_TRUE(
      runtime::run_task(loop_, with_bus(db_.get(), clock_.get(), {}, {}, &witness, hold_one)));
  EXPECT_EQ(witness.seen["slow"], (Details{"0", "1", "2", "3", "4"}));
}

Task<void> emit_many_and_trim(Database* db, Bus* bus, Witness* witness, runtime::Clock* clock) {
  for (int i = 0; i < 20; ++i) {
    Txn txn = db->begin();
    for (int k = 0; k < 200; ++k) {
      Event event;
      event.resource = std::to_string(k % 50);
      event.detail = std::to_string(i * 200 + k);
      txn.emit(std::move(event));
    }
    CO_TRY(co_await txn.commit());
  }
  co_return co_await drain_and_trim(db, bus, witness, clock);
}

TEST_F(BusTest, TrimsWhatEverySubscriberHasPassed) {
  Witness witness;
  const Bus::Options options{.window_max = 64};
  ASSERT_TRUE(runtime::run_task(
      loop_, with_bus(db_.get(), clock_.get(), options, {}, &witness, emit_many_and_trim)));
  EXPECT_EQ(witness.calls, 4000);
  EXPECT_EQ(outbox_rows(), 0U);
  open();
  EXPECT_EQ(db_->last_sequence(), 4000U);
  Witness later;
  ASSERT_TRUE(runtime::run_task(
      loop_, with_bus(db_.get(), clock_.get(), options, {}, &later, emit_three_of_two)));
  EXPECT_EQ(later.calls, 6);
}

}  // namespace
}  // namespace millrace::store
