// SPDX-License-Identifier: Apache-2.0
// Runs a package: the gear that the inputs' shapes ask for, on one device whose arena is as large as the largest gear's.
#pragma once

#include "core/om/package.h"
#include "runtime/session/session.h"

namespace npu {

class GearSession {
 public:
  // Streams are checked (SessionOptions) when their gear is used for the first time.
  static Result<std::unique_ptr<GearSession>> create(ModelPackage package, int threads, const SessionOptions& options = {});

  const ModelPackage& package() const { return package_; }
  int64_t arena_bytes() const { return package_.arena_bytes(); }

  // inputs in the order of the programs' inputs. find_gear's errors, and those of Session.
  Result<std::vector<Tensor>> run(std::span<const Tensor> inputs, const RunObserver& observer = {});

  // The session of one gear, for callers that set the gear first and know the shapes it takes.
  Result<Session*> session(size_t gear);

 private:
  GearSession(ModelPackage package, std::shared_ptr<Device> device, const SessionOptions& options);

  ModelPackage package_;
  std::shared_ptr<Device> device_;
  SessionOptions options_;
  std::vector<std::unique_ptr<Session>> sessions_;  // of each gear, null until it is used
};

}  // namespace npu
