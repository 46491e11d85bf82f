// SPDX-License-Identifier: Apache-2.0
#include "ui/studio/studio.h"

#include <algorithm>

#include "core/model_file/model_file.h"
#include "ui/studio/load_source.h"
#include "ui/studio/stages.h"

namespace npu::ui {

// What 8-bit layers depend on.
struct QuantizeKey {
  QuantizeSettings settings;
  std::vector<uint64_t> pictures;
  Preprocess preprocess;
  std::string chip;
  bool first_layer = true;
  std::map<std::string, Shape, std::less<>> input_shapes;

  friend bool operator==(const QuantizeKey&, const QuantizeKey&) = default;
};

// What the worker has made so far, and from what.
struct Studio::Work {
  uint64_t source_id = 0;
  uint64_t picture_id = 0;
  LoadedSource source;                   // its graph is below
  std::shared_ptr<const Graph> graph;    // empty when the file is compiled already
  PictureSource picture_source;
  std::vector<Picture> calibration;
  std::vector<uint64_t> calibrated_with;  // the source, and the opened pictures
  std::shared_ptr<const QuantizeInfo> quantize;
  std::optional<QuantizeKey> quantized_for;
  CompileRequest compiled_for;
  std::shared_ptr<const Graph> compiled_graph;
  std::shared_ptr<const CompileInfo> compile;
  std::shared_ptr<const ProfileInfo> profile;
  std::shared_ptr<const Picture> picture;
  std::unique_ptr<Session> session;      // of compile->model
  int session_threads = 0;
  // Of the last run.
  std::shared_ptr<const RunInfo> run;
  uint64_t run_id = 0;
  uint64_t run_picture_id = 0;
  Preprocess run_preprocess;
  uint64_t evaluation_id = 0;
};

namespace {

bool same(const CompileRequest& a, const CompileRequest& b) {
  const bool uses_bank = a.atc.options.contains("op_bank_path");
  return a.chip == b.chip && a.disabled == b.disabled && a.atc == b.atc && a.input_shapes == b.input_shapes && (!uses_bank || a.bank == b.bank);
}

// Pictures that calibrate: enough for ranges, few enough to be computed while somebody waits.
constexpr size_t kMostCalibration = 32;

}  // namespace

Studio::Studio(std::function<void()> changed, SampleReader read)
    : changed_(std::move(changed)),
      read_(std::move(read)),
      snapshot_(std::make_shared<Snapshot>()),
      tuning_([this](std::shared_ptr<const TuneInfo> info) { end_tuning(std::move(info)); }),
      thread_([this] { work(); }) {}

Studio::~Studio() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
    interrupt_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

SnapshotPtr Studio::snapshot() const {
  const std::lock_guard lock(mutex_);
  return snapshot_;
}

uint64_t Studio::change(const std::function<void(Request&)>& edit) {
  uint64_t revision = 0;
  {
    const std::lock_guard lock(mutex_);
    edit(request_);
    revision = ++revision_;
    outside_error_.reset();
    interrupt_ = true;
  }
  wake_.notify_all();
  return revision;
}

void Request::choose_source(std::string name, SharedBytes bytes) {
  source = {next_id++, std::move(name), std::move(bytes), {}, nullptr};
  preprocess.reset();
  inputs.clear();
  input_shapes.clear();
  gear = 0;
  if (goal == Goal::Nothing) goal = Goal::Answered;
}

void Request::choose_model(std::string name, SharedBytes bytes) {
  const ModelKind kind = kind_of_model(*bytes);
  const bool network = kind == ModelKind::CaffeNetwork, weights = kind == ModelKind::CaffeWeights;
  const ModelKind other = network ? ModelKind::CaffeWeights : ModelKind::CaffeNetwork;
  Source first = std::exchange(half, {});
  if (network || weights) half = {0, name, bytes, {}, nullptr};
  const bool both = (network || weights) && first.bytes && kind_of_model(*first.bytes) == other;
  if (both) half = {};
  choose_source(std::move(name), std::move(bytes));
  if (!both) return;
  source.weights_name = std::move(first.name), source.weights = std::move(first.bytes);
  if (weights) std::swap(source.name, source.weights_name), std::swap(source.bytes, source.weights);
}

void Request::choose_picture(std::string name, SharedBytes bytes, int index) {
  picture = {next_id++, std::move(name), std::move(bytes), index};
  if (picture.bytes) opened.push_back(picture);
  if (opened.size() > kMostCalibration) opened.erase(opened.begin());
  inputs.clear();
  if (goal == Goal::Nothing) goal = Goal::Answered;
}

// The picture stays: the user may want it classified by another model.
uint64_t Studio::open_model(std::string name, SharedBytes bytes) {
  return change([&](Request& request) { request.choose_model(std::move(name), std::move(bytes)); });
}

uint64_t Studio::open_sample(std::string name, int picture) {
  return change([&](Request& request) {
    request.choose_source(std::move(name), nullptr);
    request.choose_picture("", nullptr, picture);
  });
}

uint64_t Studio::close_model() {
  return change([](Request& request) { request.source = {}, request.run_id = 0; });
}

uint64_t Studio::open_picture(std::string name, SharedBytes bytes) {
  return change([&](Request& request) { request.choose_picture(std::move(name), std::move(bytes), 0); });
}

uint64_t Studio::run_again() {
  return change([](Request& request) {
    request.run_id = request.next_id++;
    request.goal = Goal::Answered;
  });
}

uint64_t Studio::evaluate() {
  return change([](Request& request) {
    request.evaluation_id = request.next_id++;
    request.goal = Goal::Answered;
  });
}

void Studio::post(std::function<void()> job) {
  {
    const std::lock_guard lock(mutex_);
    jobs_.push_back(std::move(job));
  }
  wake_.notify_all();
}

bool Studio::is_current(const Snapshot& snapshot) const {
  const std::lock_guard lock(mutex_);
  return snapshot.revision == revision_ && !snapshot.busy();
}

uint64_t Studio::cancel() {
  return change([](Request& request) { request.goal = Goal::Nothing; });
}

uint64_t Studio::report(Error error) {
  uint64_t revision = 0;
  {
    const std::lock_guard lock(mutex_);
    revision = ++revision_;
    outside_error_ = std::move(error);
  }
  wake_.notify_all();
  return revision;
}

void Studio::dismiss_error() {
  publish([](Snapshot& s) { s.error.reset(); });
}

void Studio::publish(const std::function<void(Snapshot&)>& edit) {
  {
    const std::lock_guard lock(mutex_);
    auto next = std::make_shared<Snapshot>(*snapshot_);
    edit(*next);
    snapshot_ = std::move(next);
  }
  if (changed_) changed_();
}

bool Studio::progress(Stage stage, size_t done, size_t total, std::string what) {
  // Nobody sees more than some thirty steps a second, and a short task takes less time than a snapshot.
  const auto now = std::chrono::steady_clock::now();
  if (done == 0 || now - shown_ > std::chrono::milliseconds(33)) {
    publish([&](Snapshot& s) { s.activity = {stage, done, total, std::move(what)}; });
    shown_ = now;
  }
  return !superseded();
}

void Studio::work() {
  Work work;
  uint64_t answered = 0;
  for (;;) {
    Request request;
    uint64_t revision = 0;
    std::optional<Error> error;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [&] { return stop_ || !jobs_.empty() || revision_ != answered; });
      if (stop_) return;
      if (auto jobs = std::exchange(jobs_, {}); !jobs.empty()) {
        lock.unlock();
        for (const auto& job : jobs) job();
        continue;
      }
      request = request_;
      revision = revision_;
      error = outside_error_;
      interrupt_ = false;
    }
    if (const Status status = bring_up_to_date(request, work); !status && !error) error = status.error();
    {
      const std::lock_guard lock(mutex_);
      if (stop_) return;
      if (revision_ != revision) continue;  // a newer request is waiting
      // After a failed load the page goes on with the model it had.
      if (error && request_.source.id != work.source_id) {
        request_.source = work.source.source;
        request_.preprocess.reset();
      }
      if (error && request_.picture.id != work.picture_id) request_.picture = work.picture_source;
    }
    answered = revision;
    if (error && error->kind == ErrorKind::Cancelled) error.reset();
    publish([&](Snapshot& s) {
      s.revision = revision;
      s.activity = {};
      s.error = error;
    });
  }
}

