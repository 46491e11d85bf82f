// SPDX-License-Identifier: Apache-2.0
// A thread that lays graphs out and looks at weights while the interface goes on.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace npu::ui {

class GraphWorker {
 public:
  using Job = std::function<void(const std::atomic<bool>& cancelled)>;

  GraphWorker() = default;
  ~GraphWorker();  // cancels what runs and waits for it
  GraphWorker(const GraphWorker&) = delete;
  GraphWorker& operator=(const GraphWorker&) = delete;

  // The job replaces the one with the same key, waiting or running (that one is told through `cancelled`). The thread starts with
  // the first job.
  void post(const void* key, Job job);
  // Tells the running job of this key to end, and does not wait for it.
  void cancel(const void* key);
  // After it no job of this key runs or will; waits for the one that does.
  void drop(const void* key);

 private:
  struct Item {
    const void* key = nullptr;
    Job job;
  };

  void work();

  std::mutex mutex_;
  std::condition_variable wake_, idle_;
  std::deque<Item> items_;
  const void* running_ = nullptr;
  std::atomic<bool> cancelled_ = false;  // of the running job
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace npu::ui
