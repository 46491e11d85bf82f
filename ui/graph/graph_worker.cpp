// SPDX-License-Identifier: Apache-2.0
#include "ui/graph/graph_worker.h"

#include <utility>

namespace npu::ui {

GraphWorker::~GraphWorker() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
    cancelled_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void GraphWorker::post(const void* key, Job job) {
  {
    const std::lock_guard lock(mutex_);
    std::erase_if(items_, [&](const Item& item) { return item.key == key; });
    items_.push_back({key, std::move(job)});
    if (running_ == key) cancelled_ = true;
    if (!thread_.joinable()) thread_ = std::thread([this] { work(); });
  }
  wake_.notify_all();
}

void GraphWorker::cancel(const void* key) {
  const std::lock_guard lock(mutex_);
  if (running_ == key) cancelled_ = true;
}

void GraphWorker::drop(const void* key) {
  std::unique_lock lock(mutex_);
  std::erase_if(items_, [&](const Item& item) { return item.key == key; });
  if (running_ == key) cancelled_ = true;
  idle_.wait(lock, [&] { return running_ != key; });
}

void GraphWorker::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [&] { return stop_ || !items_.empty(); });
    if (stop_) return;
    const Item item = std::move(items_.front());
    items_.pop_front();
    running_ = item.key;
    cancelled_ = false;
    lock.unlock();
    item.job(cancelled_);
    lock.lock();
    running_ = nullptr;
    idle_.notify_all();
  }
}

}  // namespace npu::ui