Status Studio::bring_up_to_date(Request& request, Work& work) {
  if (request.source.id == 0 && work.source_id != 0) {
    work = {};
    forget_tuned();
    publish([](Snapshot& s) { s = Snapshot{.revision = s.revision}; });
  }
  if (request.goal >= Goal::Loaded) NPU_CHECK(load(request, work));
  if (work.source_id == 0) return request.run_id == 0 ? Status{} : fail(ErrorKind::InvalidArgument, "run", "no model is open");
  if (request.goal >= Goal::Compiled) {
    NPU_CHECK(quantize_model(request, work));
    NPU_CHECK(compile_model(request, work));
    NPU_CHECK(prepare_session(request, work));
  }
  if (request.goal >= Goal::Answered) NPU_CHECK(run_model(request, work));
  if (request.goal == Goal::Timed || (request.goal > Goal::Timed && request.explain)) NPU_CHECK(time_model(work));
  if (request.goal >= Goal::Answered) NPU_CHECK(evaluate_model(request, work));
  return {};
}

void Studio::forget_tuned() {
  tuning_.cancel();
  const std::lock_guard lock(mutex_);
  tuned_graph_.reset();
}

// What is loaded is not loaded again, and a file is as large as its model.
void Studio::forget_bytes(Request& request) {
  request.source.bytes.reset(), request.source.weights.reset();
  const std::lock_guard lock(mutex_);
  if (request_.source.id == request.source.id) request_.source.bytes.reset(), request_.source.weights.reset();
}

