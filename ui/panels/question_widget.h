// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "ui/learn/quiz.h"
#include "ui/view.h"

namespace npu::ui {

// A question with what the user has chosen so far.
class QuestionWidget {
 public:
  // `order`: of the options as shown. `shown`: the answer to show instead of asking (with what was given), nullptr: ask.
  // True when an answer was submitted: given() is it.
  bool draw(const View& view, const Question& question, const std::vector<size_t>& order, const Given* shown);
  const Given& given() const { return given_; }

 private:
  bool draw_option(const View& view, const Question& question, size_t index, const Given* shown);

  const void* question_ = nullptr;  // that given_ is for
  Given given_;
};

}  // namespace npu::ui
