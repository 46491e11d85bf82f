// SPDX-License-Identifier: Apache-2.0
// What the page tells scripts and screen readers beside the canvas, as JSON:
// {state, status, revision, error, lang, model, result: [{label, index, value}], profile: {device_us, host_ms, ...}},
// and of a lesson being taken {name, title, step, steps, text, checks: [{text, met}], done}.
#pragma once

#include <string>

#include "ui/learn/learn.h"
#include "ui/studio/settings.h"
#include "ui/studio/snapshot.h"

namespace npu::ui {

struct ChipState;

std::string mirror_json(const Snapshot& snapshot, const Settings& settings, const Learn* learn = nullptr, const ChipState* chip = nullptr);

}  // namespace npu::ui
