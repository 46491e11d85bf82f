// SPDX-License-Identifier: Apache-2.0
#include "ui/terminal/terminal.h"
#include "core/base/path.h"

#include <exception>
#include <utility>

namespace npu::terminal {
namespace {

MemoryFiles& with_home(MemoryFiles& files) {
  (void)files.create_folders(kHome);
  files.accept_folders();
  return files;
}

}  // namespace

Terminal::Terminal(std::function<void()> changed, std::function<void(MemoryFiles&)> fill)
    : changed_(std::move(changed)), fill_(std::move(fill)), shell_(with_home(files_), kHome), prompt_(shell_.prompt()) {}

Terminal::~Terminal() {
  cancelled_ = true;
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
    jobs_.clear();
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Terminal::start() {
  if (thread_.joinable()) return;
  thread_ = std::thread([this] { work(); });
  post({[this] {
    if (fill_) fill_(files_), files_.accept_folders();
  }});
}

void Terminal::set_environment(Environment environment) { environment_ = std::move(environment); }

void Terminal::post(Job job) {
  ++waiting_;
  {
    const std::lock_guard lock(mutex_);
    jobs_.push_back(std::move(job));
  }
  wake_.notify_all();
}

void Terminal::submit(std::string input) {
  start();
  history_.add(input);
  post({[this, input = std::move(input), history = history_.inputs(), environment = environment_] { run(input, history, environment); }, true});
}

void Terminal::cancel() {
  {
    const std::lock_guard lock(mutex_);
    waiting_ -= static_cast<int>(std::erase_if(jobs_, [](const Job& job) { return job.is_command; }));
  }
  cancelled_ = true;
  announce();
}

void Terminal::add_file(const std::string& name, SharedBytes bytes) {
  if (static_cast<int64_t>(bytes->size()) > kMostOpenedBytes) return;
  const Status added = files_.put(std::string(kHome) + "/" + base_name(name), std::move(bytes));
  if (!added) append(Style::Error, added.error().message() + "\n");
  announce();
}

void Terminal::restore(std::vector<FileChange> changes, std::string history) {
  start();
  const std::vector<std::string> typed = history_.inputs();
  history_ = {};
  history_.load(history);
  for (const std::string& input : typed) history_.add(input);
  post({[this, changes = std::move(changes)] {
    for (const FileChange& change : changes) {
      if (change.kind == FileKind::None) (void)files_.remove(change.path, true);
      else if (change.kind == FileKind::Folder) (void)files_.create_folders(change.path);
      else if (const Status put = files_.put(change.path, change.bytes); !put) append(Style::Error, put.error().message() + "\n");
    }
  }});
}

void Terminal::work() {
  for (;;) {
    Job job;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [&] { return stop_ || !jobs_.empty(); });
      if (stop_) return;
      job = std::move(jobs_.front());
      jobs_.pop_front();
      cancelled_ = false;
    }
    job.run();
    job = {};  // with what it holds
    {
      const std::lock_guard lock(mutex_);
      if (stop_) return;
      prompt_ = shell_.prompt();
    }
    --waiting_;
    announce();
  }
}

void Terminal::run(const std::string& input, const std::vector<std::string>& history, const Environment& environment) {
  std::string shown = input;
  for (size_t at = 0; (at = shown.find('\n', at)) != std::string::npos; at += 3) shown.replace(at, 1, "\n> ");
  append(Style::Prompt, prompt() + shown + "\n");
  ShellHost host;
  host.out = [this](std::string_view text) { append(Style::Output, text); };
  host.err = [this](std::string_view text) { append(Style::Error, text); };
  host.cancelled = [this] { return cancelled_.load(std::memory_order_relaxed); };
  host.history = [&] { return history; };
  host.wish = [this](Wish wish) {
    const std::lock_guard lock(mutex_);
    if (wish.kind == Wish::Kind::Clear) scrollback_.clear();
    else wishes_.push_back(std::move(wish));
  };
  host.threads = environment.threads, host.chip = environment.chip, host.language = environment.language;
  int code = 1;
  try {
    code = shell_.run(input, host);
  } catch (const std::exception& error) {  // memory, above all: the page goes on
    append(Style::Error, std::string("the command ended: ") + error.what() + "\n");
  }
  if (code == kCancelledExit) append(Style::Error, "^C\n");
  const std::lock_guard lock(mutex_);
  scrollback_.end_line();
}

void Terminal::append(Style style, std::string_view text) {
  {
    const std::lock_guard lock(mutex_);
    scrollback_.append(style, text);
  }
  announce();
}

void Terminal::announce() const {
  {
    const std::lock_guard lock(mutex_);
    if (announced_) return;
    announced_ = true;
  }
  if (changed_) changed_();
}

void Terminal::read(const std::function<void(const Scrollback&)>& look) const {
  const std::lock_guard lock(mutex_);
  announced_ = false;
  look(scrollback_);
}

void Terminal::clear() {
  const std::lock_guard lock(mutex_);
  scrollback_.clear();
}

void Terminal::warn(const std::string& line) { append(Style::Error, line + "\n"); }

std::string Terminal::prompt() const {
  const std::lock_guard lock(mutex_);
  return prompt_;
}

Completion Terminal::complete(std::string_view input, size_t cursor) {
  start();
  if (busy()) return {cursor, {}, {}};
  return terminal::complete(input, cursor, shell_.variables(), files_);
}

std::vector<Wish> Terminal::take_wishes() {
  const std::lock_guard lock(mutex_);
  return std::exchange(wishes_, {});
}

}  // namespace npu::terminal