Status Studio::load(Request& request, Work& work) {
  if (request.source.id != work.source_id) {
    if (!progress(Stage::Loading, 0, 0, request.source.name)) return cancelled();
    NPU_TRY(LoadedSource loaded, load_source(request.source, read_));
    forget_tuned();
    work.source = std::move(loaded);
    work.graph = work.source.package ? nullptr : std::make_shared<const Graph>(std::move(work.source.graph));
    work.source_id = request.source.id;
    forget_bytes(request);
    work.quantize.reset(), work.quantized_for.reset();
    work.session.reset();
    work.compile.reset();
    work.profile.reset();
    work.run.reset();
    publish([&](Snapshot& s) {
      s.model = work.source.info;
      s.sample = work.source.sample;
      s.error.reset();
      s.quantize.reset();
      s.tune.reset();
      s.compile.reset();
      s.profile.reset();
      s.run.reset();
      s.evaluation.reset();
    });
  }
  return load_picture(request, work);
}

Status Studio::load_picture(const Request& request, Work& work) {
  if (request.picture.id == work.picture_id) return {};
  std::shared_ptr<const Picture> picture;
  if (request.picture.bytes) {
    NPU_TRY(Image decoded, decode_image(*request.picture.bytes, request.picture.name));
    picture = std::make_shared<Picture>(Picture{request.picture.name, std::move(decoded), -1});
  } else if (work.source.sample && !work.source.sample->images.empty()) {
    const auto& images = work.source.sample->images;
    const auto index = static_cast<size_t>(std::clamp(request.picture.index, 0, static_cast<int>(images.size()) - 1));
    NPU_TRY(const OwnedBytes owned, read_(images[index].file));
    NPU_TRY(Image decoded, decode_image(owned.bytes, images[index].file));
    picture = std::make_shared<Picture>(Picture{images[index].file, std::move(decoded), images[index].label});
  }
  work.picture = std::move(picture);
  work.picture_id = request.picture.id;
  work.picture_source = request.picture;
  publish([&](Snapshot& s) {
    s.picture = work.picture;
    s.picture_id = work.picture_id;
  });
  return {};
}

CompileRequest Studio::compile_request(const Request& request, const Work& work) const {
  CompileRequest wanted{.chip = request.chip, .disabled = request.disabled_passes, .atc = request.atc, .model = {}, .input_shapes = request.input_shapes, .bank = request.bank, .explain = request.explain};
  wanted.model = {.name = work.source.info->name, .weights = work.source.source.weights_name, .kind = work.source.kind, .input_shape = {}};
  if (wanted.model.name.find('.') == std::string::npos) wanted.model.name += ".onnx";
  return wanted;
}

