// SPDX-License-Identifier: Apache-2.0
// A terminal without its drawing: a shell on a worker thread, what it printed, the history and the files.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "ui/terminal/completion.h"
#include "ui/terminal/history.h"
#include "ui/terminal/scrollback.h"
#include "ui/terminal/shell.h"

namespace npu::terminal {

inline constexpr const char* kHome = "/home/npu";

// What the page chose: used by the programs that a command starts.
struct Environment {
  std::string chip = "Ascend310";
  int threads = 1;
  ui::Language language = ui::Language::English;

  friend bool operator==(const Environment&, const Environment&) = default;
};

class Terminal {
 public:
  static constexpr int64_t kMostBytes = int64_t{512} << 20;
  static constexpr int64_t kMostOpenedBytes = int64_t{64} << 20;

  // changed: there is something new to draw; from any thread, once until read() is called. fill: puts the files that are there from the
  // start into kHome, on the worker before the first command; may wait.
  Terminal(std::function<void()> changed, std::function<void(MemoryFiles&)> fill);
  ~Terminal();
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  // All below are for the user interface's thread, and none waits.

  // Starts the worker, which fills kHome. Called by what needs it.
  void start();
  void set_environment(Environment environment);
  // Shows the input behind the prompt and runs it after those before it. An incomplete one is run too, and says what is missing.
  void submit(std::string input);
  // Stops the running command and forgets those that wait.
  void cancel();
  bool busy() const { return waiting_ > 0; }

  // The user's own files: they go to kHome by their names. Those of more than kMostOpenedBytes do not: nobody may need them, and the
  // page has little memory. A refused one is said in the scrollback.
  void add_file(const std::string& name, SharedBytes bytes);
  // Files and inputs of an earlier visit, applied after kHome is filled.
  void restore(std::vector<FileChange> changes, std::string history);

  void read(const std::function<void(const Scrollback&)>& look) const;
  void clear();
  void warn(const std::string& line);  // in the scrollback
  std::string prompt() const;
  History& history() { return history_; }
  // Nothing while a command runs: it may be changing what is looked at.
  Completion complete(std::string_view input, size_t cursor);
  std::vector<Wish> take_wishes();  // Open and Download
  MemoryFiles& files() { return files_; }

 private:
  struct Job {
    std::function<void()> run;
    bool is_command = false;  // cancel() forgets those that wait
  };
  void post(Job job);
  void work();
  void run(const std::string& input, const std::vector<std::string>& history, const Environment& environment);
  void append(Style style, std::string_view text);
  void announce() const;

  std::function<void()> changed_;
  std::function<void(MemoryFiles&)> fill_;
  MemoryFiles files_{kMostBytes};
  Shell shell_;  // the worker's while waiting_ > 0
  History history_;
  Environment environment_;

  mutable std::mutex mutex_;  // of everything below
  std::condition_variable wake_;
  std::deque<Job> jobs_;
  Scrollback scrollback_;
  std::string prompt_;
  std::vector<Wish> wishes_;
  mutable bool announced_ = false;
  bool stop_ = false;

  std::atomic<int> waiting_ = 0;  // jobs that are not done
  std::atomic<bool> cancelled_ = false;
  std::thread thread_;
};

}  // namespace npu::terminal
