// Training jobs as rows, and what changes them.
//
// A job walks through its states one commit at a time; each commit emits the event that AWS
// publishes, and the reaction to that event does the work of the state and commits the next one.
// So a job that was interrupted anywhere goes on from its row.
#pragma once

#include <map>

#include "engines/jobs/runner.h"
#include "services/sagemaker/sagemaker.h"
#include "services/sagemaker/storage.h"

namespace millrace::sagemaker {

// AWS: TrainingJobStatus.
inline constexpr std::string_view kInProgress = "InProgress";
inline constexpr std::string_view kCompleted = "Completed";
inline constexpr std::string_view kTrainingFailed = "Failed";
inline constexpr std::string_view kStopping = "Stopping";
inline constexpr std::string_view kStopped = "Stopped";

struct Transition {
  std::string status;
  Time start{};
  Time end{};  // Zero while it lasts.
  std::string message;

  template <class Self, class Visitor>
  static void fields(Self& self, Visitor& v) {
    v(1, self.status), v(2, self.start), v(3, self.end), v(4, self.message);
  }
};

struct MetricValue {
  double value = 0;
  Time time{};

  template <class Self, class Visitor>
  static void fields(Self& self, Visitor& v) {
    v(1, self.value), v(2, self.time);
  }
};

struct TrainingJob {
  Realm realm;
  std::string name;
  std::string arn;
  std::string status;
  std::string secondary;  // The last transition's status.
  std::string failure_reason;
  std::string tag;  // Of its directory and its process; unique over all jobs there ever were.
  Bytes document;   // The Create request.
  Time created{};
  Time modified{};
  Time training_started{};
  Time training_ended{};
  std::vector<Transition> transitions;
  std::map<std::string, MetricValue> metrics;
  std::string stop_reason;  // MaxRuntimeExceeded, Stopped; empty where nobody stopped it.
  std::string data_token;   // By which its program asks for data (channel_data.h).

  using Key = std::tuple<Realm, std::string>;
  Key key() const { return {realm, name}; }
  template <class Self, class Visitor>
  static void fields(Self& self, Visitor& v) {
    v(1, self.realm), v(2, self.name), v(3, self.arn), v(4, self.status), v(5, self.secondary);
    v(6, self.failure_reason), v(7, self.tag), v(8, self.document), v(9, self.created);
    v(10, self.modified), v(11, self.training_started), v(12, self.training_ended);
    v(13, self.transitions), v(14, self.metrics), v(15, self.stop_reason);
    v(16, self.data_token);
  }
  bool ended() const {
    return status == kCompleted || status == kTrainingFailed || status == kStopped;
  }
};
inline constexpr store::Table<TrainingJob> kTrainingJobs{"sagemaker.training_jobs"};

// From a tag to its job: how the end of a process finds its row.
struct TrainingTag {
  std::string tag;
  Realm realm;
  std::string name;

  using Key = std::tuple<std::string>;
  Key key() const { return {tag}; }
  template <class Self, class Visitor>
  static void fields(Self& self, Visitor& v) {
    v(1, self.tag), v(2, self.realm), v(3, self.name);
  }
};
inline constexpr store::Table<TrainingTag> kTrainingTags{"sagemaker.training_tags"};

inline constexpr std::string_view kTrainingStateChange = "SageMaker Training Job State Change";
inline constexpr std::string_view kTrainingIdPrefix = "training-";
// AWS: of the log group, and the namespace of metrics.
inline constexpr std::string_view kTrainingLogGroup = "/aws/sagemaker/TrainingJobs";

// Ends the current transition and begins the next.
void move_to(TrainingJob& job, std::string_view status, std::string_view secondary, Time now);
// Puts the row, and the event that AWS publishes of the change, into the transaction.
void put_training_job(store::Txn& txn, TrainingJob& job, Time now);

// The directory that the job sees as /opt/ml.
runtime::Path folder_of(const Sagemaker& sm, const TrainingJob& job);
// The log stream of its one host: <name>/algo-1-<seconds since the epoch>.
std::string log_stream_of(const TrainingJob& job);
// AWS: <S3OutputPath>/<job>/output/<file>.
S3Uri output_of(const TrainingJob& job, const S3Uri& output_path, std::string_view file);
inline Storage storage_as(Sagemaker& sm, std::string account, std::string_view role_arn) {
  return {sm.objects, sm.disk,  sm.pool,
          sm.clock,   sm.roles, {std::move(account), std::string(role_arn)}};
}

// Does the work of the job's state; called for each of its events. Repeatable.
Task<void> react_to_training_job(Sagemaker& sm, Realm realm, std::string name);
// The job has failed, for this reason, where it has not ended yet: its work was tried again and
// again in vain.
Task<void> give_up_training_job(Sagemaker& sm, Realm realm, std::string name, Error reason);
// What the job's process says and how it ends; told by the job runner, at least once.
Task<void> take_training_lines(Sagemaker& sm, std::string job_id, std::vector<jobs::LogLine> lines);
Task<void> take_training_end(Sagemaker& sm, jobs::JobEnd end);

}  // namespace millrace::sagemaker