Status Studio::load_calibration(const Request& request, Work& work) {
  std::vector<uint64_t> key{work.source_id};
  if (request.quantize->own_pictures)
    for (const PictureSource& picture : request.opened) key.push_back(picture.id);
  if (key == work.calibrated_with) return {};
  std::vector<Picture> pictures;
  const auto add = [&](Bytes bytes, const std::string& name, int label) -> Status {
    NPU_TRY(Image image, decode_image(bytes, name));
    pictures.push_back({name, std::move(image), label});
    return {};
  };
  if (request.quantize->own_pictures) {
    for (const PictureSource& picture : request.opened) NPU_CHECK(add(*picture.bytes, picture.name, -1));
  } else if (work.source.sample) {
    for (const SampleImage& image : std::span(work.source.sample->images).first(std::min(kMostCalibration, work.source.sample->images.size()))) {
      NPU_TRY(const OwnedBytes owned, read_(image.file));
      NPU_CHECK(add(owned.bytes, image.file, image.label));
    }
  }
  work.calibration = std::move(pictures);
  work.calibrated_with = std::move(key);
  return {};
}

Status Studio::quantize_model(const Request& request, Work& work) {
  if (!request.quantize || !work.graph) {
    if (work.quantize) publish([](Snapshot& s) { s.quantize.reset(); });
    work.quantize.reset(), work.quantized_for.reset();
    return {};
  }
  NPU_CHECK(load_calibration(request, work));
  QuantizeKey key{*request.quantize, work.calibrated_with, request.preprocess.value_or(work.source.preprocess), request.chip, !request.atc.options.contains("insert_op_conf"), request.input_shapes};
  if (work.quantize && work.quantized_for == key) return {};
  const QuantizeRequest wanted{key.settings, work.calibration, key.preprocess, key.chip, key.first_layer, key.input_shapes, request.threads};
  NPU_TRY(QuantizeInfo info, quantize_stage(*work.graph, wanted, [this](size_t done, size_t total, std::string what) { return progress(Stage::Quantizing, done, total, std::move(what)); }));
  work.quantize = std::make_shared<const QuantizeInfo>(std::move(info));
  work.quantized_for = std::move(key);
  publish([&](Snapshot& s) { s.quantize = work.quantize; });
  return {};
}

Status Studio::compile_model(const Request& request, Work& work) {
  const auto graph = work.quantize ? std::shared_ptr<const Graph>(work.quantize, &work.quantize->made.graph) : work.graph;
  const CompileRequest wanted = graph ? compile_request(request, work) : CompileRequest{};
  const bool current = work.compile && same(wanted, work.compiled_for) && work.compiled_graph == graph;
  const ModelPackage* package = work.source.package ? &*work.source.package : current ? work.compile->package.get() : nullptr;
  size_t gear = 0;
  if (package != nullptr) {
    NPU_TRY(gear, choose_gear(*package, request.gear, request.inputs));
  }
  if (current && (package == nullptr || work.compile->gear == gear)) return {};
  const auto before = current ? work.compile : nullptr;
  work.session.reset();
  work.compile.reset();
  work.profile.reset();
  work.run.reset();
  publish([](Snapshot& s) { s.compile.reset(), s.profile.reset(), s.run.reset(), s.evaluation.reset(), s.error.reset(); });
  CompileInfo info;
  if (before || !graph) {
    info = with_gear(before ? *before : CompileInfo{}, *package, gear);
  } else {
    NPU_TRY(info, compile_stage(*graph, wanted,
                                [this](size_t done, size_t total, std::string what) { return progress(Stage::Compiling, done, total, std::move(what)); },
                                [this](const CompileInfo& so_far) { publish([&](Snapshot& s) { s.compile = std::make_shared<CompileInfo>(so_far); }); }));
    if (info.package) {
      NPU_TRY(gear, choose_gear(*info.package, request.gear, request.inputs));
      info = with_gear(std::move(info), *std::shared_ptr(info.package), gear);
    }
  }
  work.compile = std::make_shared<const CompileInfo>(std::move(info));
  work.compiled_for = wanted;
  work.compiled_graph = graph;
  publish([&](Snapshot& s) { s.compile = work.compile; });
  const std::lock_guard lock(mutex_);
  tuned_graph_ = graph, tuned_request_ = wanted;
  return {};
}

