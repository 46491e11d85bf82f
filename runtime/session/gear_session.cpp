// SPDX-License-Identifier: Apache-2.0
#include "runtime/session/gear_session.h"

namespace npu {

Result<std::unique_ptr<GearSession>> GearSession::create(ModelPackage package, int threads, const SessionOptions& options) {
  NPU_TRY(auto device, make_device(package.first(), package.arena_bytes(), threads, options.max_bytes));
  std::unique_ptr<GearSession> session(new GearSession(std::move(package), std::move(device), options));
  NPU_CHECK(session->session(0));
  return session;
}

GearSession::GearSession(ModelPackage package, std::shared_ptr<Device> device, const SessionOptions& options)
    : package_(std::move(package)), device_(std::move(device)), options_(options), sessions_(package_.gears.size()) {}

Result<Session*> GearSession::session(size_t gear) {
  std::unique_ptr<Session>& session = sessions_[gear];
  if (!session) {
    NPU_TRY(session, Session::create(package_.gears[gear].program, device_, options_));
  }
  return session.get();
}

Result<std::vector<Tensor>> GearSession::run(std::span<const Tensor> inputs, const RunObserver& observer) {
  std::vector<Shape> shapes;
  for (const Tensor& input : inputs) shapes.push_back(input.shape());
  NPU_TRY(const size_t gear, find_gear(package_, shapes));
  NPU_TRY(Session* chosen, session(gear));
  return chosen->run(inputs, observer);
}

}  // namespace npu
