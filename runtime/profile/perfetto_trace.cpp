// SPDX-License-Identifier: Apache-2.0
// Perfetto's own format: a protobuf of packets (perfetto.dev, trace_packet.proto, track_event.proto). Names are interned, so an
// event is a few bytes.
#include <bitset>
#include <cmath>
#include <map>
#include <protozero/pbf_writer.hpp>

#include "runtime/profile/trace_events.h"

namespace npu {
namespace {

using protozero::pbf_writer;

enum class Trace : protozero::pbf_tag_type { Packet = 1 };
enum class Packet : protozero::pbf_tag_type { Timestamp = 8, SequenceId = 10, TrackEvent = 11, InternedData = 12, SequenceFlags = 13, TrackDescriptor = 60 };
enum class Event : protozero::pbf_tag_type { DebugAnnotation = 4, Type = 9, NameId = 10, TrackUuid = 11, Name = 23 };
enum class Interned : protozero::pbf_tag_type { EventName = 2, AnnotationName = 3 };
enum class InternedName : protozero::pbf_tag_type { Id = 1, Name = 2 };
enum class Annotation : protozero::pbf_tag_type { NameId = 1, Unsigned = 3 };
enum class Track : protozero::pbf_tag_type { Uuid = 1, Process = 3, Thread = 4 };
enum class Process : protozero::pbf_tag_type { Pid = 1, Name = 6 };
enum class Thread : protozero::pbf_tag_type { Pid = 1, Tid = 2, Name = 5 };

constexpr int kSliceBegin = 1, kSliceEnd = 2;
constexpr int kStateCleared = 1, kNeedsState = 2;
constexpr uint64_t kTaskUuid = 1;    // the process of tasks; its threads follow, one for each engine
constexpr uint64_t kCoreUuid = 100;  // the process of core 0; its threads follow, one for each pipe
constexpr uint64_t kUuidsOfCore = 16;
constexpr uint64_t kTaskNumber = 1, kBlockNumber = 2, kInstructionNumber = 3;  // annotation names

template <class Field>
constexpr protozero::pbf_tag_type tag(Field field) {
  return static_cast<protozero::pbf_tag_type>(field);
}

uint64_t pipe_uuid(int core, size_t pipe) { return kCoreUuid + static_cast<uint64_t>(core) * kUuidsOfCore + 1 + pipe; }

class PerfettoWriter {
 public:
  PerfettoWriter(const CompiledModel& model, const ModelProfile& profile) : model_(model), profile_(profile), soc_(**find_soc(model.soc)), trace_(bytes_) {}

  std::string run() {
    bytes_.reserve(event_count(profile_) * 72 + model_.tasks.size() * 200 + 4096);
    intern_names();
    describe_tracks();
    for (size_t t = 0; t < model_.tasks.size(); ++t) {
      const TaskProfile& row = profile_.tasks[t];
      const uint64_t track = kTaskUuid + 1 + static_cast<uint64_t>(model_.tasks[t].engine);
      begin(nanoseconds(row.start_us), track, [&](pbf_writer& event) { event.add_string(tag(Event::Name), model_.tasks[t].name); });
      end(nanoseconds(row.start_us + row.duration_us), track);
      for (const TraceEvent& event : row.timing.events) add(event, t);
    }
    return std::move(bytes_);
  }

 private:
  static uint64_t nanoseconds(double us) { return static_cast<uint64_t>(std::llround(us * 1e3)); }

  template <class Body>
  void packet(int flags, Body&& body) {
    pbf_writer packet(trace_, tag(Trace::Packet));
    packet.add_uint32(tag(Packet::SequenceId), 1);
    packet.add_uint32(tag(Packet::SequenceFlags), static_cast<uint32_t>(flags));
    body(packet);
  }

  // Opcodes by number from 1.
  void intern_names() {
    packet(kStateCleared | kNeedsState, [](pbf_writer& packet) {
      pbf_writer data(packet, tag(Packet::InternedData));
      const auto add = [&](Interned kind, uint64_t id, std::string_view name) {
        pbf_writer entry(data, tag(kind));
        entry.add_uint64(tag(InternedName::Id), id);
        entry.add_string(tag(InternedName::Name), name.data(), name.size());
      };
      for (int op = 0; op < kOpcodes; ++op) add(Interned::EventName, static_cast<uint64_t>(op) + 1, instr_info(static_cast<Opcode>(op)).name);
      add(Interned::AnnotationName, kTaskNumber, "task");
      add(Interned::AnnotationName, kBlockNumber, "block");
      add(Interned::AnnotationName, kInstructionNumber, "instruction");
    });
  }

