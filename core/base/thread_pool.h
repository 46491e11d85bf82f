// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace npu {

// A fixed set of workers that share one parallel_for at a time. With one thread nothing is spawned and the
// caller does all the work.
class ThreadPool {
 public:
  explicit ThreadPool(int threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int threads() const { return static_cast<int>(workers_.size()) + 1; }

  // Calls body(i) for every i in [0, count) on the workers and the caller; returns when all are done.
  void parallel_for(size_t count, const std::function<void(size_t)>& body);

 private:
  void work();
  void take_items(const std::function<void(size_t)>& body, std::unique_lock<std::mutex>& lock);

  std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable done_;
  const std::function<void(size_t)>* body_ = nullptr;
  size_t count_ = 0;
  size_t next_ = 0;
  size_t running_ = 0;
  bool stop_ = false;
  // What a thread that waits looks at before it sleeps; written under the lock.
  std::atomic<uint32_t> posted_ = 0;  // how often there was something new for the workers
  std::atomic<bool> finished_ = true; // every item of the last parallel_for is done
  std::vector<std::thread> workers_;
};

}  // namespace npu
