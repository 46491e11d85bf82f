// SPDX-License-Identifier: Apache-2.0
#include "core/base/thread_pool.h"

#include <chrono>

namespace npu {
namespace {

// Work often comes sooner than a sleeping thread wakes up: it is looked for that long first.
constexpr auto kPatience = std::chrono::microseconds(50);

template <class Ready>
void look_for(std::unique_lock<std::mutex>& lock, Ready&& ready) {
  lock.unlock();
  const auto end = std::chrono::steady_clock::now() + kPatience;
  for (int i = 1; !ready(); ++i)
    if (i % 256 == 0 && std::chrono::steady_clock::now() > end) break;
  lock.lock();
}

}  // namespace

ThreadPool::ThreadPool(int threads) {
  for (int i = 1; i < threads; ++i) workers_.emplace_back([this] { work(); });
}

ThreadPool::~ThreadPool() {
  {
    std::lock_guard lock(mutex_);
    stop_ = true;
    posted_.fetch_add(1, std::memory_order_release);
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
  if (running_ != 0) return;
  finished_.store(true, std::memory_order_release);
  done_.notify_all();
}

void ThreadPool::work() {
  std::unique_lock lock(mutex_);
  const auto wanted = [this] { return stop_ || (body_ != nullptr && next_ < count_); };
  for (;;) {
    const uint32_t seen = posted_.load(std::memory_order_relaxed);
    if (!wanted()) look_for(lock, [&] { return posted_.load(std::memory_order_acquire) != seen; });
    wake_.wait(lock, wanted);
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
  finished_.store(false, std::memory_order_relaxed);
  posted_.fetch_add(1, std::memory_order_release);
  wake_.notify_all();
  take_items(body, lock);
  if (running_ != 0) look_for(lock, [this] { return finished_.load(std::memory_order_acquire); });
  done_.wait(lock, [this] { return next_ >= count_ && running_ == 0; });
  body_ = nullptr;
}

}  // namespace npu
