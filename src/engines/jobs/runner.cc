#include "engines/jobs/runner.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <map>

#include "base/hash.h"
#include "engines/jobs/job_directory.h"
#include "engines/jobs/launcher.h"
#include "engines/jobs/watch.h"
#include "runtime/log.h"
#include "runtime/nursery.h"

namespace millrace::jobs {
namespace {

using runtime::Loop;

// Whoever waits for something on the loop; woken all at once. Only for the loop's thread.
class Event final {
 public:
  void notify(Loop& loop) {
    for (const auto handle : std::exchange(waiting_, {})) loop.post(handle);
  }
  auto wait() {
    struct Awaiter {
      Event& event;
      bool await_ready() const { return false; }
      void await_suspend(std::coroutine_handle<> handle) const { event.waiting_.push_back(handle); }
      void await_resume() const {}
    };
    return Awaiter{*this};
  }

 private:
  std::vector<std::coroutine_handle<>> waiting_;
};

struct Yield {
  Loop& loop;
  bool await_ready() const { return false; }
  void await_suspend(std::coroutine_handle<> handle) const { loop.post(handle); }
  void await_resume() const {}
};

enum class Stage : uint8_t { creating, queued, launching, running, ended, removing };

struct Job {
  std::string id;
  Bytes digest;  // Of the encoded spec.
  bool skip_queue = false;
  bool holds_place = false;  // Counted against running_max.
  Stage stage = Stage::creating;
  bool stopping = false;
  bool supervisor_ended = false;
  bool dirty = false;  // Something changed since the follower looked.
  bool followed = false;
  Progress progress;
  JobEnd end;
  int watch = -1;
  std::unique_ptr<ProcessWatch> process;
};

}  // namespace

struct JobRunner::State {
  State(RunnerOptions o, World w)
      : options(std::move(o)),
        world(w),
        directories(w.disk, options.directory),
        nursery(w.loop),
        watch(w.loop, [this](int number) { directory_changed(number); }) {}

  Task<void> open();
  Task<void> start(JobSpec spec);
  Task<void> stop(std::string id);
  Task<JobStatus> status(std::string id);
  Task<std::vector<JobStatus>> list();
  Task<JobEnd> wait(std::string id);
  Task<void> remove(std::string id);
  Task<void> close();

  // Does a caller's task on the runner's loop and goes back to the caller's.
  template <class T>
  Task<T> serve(Task<T> task);

  Task<void> adopt(std::string id);
  Task<void> give_up(std::string id, std::string why);
  void pump();
  Task<void> run(Job* job);
  Task<void> follow(Job* job);
  Task<bool> follow_to_end(Job* job);
  Task<void> deliver(Job* job);
  Task<void> report(Job* job);
  Task<void> pause();
  void set_end(Job& job, JobEnd end);
  void attach(Job& job, int pidfd);
  void directory_changed(int number);
  void touch(Job& job);
  Job* find(const std::string& id);
  JobStatus describe(const Job& job) const;

  template <class Work>
  auto on_pool(Work work) {
    return world.pool.run(std::move(work));
  }

