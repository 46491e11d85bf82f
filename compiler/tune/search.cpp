// SPDX-License-Identifier: Apache-2.0
#include "compiler/tune/search.h"

#include <algorithm>
#include <utility>

#include "core/base/hash.h"

namespace npu {

double SearchSpace::size() const {
  double product = 1;
  for (const Knob& knob : site_->knobs) product *= static_cast<double>(knob.options.size());
  return product;
}

std::optional<Genome> SearchSpace::encode(const Schedule& schedule) const {
  if (schedule.index() != site_->fallback.index()) return std::nullopt;
  const std::vector<int64_t> values = fields_of(schedule);
  std::vector<int64_t> rest = values;
  Genome genome;
  for (const Knob& knob : site_->knobs) {
    std::vector<int64_t> wanted;
    for (const size_t field : knob.fields) wanted.push_back(values[field]), rest[field] = base_[field];
    const auto found = std::ranges::find(knob.options, wanted);
    if (found == knob.options.end()) return std::nullopt;
    genome.push_back(static_cast<int32_t>(found - knob.options.begin()));
  }
  if (rest != base_) return std::nullopt;
  return genome;
}

Genome SearchSpace::fallback() const { return encode(site_->fallback).value_or(Genome(knobs(), 0)); }

bool SearchSpace::contains(const Genome& genome) const {
  if (genome.size() != knobs()) return false;
  for (size_t i = 0; i < genome.size(); ++i)
    if (genome[i] < 0 || genome[i] >= options(i)) return false;
  return true;
}

Schedule SearchSpace::decode(const Genome& genome) const {
  std::vector<int64_t> values = base_;
  for (size_t i = 0; i < genome.size(); ++i) {
    const Knob& knob = site_->knobs[i];
    const auto& option = knob.options[static_cast<size_t>(genome[i])];
    for (size_t f = 0; f < knob.fields.size(); ++f) values[knob.fields[f]] = option[f];
  }
  Schedule schedule = site_->fallback;
  (void)set_fields(schedule, values);  // as many as there are
  return schedule;
}

std::optional<double> SearchSpace::estimate(const Genome& genome) const {
  const auto cycles = site_->estimate(decode(genome));
  if (!cycles) return std::nullopt;
  return *cycles;
}

Schedule SearchSpace::canonical(const Genome& genome) const { return site_->canonical(decode(genome)); }

uint64_t SearchSpace::fingerprint() const {
  std::vector<int64_t> words{static_cast<int64_t>(site_->fallback.index())};
  for (const Knob& knob : site_->knobs) {
    for (const size_t field : knob.fields) words.push_back(static_cast<int64_t>(field));
    for (const auto& option : knob.options) words.insert(words.end(), option.begin(), option.end());
    words.push_back(INT64_MIN);
  }
  words.insert(words.end(), base_.begin(), base_.end());
  return hash_bytes(std::as_bytes(std::span(words)));
}

Trials::Trials(std::vector<Trial> known, int64_t budget, std::function<std::optional<int64_t>(const Genome&)> run, std::function<bool()> go_on)
    : order_(std::move(known)), budget_(budget), run_(std::move(run)), go_on_(std::move(go_on)) {
  for (size_t i = 0; i < order_.size(); ++i) known_.emplace(order_[i].genome, i);
}

std::optional<int64_t> Trials::cycles(const Genome& genome) {
  auto found = known_.find(genome);
  if (found == known_.end()) {
    if (over_ || done() >= budget_ || !go_on_()) {
      over_ = true;
      return std::nullopt;
    }
    order_.push_back({genome, run_(genome).value_or(Trial::kIllegal)});
    found = known_.emplace(genome, order_.size() - 1).first;
  }
  const Trial& trial = order_[found->second];
  if (trial.cycles == Trial::kIllegal) return std::nullopt;
  if (!best_ || trial.cycles < best_->cycles) best_ = trial;
  return trial.cycles;
}

}  // namespace npu
