// SPDX-License-Identifier: Apache-2.0
// A command-line program as a function: the same code is a process of its own natively and a command in the page's terminal.
#pragma once

#include <fmt/format.h>

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "core/base/file_system.h"

namespace npu {

inline constexpr int kCancelledExit = 130;  // as shells show a program that Ctrl+C ended

// What a program sees of the process around it. All members but `files` may be left as they are.
struct ProgramHost {
  FileSystem& files;
  std::function<void(std::string_view)> out = [](std::string_view) {};  // standard output
  std::function<void(std::string_view)> err = [](std::string_view) {};
  std::function<bool()> cancelled = [] { return false; };  // asked for often, from any thread that works
  bool watched = false;                // a person looks at err: progress may be drawn over its own line ("\r")
  int threads = 1;                     // to work with, where the command line does not say
  std::string chip = "Ascend310";      // the one that is plugged in, for programs that look at the device
  std::string home;                    // folder of the user's own files; empty: none
  std::function<std::string()> build;  // what tells this build of the programs from others; empty: nothing is kept between runs

  template <class... T>
  void print(fmt::format_string<T...> format, T&&... values) const {
    out(fmt::format(format, std::forward<T>(values)...));
  }
  template <class... T>
  void print_error(fmt::format_string<T...> format, T&&... values) const {
    err(fmt::format(format, std::forward<T>(values)...));
  }
};

// Arguments without the program's name; returns the exit code.
using ProgramFunction = int (*)(std::span<const std::string> arguments, const ProgramHost& host);

}  // namespace npu