  void describe_process(uint64_t uuid, const std::string& name) {
    packet(0, [&](pbf_writer& packet) {
      pbf_writer track(packet, tag(Packet::TrackDescriptor));
      track.add_uint64(tag(Track::Uuid), uuid);
      pbf_writer process(track, tag(Track::Process));
      process.add_int32(tag(Process::Pid), static_cast<int32_t>(uuid));
      process.add_string(tag(Process::Name), name);
    });
  }
  void describe_thread(uint64_t uuid, uint64_t process, std::string_view name) {
    packet(0, [&](pbf_writer& packet) {
      pbf_writer track(packet, tag(Packet::TrackDescriptor));
      track.add_uint64(tag(Track::Uuid), uuid);
      pbf_writer thread(track, tag(Track::Thread));
      thread.add_int32(tag(Thread::Pid), static_cast<int32_t>(process));
      thread.add_int32(tag(Thread::Tid), static_cast<int32_t>(uuid));
      thread.add_string(tag(Thread::Name), name.data(), name.size());
    });
  }

  void describe_tracks() {
    describe_process(kTaskUuid, "tasks");
    for (Engine engine : {Engine::AiCore, Engine::AiCpu, Engine::Host}) describe_thread(kTaskUuid + 1 + static_cast<uint64_t>(engine), kTaskUuid, to_string(engine));
    std::map<int, std::bitset<kPipes>> used;
    for (const TaskProfile& task : profile_.tasks)
      for (const TraceEvent& event : task.timing.events) used[event.core].set(static_cast<size_t>(event.pipe));
    for (const auto& [core, pipes] : used) {
      describe_process(pipe_uuid(core, 0) - 1, "core" + std::to_string(core));
      for (size_t p = 0; p < kPipes; ++p)
        if (pipes[p]) describe_thread(pipe_uuid(core, p), pipe_uuid(core, 0) - 1, kPipeNames[p]);
    }
  }

  template <class Details>
  void begin(uint64_t at, uint64_t track, Details&& details) {
    packet(kNeedsState, [&](pbf_writer& packet) {
      packet.add_uint64(tag(Packet::Timestamp), at);
      pbf_writer event(packet, tag(Packet::TrackEvent));
      event.add_enum(tag(Event::Type), kSliceBegin);
      event.add_uint64(tag(Event::TrackUuid), track);
      details(event);
    });
  }
  void end(uint64_t at, uint64_t track) {
    packet(kNeedsState, [&](pbf_writer& packet) {
      packet.add_uint64(tag(Packet::Timestamp), at);
      pbf_writer event(packet, tag(Packet::TrackEvent));
      event.add_enum(tag(Event::Type), kSliceEnd);
      event.add_uint64(tag(Event::TrackUuid), track);
    });
  }

  void add(const TraceEvent& event, size_t task) {
    const double base = profile_.tasks[task].start_us;
    const uint64_t track = pipe_uuid(event.core, static_cast<size_t>(event.pipe));
    begin(nanoseconds(base + soc_.cycles_to_us(static_cast<double>(event.start))), track, [&](pbf_writer& slice) {
      slice.add_uint64(tag(Event::NameId), static_cast<uint64_t>(instruction_of(model_.tasks[task], event).op) + 1);
      const auto annotate = [&](uint64_t name, uint64_t value) {
        pbf_writer annotation(slice, tag(Event::DebugAnnotation));
        annotation.add_uint64(tag(Annotation::NameId), name);
        annotation.add_uint64(tag(Annotation::Unsigned), value);
      };
      annotate(kTaskNumber, task);
      annotate(kBlockNumber, static_cast<uint64_t>(event.block));
      annotate(kInstructionNumber, static_cast<uint64_t>(event.instr));
    });
    end(nanoseconds(base + soc_.cycles_to_us(static_cast<double>(event.end))), track);
  }

  const CompiledModel& model_;
  const ModelProfile& profile_;
  const Soc& soc_;
  std::string bytes_;
  pbf_writer trace_;
};

}  // namespace

std::string perfetto_trace(const CompiledModel& model, const ModelProfile& profile) { return PerfettoWriter(model, profile).run(); }

}  // namespace npu