bool Studio::tune(const TuneBudget& budget) {
  std::shared_ptr<const Graph> graph;
  CompileRequest request;
  ScheduleBank bank;
  {
    const std::lock_guard lock(mutex_);
    graph = tuned_graph_, request = tuned_request_;
    if (request_.bank) bank = *request_.bank;
  }
  if (!graph) return false;
  return tuning_.start(
      [graph, request](std::shared_ptr<Scheduler> scheduler, const std::function<bool(size_t, size_t)>& on_progress) -> Result<double> {
        NPU_TRY(PreparedCompile made, prepare_stage(*graph, request));
        made.prepared.how.scheduler = std::move(scheduler);
        CompileObserver observer;
        observer.on_progress = [&](size_t done, size_t total, const std::string&) { return on_progress(done, total); };
        auto package = atc::compile_prepared(std::move(made.prepared), observer);
        if (!package) return std::unexpected(with_code(package.error()));
        if (package->open) return fail(ErrorKind::UnsupportedModel, "tune", "only programs of fixed shapes are tuned");
        NPU_TRY(const ModelProfile profile, profile_model(package->first(), false));
        return profile.total_us;
      },
      std::move(bank), budget);
}

// Called from the search's thread, also while it goes on.
void Studio::end_tuning(std::shared_ptr<const TuneInfo> info) {
  if (!info->running) {
    const std::lock_guard lock(mutex_);
    request_.bank = info->bank;
  }
  publish([&](Snapshot& s) { s.tune = std::move(info); });
}

Status Studio::time_model(Work& work) {
  if (work.profile) return {};
  NPU_TRY(ProfileInfo info, profile_stage(*work.compile->model, [this](size_t done, size_t total, std::string what) {
            return progress(Stage::Timing, done, total, std::move(what));
          }));
  work.profile = std::make_shared<ProfileInfo>(std::move(info));
  publish([&](Snapshot& s) { s.profile = work.profile; });
  return {};
}

// The streams are checked and the device's memory is there before anyone waits for an answer.
Status Studio::prepare_session(const Request& request, Work& work) {
  if (work.session && work.session_threads == request.threads) return {};
  work.session.reset();
  NPU_TRY(work.session, Session::create(work.compile->model, request.threads));
  work.session_threads = request.threads;
  return {};
}

Status Studio::run_model(const Request& request, Work& work) {
  const Preprocess preprocess = request.preprocess.value_or(work.source.preprocess);
  const bool current = work.run && work.run_id == request.run_id && work.run_picture_id == work.picture_id &&
                       work.run_preprocess == preprocess;
  if (current) return {};
  work.run.reset();
  const RunRequest run{*work.compile->model, request.inputs, work.picture.get(), preprocess, work.source.sample.get(),
                       request.threads};
  NPU_TRY(RunInfo info, run_stage(*work.session, run, [this](size_t done, size_t total, std::string what) {
            return progress(Stage::Running, done, total, std::move(what));
          }));
  work.run = std::make_shared<RunInfo>(std::move(info));
  work.run_id = request.run_id;
  work.run_picture_id = work.picture_id;
  work.run_preprocess = preprocess;
  publish([&](Snapshot& s) {
    s.run = work.run;
    if (s.preprocess != preprocess) s.evaluation.reset();
    s.preprocess = preprocess;
  });
  return {};
}

Status Studio::evaluate_model(const Request& request, Work& work) {
  if (request.evaluation_id == work.evaluation_id) return {};
  const RunRequest run{*work.compile->model, {}, nullptr, work.run_preprocess, work.source.sample.get(), request.threads};
  const auto found = evaluate_stage(*work.session, run, read_, [this](size_t done, size_t total, std::string what) {
    return progress(Stage::Evaluating, done, total, std::move(what));
  });
  // What was interrupted is done with the newer request; what failed would fail again.
  if (found || found.error().kind != ErrorKind::Cancelled) work.evaluation_id = request.evaluation_id;
  if (!found) return std::unexpected(found.error());
  publish([&](Snapshot& s) { s.evaluation = std::make_shared<Evaluation>(*found); });
  return {};
}

}  // namespace npu::ui
