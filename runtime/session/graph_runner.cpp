// SPDX-License-Identifier: Apache-2.0
#include "runtime/session/graph_runner.h"

#include "runtime/session/session.h"

namespace npu {

MakeRunner emulated_runner(SpecialiseFactory compiler, std::string soc, int threads) {
  return [compiler = std::move(compiler), soc = std::move(soc), threads](Graph graph) -> Result<RunGraph> {
    const Specialise specialise = compiler(OpenModel{.name = graph.name, .soc = soc, .command_line = {}, .graph = {}, .inputs = {}, .disabled_passes = {}});
    NPU_TRY(CompiledModel model, specialise(std::move(graph)));
    NPU_TRY(auto session, Session::create(std::make_shared<const CompiledModel>(std::move(model)), threads));
    return [session = std::shared_ptr<Session>(std::move(session))](std::span<const Tensor> inputs) { return session->run(inputs); };
  };
}

}  // namespace npu
