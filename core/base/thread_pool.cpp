// SPDX-License-Identifier: Apache-2.0
#include "core/base/thread_pool.h"

namespace npu {

ThreadPool::ThreadPool(int threads) {
  for (int i = 1; i < threads; ++i) workers_.emplace_back([this] { work(); });
}

ThreadPool::~ThreadPool() {
  {
    std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  for (auto& worker : workers_) worker.join();
}

void ThreadPool::take_items(const std::function<void(size_t)>& body, std::unique_lock<std::mutex>& lock) {
  while (next_ < count_) {
    const size_t item = next_++;
    ++running_;
    lock.unlock();
    body(item);
    lock.lock();
    --running_;
  }
  if (running_ == 0) done_.notify_all();
}

void ThreadPool::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return stop_ || (body_ != nullptr && next_ < count_); });
    if (stop_) return;
    take_items(*body_, lock);
  }
}

void ThreadPool::parallel_for(size_t count, const std::function<void(size_t)>& body) {
  if (workers_.empty() || count < 2) {
    for (size_t i = 0; i < count; ++i) body(i);
    return;
  }
  std::unique_lock lock(mutex_);
  body_ = &body;
  count_ = count;
  next_ = 0;
  wake_.notify_all();
  take_items(body, lock);
  done_.wait(lock, [this] { return next_ >= count_ && running_ == 0; });
  body_ = nullptr;
}

}  // namespace npu
