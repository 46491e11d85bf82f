// SPDX-License-Identifier: Apache-2.0
// The application without any drawing. A request says what is wanted; a worker thread brings everything that is
// out of date up to it, stage by stage (load, compile, time, run), and publishes a snapshot after each step.
// A newer request interrupts the stage it makes useless.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>

#include "core/base/file.h"
#include "samples/catalog.h"
#include "ui/studio/snapshot.h"
#include "ui/studio/stages.h"

namespace npu::ui {

// How far the worker goes.
enum class Goal { Nothing, Loaded, Compiled, Timed, Answered };

// Where the model comes from: bytes the user gave, or a sample.
struct Source {
  uint64_t id = 0;                     // 0: none; a new number for every opened model
  std::string name;                    // file name, or name of the sample
  SharedBytes bytes;                   // empty: the sample
  // Of a Caffe network, whose weights are a file of their own.
  std::string weights_name;
  SharedBytes weights;
};

// Bytes the user gave, or one of the sample's pictures.
struct PictureSource {
  uint64_t id = 0;                     // a new number for every choice
  std::string name;
  SharedBytes bytes;                   // empty: the sample's
  int index = 0;                       // of the sample's pictures; without any the input is a fixed pattern
};

struct Request {
  Source source;
  PictureSource picture;
  std::optional<Preprocess> preprocess;  // empty: the sample's, or a guess from the model's input
  std::string chip = "Ascend310";
  PassNames disabled_passes;
  AtcSettings atc;
  std::optional<QuantizeSettings> quantize;  // empty: as the model is
  std::map<std::string, Shape, std::less<>> input_shapes;
  size_t gear = 0;                       // of an .om with several; inputs given by a script choose theirs
  int threads = 1;
  Goal goal = Goal::Answered;
  bool explain = true;                   // the texts of the passes and the times of the tasks, for people to look at
  std::map<std::string, Tensor> inputs;  // given by a script; the picture fills the others
  uint64_t run_id = 0;                   // a new number asks for a new run of the same
  uint64_t evaluation_id = 0;            // a new number asks for the accuracy on the sample's labelled pictures
  uint64_t next_id = 1;                  // of sources, pictures and runs
  std::vector<PictureSource> opened;     // the user's pictures of late, for calibration
  std::shared_ptr<const ScheduleBank> bank;  // what searches have found; compiles with --op_bank_path use it
  Source half;                           // a file of a Caffe model whose other one has not come: its name and bytes

  void choose_source(std::string name, SharedBytes bytes);  // without bytes: a sample
  // One of Caffe's two files waits for the other: whichever comes first, the second makes a model of both.
  void choose_model(std::string name, SharedBytes bytes);
  void choose_picture(std::string name, SharedBytes bytes, int index);
};

class Studio {
 public:
  // `changed` is called from the worker thread whenever there is a new snapshot; `read` gives the samples' files
  // and is called from the worker thread too.
  Studio(std::function<void()> changed, SampleReader read);
  ~Studio();
  Studio(const Studio&) = delete;
  Studio& operator=(const Studio&) = delete;

  // Each returns the revision whose snapshot answers it. They never wait.
  uint64_t open_model(std::string name, SharedBytes bytes);
  uint64_t open_sample(std::string name, int picture);
  uint64_t close_model();  // and gives its memory back
  uint64_t open_picture(std::string name, SharedBytes bytes);
  uint64_t change(const std::function<void(Request&)>& edit);
  uint64_t run_again();
  // Searches faster schedules for the model as it is compiled now, beside everything else. What is found goes into the bank;
  // a compile uses it when --op_bank_path is given. False where nothing is compiled from a graph, or a search is running.
  bool tune(const TuneBudget& budget);
  void stop_tuning() { tuning_.cancel(); }
  uint64_t cancel();
  // Reports a problem that happened outside (a file that could not be fetched).
  uint64_t report(Error error);
  void dismiss_error();
  uint64_t evaluate();
  // Runs on the worker, which may read files, before the next request.
  void post(std::function<void()> job);

  SnapshotPtr snapshot() const;
  // It answers the latest request.
  bool is_current(const Snapshot& snapshot) const;

 private:
  struct Work;

  void work();
  bool superseded() const { return interrupt_.load(std::memory_order_relaxed); }
  void publish(const std::function<void(Snapshot&)>& edit);
  bool progress(Stage stage, size_t done, size_t total, std::string what);

  Status bring_up_to_date(Request& request, Work& work);
  void forget_bytes(Request& request);
  Status load(Request& request, Work& work);
  Status load_picture(const Request& request, Work& work);
  Status load_calibration(const Request& request, Work& work);
  Status quantize_model(const Request& request, Work& work);
  Status compile_model(const Request& request, Work& work);
  CompileRequest compile_request(const Request& request, const Work& work) const;
  void forget_tuned();  // the model is another one, or none
  void end_tuning(std::shared_ptr<const TuneInfo> info);
  Status time_model(Work& work);
  Status prepare_session(const Request& request, Work& work);
  Status run_model(const Request& request, Work& work);
  Status evaluate_model(const Request& request, Work& work);

  std::function<void()> changed_;
  std::chrono::steady_clock::time_point shown_;  // when progress was published last; the worker's
  SampleReader read_;
  mutable std::mutex mutex_;          // of everything below
  std::condition_variable wake_;
  Request request_;
  uint64_t revision_ = 0;             // of request_
  bool stop_ = false;
  std::vector<std::function<void()>> jobs_;
  std::optional<Error> outside_error_;
  SnapshotPtr snapshot_;
  std::shared_ptr<const Graph> tuned_graph_;  // what compiled last, and how
  CompileRequest tuned_request_;
  std::atomic<bool> interrupt_ = false;  // the running stage works for an outdated request
  TuneJob tuning_;
  std::thread thread_;
};

}  // namespace npu::ui
