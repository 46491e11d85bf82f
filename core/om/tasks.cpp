// SPDX-License-Identifier: Apache-2.0
#include "core/om/tasks.h"

#include <fmt/format.h>

namespace npu::om {

namespace {

using protozero::data_view;
using protozero::pbf_writer;

// Messages of ours, inside the fields Own of the vendor's.
enum class OwnModelField : protozero::pbf_tag_type { Input = 1, Output = 2, Life = 3, ArenaBytes = 4 };
enum class OwnTaskField : protozero::pbf_tag_type {
  Name = 1,
  OpType = 2,
  Fused = 3,
  Engine = 4,
  VectorTask = 5,
  Node = 6,
  Input = 7,
  Output = 8,
  WorkspaceAddress = 9,
  WorkspaceBytes = 10,
  Macs = 11,
};
enum class DescField : protozero::pbf_tag_type { Name = 1, Dtype = 2, Shape = 3, Format = 4, Address = 5, Bytes = 6 };
enum class LifeField : protozero::pbf_tag_type { Name = 1, Offset = 2, Bytes = 3, FirstTask = 4, LastTask = 5 };

// KernelContext.kernel_type of the vendor.
constexpr int kKernelTypeTe = 2;
constexpr int kKernelTypeAiCpu = 6;

constexpr uint32_t kStreamMagic = 0x4955504e;  // "NPUI"
constexpr uint32_t kStreamVersion = 2;
constexpr uint32_t kMaxBlocks = 4096;

template <class Field>
requires std::is_enum_v<Field>
constexpr protozero::pbf_tag_type tag(Field field) {
  return static_cast<protozero::pbf_tag_type>(field);
}

std::unexpected<Error> bad(std::string where, std::string what) {
  return fail(ErrorKind::InvalidModel, std::move(where), std::move(what));
}

// --- Descriptors ---------------------------------------------------------------------------------------------

std::string desc_message(const TensorDesc& desc) {
  std::string buffer;
  pbf_writer message(buffer);
  message.add_string(tag(DescField::Name), desc.name);
  message.add_int32(tag(DescField::Dtype), dtype_info(desc.dtype).ge);
  message.add_packed_int64(tag(DescField::Shape), desc.shape.begin(), desc.shape.end());
  message.add_int32(tag(DescField::Format), format_info(desc.format).ge);
  message.add_int64(tag(DescField::Address), desc.address);
  message.add_int64(tag(DescField::Bytes), desc.bytes);
  return buffer;
}

Result<TensorDesc> parse_desc(data_view view) {
  TensorDesc desc;
  int64_t dtype = 0, format = -1;
  PbMessage<DescField> message(view);
  while (message.next()) {
    switch (message.tag_and_type()) {
      case pb_length(DescField::Name): desc.name = message.get_string(); break;
      case pb_varint(DescField::Dtype): dtype = message.get_int64(); break;
      case pb_length(DescField::Shape): pb_append_varints(message, desc.shape); break;
      case pb_varint(DescField::Format): format = message.get_int64(); break;
      case pb_varint(DescField::Address): desc.address = message.get_int64(); break;
      case pb_varint(DescField::Bytes): desc.bytes = message.get_int64(); break;
      default: message.skip();
    }
  }
  const std::string where = "tensor '" + desc.name + "'";
  if (dtype != 0) {
    const auto known = dtype > 0 && dtype < 1000 ? dtype_from_ge(static_cast<int>(dtype)) : std::nullopt;
    if (!known) return bad(where, fmt::format("has the unknown data type {}", dtype));
    desc.dtype = *known;
  }
  const auto row = std::ranges::find_if(kFormats, [&](const FormatInfo& info) { return info.ge == format; });
  if (row == kFormats.end()) return bad(where, fmt::format("has the unknown format {}", format));
  desc.format = row->format;
  NPU_CHECK(checked_element_count(desc.shape, where));
  if (desc.address < 0 || desc.bytes < 0)
    return bad(where, fmt::format("has address {} and {} bytes", desc.address, desc.bytes));
  return desc;
}

Status append_desc(data_view view, std::vector<TensorDesc>& to) {
  NPU_TRY(TensorDesc desc, parse_desc(view));
  to.push_back(std::move(desc));
  return {};
}

BufferLife read_life(data_view view) {
  BufferLife life;
  PbMessage<LifeField> message(view);
  while (message.next()) {
    switch (message.tag_and_type()) {
      case pb_length(LifeField::Name): life.name = message.get_string(); break;
      case pb_varint(LifeField::Offset): life.offset = message.get_int64(); break;
      case pb_varint(LifeField::Bytes): life.bytes = message.get_int64(); break;
      case pb_varint(LifeField::FirstTask): life.first_task = message.get_int32(); break;
      case pb_varint(LifeField::LastTask): life.last_task = message.get_int32(); break;
      default: message.skip();
    }
  }
  return life;
}

// --- Tasks ---------------------------------------------------------------------------------------------------

std::string own_task_message(const Task& task, const std::vector<int64_t>& place) {
  std::string buffer;
  pbf_writer message(buffer);
  message.add_string(tag(OwnTaskField::Name), task.name);
  message.add_string(tag(OwnTaskField::OpType), task.op_type);
  for (const std::string& type : task.fused) message.add_string(tag(OwnTaskField::Fused), type);
  message.add_int32(tag(OwnTaskField::Engine), static_cast<int32_t>(task.engine));
  message.add_bool(tag(OwnTaskField::VectorTask), task.vector_task);
  std::vector<int64_t> nodes;
  for (const NodeId id : task.nodes) nodes.push_back(place[static_cast<size_t>(id)]);
  message.add_packed_int64(tag(OwnTaskField::Node), nodes.begin(), nodes.end());
  for (const TensorDesc& desc : task.inputs) message.add_message(tag(OwnTaskField::Input), desc_message(desc));
  for (const TensorDesc& desc : task.outputs) message.add_message(tag(OwnTaskField::Output), desc_message(desc));
  message.add_int64(tag(OwnTaskField::WorkspaceAddress), task.workspace_address);
  message.add_int64(tag(OwnTaskField::WorkspaceBytes), task.workspace_bytes);
  message.add_int64(tag(OwnTaskField::Macs), task.macs);
  return buffer;
}

// What the vendor's runtime would launch: the kernel's name, blocks and the addresses it gets.
void write_kernel_def(pbf_writer& parent, const Task& task, size_t index) {
  ByteWriter args;
  for (const TensorDesc& desc : task.inputs) args.write(desc.address);
  for (const TensorDesc& desc : task.outputs) args.write(desc.address);
  if (task.workspace_bytes > 0) args.write(task.workspace_address);
  pbf_writer kernel(parent, tag(ge::TaskField::Kernel));
  {
    pbf_writer context(kernel, tag(ge::KernelField::Context));
    context.add_uint32(tag(ge::KernelContextField::KernelType),
                       task.engine == Engine::AiCore ? kKernelTypeTe : kKernelTypeAiCpu);
    context.add_uint32(tag(ge::KernelContextField::OpIndex), static_cast<uint32_t>(index));
    context.add_uint32(tag(ge::KernelContextField::ArgsCount), static_cast<uint32_t>(args.size() / 8));
  }
  kernel.add_string(tag(ge::KernelField::StubFunction), task.name);
  kernel.add_uint32(tag(ge::KernelField::BlockDim), static_cast<uint32_t>(task.blocks.size()));
  kernel.add_uint32(tag(ge::KernelField::ArgsSize), static_cast<uint32_t>(args.size()));
  kernel.add_bytes(tag(ge::KernelField::Args), reinterpret_cast<const char*>(args.bytes().data()), args.size());
}

Result<Task> read_own_task(data_view view, const Graph& graph) {
  Task task;
  std::vector<int64_t> nodes;
  int64_t engine = -1;
  PbMessage<OwnTaskField> message(view);
  while (message.next()) {
    switch (message.tag_and_type()) {
      case pb_length(OwnTaskField::Name): task.name = message.get_string(); break;
      case pb_length(OwnTaskField::OpType): task.op_type = message.get_string(); break;
      case pb_length(OwnTaskField::Fused): task.fused.push_back(message.get_string()); break;
      case pb_varint(OwnTaskField::Engine): engine = message.get_int64(); break;
      case pb_varint(OwnTaskField::VectorTask): task.vector_task = message.get_int64() != 0; break;
      case pb_varint(OwnTaskField::Node):
      case pb_length(OwnTaskField::Node): pb_append_varints(message, nodes); break;
      case pb_length(OwnTaskField::Input): NPU_CHECK(append_desc(message.get_view(), task.inputs)); break;
      case pb_length(OwnTaskField::Output): NPU_CHECK(append_desc(message.get_view(), task.outputs)); break;
      case pb_varint(OwnTaskField::WorkspaceAddress): task.workspace_address = message.get_int64(); break;
      case pb_varint(OwnTaskField::WorkspaceBytes): task.workspace_bytes = message.get_int64(); break;
      case pb_varint(OwnTaskField::Macs): task.macs = message.get_int64(); break;
      default: message.skip();
    }
  }
  const std::string where = "task '" + task.name + "'";
  if (engine < 0 || engine > static_cast<int64_t>(Engine::Host))
    return bad(where, fmt::format("runs on the unknown engine {}", engine));
  task.engine = static_cast<Engine>(engine);
  for (const int64_t place : nodes) {
    if (place < 0 || static_cast<size_t>(place) >= graph.order().size())
      return bad(where, fmt::format("names node {} of {}", place, graph.order().size()));
    task.nodes.push_back(graph.order()[static_cast<size_t>(place)]);
  }
  return task;
}

Status read_task(data_view view, CompiledModel& model) {
  PbMessage<ge::TaskField> message(view);
  while (message.next()) {
    if (message.tag_and_type() != pb_length(ge::TaskField::Own)) {
      message.skip();
      continue;
    }
    NPU_TRY(Task task, read_own_task(message.get_view(), model.graph));
    model.tasks.push_back(std::move(task));
  }
  return {};
}

Status read_own_model(data_view view, CompiledModel& model) {
  PbMessage<OwnModelField> message(view);
  while (message.next()) {
    switch (message.tag_and_type()) {
      case pb_length(OwnModelField::Input): NPU_CHECK(append_desc(message.get_view(), model.inputs)); break;
      case pb_length(OwnModelField::Output): NPU_CHECK(append_desc(message.get_view(), model.outputs)); break;
      case pb_length(OwnModelField::Life): model.lives.push_back(read_life(message.get_view())); break;
      case pb_varint(OwnModelField::ArenaBytes): model.arena_bytes = message.get_int64(); break;
      default: message.skip();
    }
  }
  if (model.arena_bytes < 0) return bad("TASK_INFO", fmt::format("asks for {} bytes of memory", model.arena_bytes));
  return {};
}

// --- Instruction streams -------------------------------------------------------------------------------------
// u32 magic, u32 version, u32 blocks, u32 0, then u64 bytes of each block, then the blocks.

Result<std::vector<std::byte>> encode_streams(const Task& task) {
  std::vector<std::vector<std::byte>> blocks;
  for (size_t i = 0; i < task.blocks.size(); ++i) {
    auto bytes = encode(task.blocks[i]);
    if (!bytes)
      return fail(bytes.error().kind, fmt::format("task '{}' block {} {}", task.name, i, bytes.error().where),
                  bytes.error().what);
    blocks.push_back(std::move(*bytes));
  }
  ByteWriter writer;
  writer.write(kStreamMagic);
  writer.write(kStreamVersion);
  writer.write(static_cast<uint32_t>(blocks.size()));
  writer.write(uint32_t{0});
  for (const auto& block : blocks) writer.write(static_cast<uint64_t>(block.size()));
  for (const auto& block : blocks) writer.write_bytes(block);
  return std::move(writer.bytes());
}

Status decode_streams(Bytes bytes, Task& task) {
  const std::string where = "kernel '" + task.name + "'";
  ByteReader reader(bytes);
  const auto magic = reader.read<uint32_t>();
  const auto version = reader.read<uint32_t>();
  const auto count = reader.read<uint32_t>();
  reader.read<uint32_t>();
  if (!reader.ok() || magic != kStreamMagic) return bad(where, "is no instruction stream of this project");
  if (version != kStreamVersion)
    return fail(ErrorKind::UnsupportedModel, where,
                fmt::format("has version {}, {} is known", version, kStreamVersion));
  if (count > kMaxBlocks) return bad(where, fmt::format("claims {} blocks", count));
  std::vector<uint64_t> sizes;
  for (uint32_t i = 0; i < count; ++i) sizes.push_back(reader.read<uint64_t>());
  for (size_t i = 0; i < sizes.size(); ++i) {
    if (!reader.ok() || sizes[i] > reader.remaining()) return bad(where, fmt::format("is cut off in block {}", i));
    auto program = decode_program(reader.read_bytes(static_cast<size_t>(sizes[i])));
    if (!program)
      return fail(program.error().kind, fmt::format("{} block {} {}", where, i, program.error().where),
                  program.error().what);
    task.blocks.push_back(std::move(*program));
  }
  if (reader.remaining() != 0) return bad(where, fmt::format("has {} bytes too many", reader.remaining()));
  return {};
}

}  // namespace

std::string write_task_info(const CompiledModel& model) {
  std::vector<int64_t> place(model.graph.node_capacity(), -1);
  for (size_t i = 0; i < model.graph.order().size(); ++i)
    place[static_cast<size_t>(model.graph.order()[i])] = static_cast<int64_t>(i);
  std::string buffer;
  pbf_writer message(buffer);
  for (size_t i = 0; i < model.tasks.size(); ++i) {
    pbf_writer task(message, tag(ge::ModelTaskField::Task));
    task.add_uint32(tag(ge::TaskField::Id), static_cast<uint32_t>(i));
    task.add_uint32(tag(ge::TaskField::Type), 0);
    task.add_uint32(tag(ge::TaskField::StreamId), 0);
    write_kernel_def(task, model.tasks[i], i);
    task.add_message(tag(ge::TaskField::Own), own_task_message(model.tasks[i], place));
  }
  message.add_uint64(tag(ge::ModelTaskField::MemorySize), static_cast<uint64_t>(model.arena_bytes));
  message.add_uint32(tag(ge::ModelTaskField::StreamNum), 1);
  message.add_uint64(tag(ge::ModelTaskField::WeightSize), model.weights ? model.weights->size() : 0);
  pbf_writer own(message, tag(ge::ModelTaskField::Own));
  for (const TensorDesc& desc : model.inputs) own.add_message(tag(OwnModelField::Input), desc_message(desc));
  for (const TensorDesc& desc : model.outputs) own.add_message(tag(OwnModelField::Output), desc_message(desc));
  for (const BufferLife& life : model.lives) {
    pbf_writer item(own, tag(OwnModelField::Life));
    item.add_string(tag(LifeField::Name), life.name);
    item.add_int64(tag(LifeField::Offset), life.offset);
    item.add_int64(tag(LifeField::Bytes), life.bytes);
    item.add_int32(tag(LifeField::FirstTask), life.first_task);
    item.add_int32(tag(LifeField::LastTask), life.last_task);
  }
  own.add_int64(tag(OwnModelField::ArenaBytes), model.arena_bytes);
  own.commit();
  return buffer;
}

Status read_task_info(Bytes bytes, CompiledModel& model) {
  PbMessage<ge::ModelTaskField> message(bytes);
  while (message.next()) {
    switch (message.tag_and_type()) {
      case pb_length(ge::ModelTaskField::Task): NPU_CHECK(read_task(message.get_view(), model)); break;
      case pb_length(ge::ModelTaskField::Own): NPU_CHECK(read_own_model(message.get_view(), model)); break;
      default: message.skip();
    }
  }
  return {};
}

Result<std::vector<std::byte>> write_kernel_store(const CompiledModel& model) {
  ByteWriter store;
  for (const Task& task : model.tasks) {
    if (task.engine != Engine::AiCore) continue;
    NPU_TRY(const auto bytes, encode_streams(task));
    if (bytes.size() > UINT32_MAX)
      return fail(ErrorKind::CompileLimit, "task '" + task.name + "'",
                  fmt::format("its kernel has {} bytes", bytes.size()));
    write_kernel(store, task.name, bytes);
  }
  return std::move(store.bytes());
}

Status read_kernel_store(Bytes bytes, CompiledModel& model) {
  NPU_TRY(const auto kernels, read_kernels(bytes));
  size_t next = 0;
  for (Task& task : model.tasks) {
    if (task.engine != Engine::AiCore) continue;
    if (next == kernels.size()) return bad("task '" + task.name + "'", "has no kernel");
    NPU_CHECK(decode_streams(kernels[next++].bytes, task));
  }
  if (next != kernels.size()) return bad(".om file", fmt::format("has {} kernels for {} tasks", kernels.size(), next));
  return {};
}

std::string write_desc(const TensorDesc& desc) {
  return desc_message(desc);
}

Result<TensorDesc> read_desc(protozero::data_view view) {
  return parse_desc(view);
}

bool is_own_kernel(Bytes bytes) {
  return ByteReader(bytes).read<uint32_t>() == kStreamMagic;
}

}  // namespace npu::om