  RunnerOptions options;
  World world;
  JobDirectories directories;
  runtime::Nursery nursery;
  DirectoryWatch watch;
  std::map<std::string, std::unique_ptr<Job>> jobs;
  std::map<int, Job*> watched;
  std::deque<Job*> queue;
  Event changed;  // Some job has come further.
  size_t running = 0;
  size_t calls = 0;  // Of callers, under way.
  int64_t last_order = 0;
  bool closing = false;
};

template <class T>
Task<T> JobRunner::State::serve(Task<T> task) {
  Loop* const home = Loop::current();
  co_await world.loop.resume_here();
  ++calls;
  Result<T> result = co_await std::move(task);
  --calls;
  if (home != nullptr) co_await home->resume_here();
  co_return result;
}

Job* JobRunner::State::find(const std::string& id) {
  const auto it = jobs.find(id);
  return it == jobs.end() ? nullptr : it->second.get();
}

void JobRunner::State::touch(Job& job) {
  job.dirty = true;
  changed.notify(world.loop);
}

void JobRunner::State::directory_changed(int number) {
  if (number < 0) {
    for (auto& [id, job] : jobs) job->dirty = true;
    changed.notify(world.loop);
  } else if (const auto it = watched.find(number); it != watched.end()) {
    touch(*it->second);
  }
}

void JobRunner::State::attach(Job& job, int pidfd) {
  Job* const target = &job;
  job.process = std::make_unique<ProcessWatch>(world.loop, pidfd, [this, target] {
    target->supervisor_ended = true;
    touch(*target);
  });
}

JobStatus JobRunner::State::describe(const Job& job) const {
  const JobPhase phase = job.stage == Stage::ended ? JobPhase::ended
                         : job.stage == Stage::creating || job.stage == Stage::queued
                             ? JobPhase::queued
                             : JobPhase::running;
  return {job.id, phase, job.stopping, job.progress.reported, job.end};
}

// ---- adoption

Task<void> JobRunner::State::open() {
  CO_TRY(watch.open());
  auto prepare = [this]() -> Result<std::vector<std::string>> {
    TRY(directories.prepare());
    return directories.list();
  };
  CO_TRY(const auto ids, co_await on_pool(std::move(prepare)));
  for (const std::string& id : ids) {
    const Result<void> adopted = co_await adopt(id);
    if (!adopted) {
      runtime::log(runtime::LogLevel::error, "job_not_adopted",
                   {{"job", id}, {"error", adopted.error().message}});
      CO_TRY(co_await give_up(id, adopted.error().message));
    }
  }
  std::ranges::sort(queue, {}, [](const Job* job) { return job->progress.order; });
  pump();
  co_return ok;
}

Task<void> JobRunner::State::adopt(std::string id) {
  auto read = [this, id] { return directories.read(id); };
  CO_TRY(FoundJob found, co_await on_pool(std::move(read)));
  auto owned = std::make_unique<Job>();
  Job& job = *owned;
  job.id = id;
  job.digest = sha256(encode(found.spec));
  job.skip_queue = found.spec.skip_queue;
  job.progress = found.progress;
  last_order = std::max(last_order, job.progress.order);
  jobs[id] = std::move(owned);
  if (found.pidfd >= 0) attach(job, found.pidfd);
  if (found.end) {
    job.end = std::move(*found.end);
    job.stage = Stage::ended;
    if (!job.progress.reported) nursery.spawn(follow(&job));
    co_return ok;
  }
  if (found.supervision == Supervision::none) {
    job.stage = Stage::queued;
    queue.push_back(&job);
    co_return ok;
  }
  job.stage = Stage::running;
  job.supervisor_ended = found.supervision == Supervision::ended;
  job.holds_place = !job.skip_queue;
  if (job.holds_place) ++running;
  runtime::log(runtime::LogLevel::info, "job_adopted", {{"job", id}});
  nursery.spawn(follow(&job));
  co_return ok;
}

// A job whose directory cannot be understood ends all the same.
Task<void> JobRunner::State::give_up(std::string id, std::string why) {
  auto owned = std::make_unique<Job>();
  Job& job = *owned;
  auto read = [this, id] { return directories.read_progress(id); };
  auto progress = co_await on_pool(std::move(read));
  job.id = id;
  if (progress) job.progress = *progress;
  job.end.id = id;
  job.end.reason = EndReason::vanished;
  job.end.detail = "the job's directory is damaged: " + why;
  job.end.ended = world.clock.now();
  job.stage = Stage::ended;
  jobs[id] = std::move(owned);
  if (!job.progress.reported) nursery.spawn(follow(&job));
  co_return ok;
}

// ---- starting

Task<void> JobRunner::State::start(JobSpec spec) {
  CO_TRY(validate(spec));
  const Bytes digest = sha256(encode(spec));
  for (Job* known = find(spec.id); known != nullptr; known = find(spec.id)) {
    if (known->stage == Stage::removing) {
      co_await changed.wait();
      continue;
    }
    if (known->digest != digest) {
      co_return fail(ErrorKind::conflict, "the job exists with another spec: " + spec.id);
    }
    if (known->stage != Stage::creating) co_return ok;
    co_await changed.wait();
  }
  if (closing) co_return fail(ErrorKind::deadline, "the job runner is closing");
  if (jobs.size() >= options.jobs_max) co_return fail(ErrorKind::exhausted, "too many jobs");
  auto owned = std::make_unique<Job>();
  Job& job = *owned;
  job.id = spec.id;
  job.digest = digest;
  job.skip_queue = spec.skip_queue;
  last_order = std::max(last_order + 1, world.clock.now().time_since_epoch().count());
  job.progress.order = last_order;
  jobs[spec.id] = std::move(owned);
  auto create = [this, spec, progress = job.progress] {
    return directories.create(spec, progress);
  };
  const Result<void> created = co_await on_pool(std::move(create));
  if (!created) {
    jobs.erase(spec.id);
    changed.notify(world.loop);
    co_return created;
  }
  job.stage = Stage::queued;
  queue.push_back(&job);
  pump();
  changed.notify(world.loop);
  co_return ok;
}

void JobRunner::State::pump() {
  for (auto it = queue.begin(); it != queue.end() && !closing;) {
    Job& job = **it;
    if (!job.skip_queue && running >= options.running_max) {
      ++it;
      continue;
    }
    it = queue.erase(it);
    job.holds_place = !job.skip_queue;
    if (job.holds_place) ++running;
    job.stage = Stage::launching;
    nursery.spawn(run(&job));
  }
}

Task<void> JobRunner::State::run(Job* job) {
  auto spawn = [this, id = job->id] {
    return spawn_supervisor(options.launcher, directories.path(id));
  };
  auto spawned = co_await on_pool(std::move(spawn));
  if (!spawned && spawned.error().kind == ErrorKind::already_exists) {
    // It was started already, against all expectation: it is adopted, and not started twice.
    auto read = [this, id = job->id] { return directories.read(id); };
    CO_TRY(const FoundJob found, co_await on_pool(std::move(read)));
    if (found.pidfd >= 0) attach(*job, found.pidfd);
    job->supervisor_ended = found.pidfd < 0;
    job->stage = Stage::running;
  } else if (spawned) {
    attach(*job, spawned->pidfd);
    job->stage = Stage::running;
  } else {
    JobEnd end;
    end.id = job->id;
    end.reason = EndReason::launch_failed;
    end.detail = spawned.error().message;
    end.ended = world.clock.now();
    auto write = [this, end] { return directories.write_end(end); };
    [[maybe_unused]] const auto written = co_await on_pool(std::move(write));
    set_end(*job, std::move(end));
  }
  changed.notify(world.loop);
  co_return co_await follow(job);
}

// ---- following

void JobRunner::State::set_end(Job& job, JobEnd end) {
  job.end = std::move(end);
  job.stage = Stage::ended;
  if (job.holds_place) --running;
  job.holds_place = false;
  pump();
}

Task<void> JobRunner::State::pause() {
  [[maybe_unused]] const auto slept =
      co_await world.clock.sleep_for(options.retry_delay, nursery.stop_token());
  co_return ok;
}

Task<void> JobRunner::State::follow(Job* job) {
  job->followed = true;
  if (auto added = watch.add(directories.path(job->id).string()); added) {
    job->watch = *added;
    watched[job->watch] = job;
  }
  CO_TRY(const bool done, co_await follow_to_end(job));
  if (done) CO_TRY(co_await report(job));
  if (job->watch >= 0) {
    watched.erase(job->watch);
    watch.remove(job->watch);
    job->watch = -1;
  }
  job->followed = false;
  changed.notify(world.loop);
  co_return ok;
}

// True when all its lines are delivered and its end is known; false when the runner closes.
Task<bool> JobRunner::State::follow_to_end(Job* job) {
  while (!closing) {
    job->dirty = false;
    const bool supervisor_ended = job->supervisor_ended;
    // The end is looked for before the log is read: behind it no line follows.
    bool ended = job->stage == Stage::ended;
    if (!ended) {
      auto look = [this, id = job->id, supervisor_ended,
                   now = world.clock.now()]() -> Result<std::optional<JobEnd>> {
        if (!supervisor_ended) return directories.read_end(id);
        TRY(JobEnd end, directories.conclude(id, now));
        return std::optional<JobEnd>(std::move(end));
      };
      auto found = co_await on_pool(std::move(look));
      if (!found) {
        runtime::log(runtime::LogLevel::error, "job_end_not_read",
                     {{"job", job->id}, {"error", found.error().message}});
        co_await pause();
        continue;
      }
      ended = found->has_value();
      if (ended) set_end(*job, std::move(**found));
    }
    co_await deliver(job);
    if (closing) break;
    if (ended) co_return true;
    // Without a watch of the kernel's, time tells.
    if (job->watch < 0) co_await pause();
    while (job->watch >= 0 && !job->dirty && !closing) co_await changed.wait();
  }
  co_return false;
}

Task<void> JobRunner::State::deliver(Job* job) {
  while (!closing) {
    auto read = [this, id = job->id, cursor = job->progress.cursor] {
      return directories.read_log(id, cursor, options.batch_lines_max, options.batch_bytes_max);
    };
    auto batch = co_await on_pool(std::move(read));
    if (!batch) {
      co_await pause();
      continue;
    }
    if (batch->damaged && job->stage == Stage::ended) {
      runtime::log(runtime::LogLevel::warning, "job_log_damaged", {{"job", job->id}});
    }
    if (batch->lines.empty()) co_return ok;
    const uint64_t cursor = batch->lines.back().cursor;
    const Result<void> taken = co_await world.observer.lines(job->id, std::move(batch->lines));
    if (!taken) {
      co_await pause();
      continue;
    }
    job->progress.cursor = cursor;
    auto note = [this, id = job->id, progress = job->progress] {
      return directories.write_progress(id, progress);
    };
    [[maybe_unused]] const auto noted = co_await on_pool(std::move(note));
  }
  co_return ok;
}

Task<void> JobRunner::State::report(Job* job) {
  while (!closing) {
    const Result<void> taken = co_await world.observer.ended(job->end);
    if (!taken) {
      co_await pause();
      continue;
    }
    Progress progress = job->progress;
    progress.reported = true;
    auto note = [this, id = job->id, progress] { return directories.write_progress(id, progress); };
    [[maybe_unused]] const auto noted = co_await on_pool(std::move(note));
    job->progress.reported = true;
    co_return ok;
  }
  co_return ok;
}

// ---- what callers ask

Task<void> JobRunner::State::stop(std::string id) {
  Job* job = find(id);
  while (job != nullptr && !closing &&
         (job->stage == Stage::creating || job->stage == Stage::launching)) {
    co_await changed.wait();
    job = find(id);
  }
  if (job == nullptr) co_return fail(ErrorKind::not_found, "there is no job " + id);
  if (closing) co_return fail(ErrorKind::deadline, "the job runner is closing");
  if (job->stage == Stage::ended) co_return ok;
  job->stopping = true;
  if (job->stage == Stage::running) {
    if (job->process) job->process->terminate();
    co_return ok;
  }
  std::erase(queue, job);
  JobEnd end;
  end.id = id;
  end.reason = EndReason::stopped;
  end.detail = "stopped before it started";
  end.ended = world.clock.now();
  auto write = [this, end] { return directories.write_end(end); };
  job->stage = Stage::launching;  // Nobody else touches it meanwhile.
  const Result<void> written = co_await on_pool(std::move(write));
  if (!written) {
    job->stage = Stage::queued;
    job->stopping = false;
    queue.push_back(job);
    pump();
    co_return written;
  }
  set_end(*job, std::move(end));
  nursery.spawn(follow(job));
  changed.notify(world.loop);
  co_return ok;
}

Task<JobStatus> JobRunner::State::status(std::string id) {
  const Job* const job = find(id);
  if (job == nullptr) co_return fail(ErrorKind::not_found, "there is no job " + id);
  co_return describe(*job);
}

Task<std::vector<JobStatus>> JobRunner::State::list() {
  std::vector<JobStatus> out;
  for (const auto& [id, job] : jobs) out.push_back(describe(*job));
  co_return out;
}

Task<JobEnd> JobRunner::State::wait(std::string id) {
  const Job* job = find(id);
  while (job != nullptr && !job->progress.reported && !closing) {
    co_await changed.wait();
    job = find(id);
  }
  if (job == nullptr) co_return fail(ErrorKind::not_found, "there is no job " + id);
  if (!job->progress.reported) co_return fail(ErrorKind::deadline, "the job runner is closing");
  co_return job->end;
}

Task<void> JobRunner::State::remove(std::string id) {
  Job* job = find(id);
  // The last steps of the follower, and of the supervisor, which is to be reaped.
  const auto busy = [](const Job& ended) {
    return ended.followed || (ended.process && !ended.supervisor_ended);
  };
  while (job != nullptr && job->progress.reported && busy(*job)) {
    co_await changed.wait();
    job = find(id);
  }
  if (job == nullptr) co_return ok;
  if (job->stage != Stage::ended || !job->progress.reported) {
    co_return fail(ErrorKind::conflict, "the job has not ended: " + id);
  }
  job->stage = Stage::removing;
  auto erase = [this, id] { return directories.remove(id); };
  const Result<void> removed = co_await on_pool(std::move(erase));
  if (removed) {
    jobs.erase(id);
  } else {
    job->stage = Stage::ended;
  }
  changed.notify(world.loop);
  co_return removed;
}

Task<void> JobRunner::State::close() {
  closing = true;
  changed.notify(world.loop);
  CO_TRY(co_await nursery.close());
  while (calls > 1) co_await Yield{world.loop};  // All but this one.
  // Here, on the loop: whoever destroys the runner may be on another thread.
  watch.close();
  for (const auto& [id, job] : jobs) job->process.reset();
  co_return ok;
}

JobRunner::JobRunner(RunnerOptions options, World world)
    : state_(std::make_unique<State>(std::move(options), world)) {}
JobRunner::~JobRunner() = default;

Task<void> JobRunner::open() { return state_->serve(state_->open()); }
Task<void> JobRunner::start(JobSpec spec) { return state_->serve(state_->start(std::move(spec))); }
Task<void> JobRunner::stop(std::string id) { return state_->serve(state_->stop(std::move(id))); }
Task<JobStatus> JobRunner::status(std::string id) {
  return state_->serve(state_->status(std::move(id)));
}
Task<std::vector<JobStatus>> JobRunner::list() { return state_->serve(state_->list()); }
Task<JobEnd> JobRunner::wait(std::string id) { return state_->serve(state_->wait(std::move(id))); }
Task<void> JobRunner::remove(std::string id) {
  return state_->serve(state_->remove(std::move(id)));
}
Task<void> JobRunner::close() { return state_->serve(state_->close()); }

}  // namespace millrace::jobs
