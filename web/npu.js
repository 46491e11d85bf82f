// SPDX-License-Identifier: Apache-2.0
// The NPU for scripts: everything the page shows, as promises.
//
//   import { createNpu } from './npu.js';
//   const npu = await createNpu();                       // or createNpu({ threads: 2, onProgress: (text) => ... })
//   await npu.open(bytes, 'model.onnx');                 // Uint8Array or ArrayBuffer; also .pb, .mindir, .om: its content decides
//   await npu.open(text, 'net.prototxt', { weights });   // Caffe: the .caffemodel's bytes too
//   await npu.compile({ chip: 'Ascend310P3' });          // chip, threads, disable: [pass], shapes: {input: [1, 3, 224, 224]}
//                                                       // of an .om with gears, gear: its index (run() chooses by the inputs' shapes)
//                                                       // options: {insert_op_conf: 'aipp.cfg'} as atc's, files: {'aipp.cfg': text}
//   await npu.quantize({ method: 'ifmr' });               // 8-bit layers: minmax, percentile, entropy, ifmr; quantize(null) takes them back
//   await npu.tune({ seconds: 30 });                      // faster schedules, used from then on; npu.stopTuning() keeps what was found
//   const outputs = await npu.run({ input: { dtype: 'float32', shape: [1, 1, 28, 28], data } });
//   outputs.output.data                                  // {name: {shape, dtype, data: typed array}}
//   const { deviceUs, tasks } = await npu.profile();     // predicted microseconds, one entry a task
//   await npu.close();                                   // forgets the model; npu.dispose() ends it all
//
// Each promise is rejected with an Error that says what is wrong and where. Inputs left out of run() come from
// the picture given by openPicture(bytes), or are a fixed pattern.
const base = new URL('./', import.meta.url);

const arrays = {
  float32: Float32Array, float64: Float64Array, float16: Uint16Array, bfloat16: Uint16Array, int8: Int8Array,
  uint8: Uint8Array, bool: Uint8Array, int16: Int16Array, uint16: Uint16Array, int32: Int32Array,
  uint32: Uint32Array, int64: BigInt64Array, uint64: BigUint64Array,
};

// A module with one i8x16.relaxed_swizzle; engines without relaxed SIMD reject it.
const relaxedProbe = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 15, 1, 13, 0,
  65, 1, 253, 15, 65, 2, 253, 15, 253, 128, 2, 11]);

export function variant() {
  return WebAssembly.validate(relaxedProbe) ? 'npu_page_relaxed' : 'npu_page';
}

export const hostThreads = () => Math.max(1, Math.min(8, navigator.hardwareConcurrency || 1));

// Compiles while the bytes arrive, telling how many have.
async function stream(fetched, url, imports, onBytes) {
  const response = await fetched;
  if (!response.ok) throw new Error(`${url}: HTTP ${response.status}`);
  const instantiate = (body) => WebAssembly.instantiateStreaming(new Response(body, { headers: { 'Content-Type': 'application/wasm' } }), imports);
  if (!onBytes) return instantiate(response.body);
  let received = 0;
  const counted = response.body.pipeThrough(new TransformStream({
    transform(chunk, controller) {
      received += chunk.byteLength;
      onBytes(received);
      controller.enqueue(chunk);
    },
  }));
  return instantiate(counted);
}

// The compiled program. host: what web_main.cpp calls.
export async function loadModule({ canvas, host, onBytes } = {}) {
  if (!globalThis.crossOriginIsolated)
    throw new Error('This page needs threads: it must be served with the headers Cross-Origin-Opener-Policy: same-origin ' +
                    'and Cross-Origin-Embedder-Policy: require-corp (web/play.sh does).');
  const name = variant();
  const url = new URL(`${name}.wasm`, base);
  const fetched = fetch(url, { credentials: 'same-origin' });  // while the script around it arrives
  fetched.catch(() => {});
  const { default: create } = await import(new URL(`${name}.js`, base));
  return new Promise((resolve, reject) => {
    create({
      canvas,
      host,
      locateFile: (file) => new URL(file, base).href,
      instantiateWasm(imports, done) {
        stream(fetched, url, imports, onBytes)
          .then(({ instance, module }) => done(instance, module)).catch(reject);
        return {};
      },
      onAbort: (what) => reject(new Error(`the program stopped: ${what}`)),
    }).then(resolve, reject);
  });
}

export const toBytes = (data) =>
  data instanceof Uint8Array ? data : data instanceof ArrayBuffer ? new Uint8Array(data)
    : new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

// The program's memory as it is now: it grows, and older views end too early.
const memory = (module) => new Uint8Array(module.wasmMemory.buffer);

// Why a file of this size cannot be opened; empty when it can.
export const checkRoom = (module, name, size) => module.ccall('npu_check_room', 'string', ['string', 'number'], [name, size]);

// A copy of the bytes in the program's memory, for one of its functions to take.
export function give(module, data) {
  const bytes = toBytes(data);
  const at = module._npu_allocate(bytes.length);
  memory(module).set(bytes, at);
  return at;
}

// The promises over a started module. `changed` must be called whenever the program says so.
export function makeApi(module) {
  const call = (name, result, types, ...values) => module.ccall(name, result, types, values);
  const mirror = () => JSON.parse(call('npu_mirror', 'string', []));
  let waiting = [];
  let progress = null;
  let given = {};    // atc's options of the last compile
  let tuned = null;  // who waits for the end of a search

  const changed = () => {
    if (!waiting.length && !progress && !tuned) return;
    const now = mirror();
    if (tuned && now.tune && !now.tune.running && now.tune.id > tuned.after) {
      const { resolve, reject } = tuned;
      tuned = null;
      now.tune.error ? reject(new Error(now.tune.error)) : resolve(now.tune);
    }
    progress?.(now.status, now);
    const done = waiting.filter((w) => now.revision >= w.revision && now.state !== 'running' && now.state !== 'loading');
    waiting = waiting.filter((w) => !done.includes(w));
    for (const w of done) now.error ? w.reject(new Error(now.error)) : w.resolve(now);
  };
  const answer = (revision) => new Promise((resolve, reject) => {
    waiting.push({ revision, resolve, reject });
    changed();
  });

  const readOutputs = () => Object.fromEntries(JSON.parse(call('npu_outputs', 'string', [])).map(
    ({ name, dtype, shape, data, bytes }) => {
      const copy = memory(module).slice(data, data + bytes);
      return [name, { dtype, shape, data: new (arrays[dtype] ?? Uint8Array)(copy.buffer) }];
    }));

  const api = {
    mirror,
    async open(bytes, name = 'model.onnx', { weights, weightsName = name.replace(/\.\w+$/, '.caffemodel') } = {}) {
      const problem = checkRoom(module, name, toBytes(bytes).length + (weights ? toBytes(weights).length : 0));
      if (problem) throw new Error(problem);
      // Waits for the network, which is given next.
      if (weights) call('npu_open', 'number', ['string', 'number'], weightsName, give(module, weights));
      const { model } = await answer(call('npu_open', 'number', ['string', 'number'], name, give(module, bytes)));
      return model;
    },
    // Gives the model's memory back to the program; dispose() gives the program's back to the browser.
    async close() {
      await answer(call('npu_close', 'number', []));
    },
    async openSample(name) {
      return (await answer(call('npu_open_sample', 'number', ['string'], name))).model;
    },
    async openPicture(bytes, name = 'picture') {
      await answer(call('npu_open_picture', 'number', ['string', 'number'], name, give(module, bytes)));
    },
    async compile(options = {}) {
      if (options.options) given = options.options;
      const { passes, chip, tasks, compile_ms: ms, gears, gear } =
        await answer(call('npu_compile', 'number', ['string'], JSON.stringify(options)));
      return { passes, chip, tasks, ms, ...(gears && { gears, gear }) };
    },
    // How the answers and the times change: {int8Layers, layers, cosine, pictures, before, after}; the pictures are those of
    // openPicture(), or a sample's.
    async quantize(settings = {}) {
      const { method = 'ifmr', percentile, budget = 0, own = true } = settings ?? {};
      const text = [percentile ? `${method}:${percentile}` : method, budget && `budget:${budget}`, own && 'own'].filter(Boolean).join(',');
      const { quantize } = await answer(call('npu_compile', 'number', ['string'], JSON.stringify({ int8: settings === null ? '' : text })));
      return quantize;
    },
    // {beforeUs, afterUs, trials}; the model is compiled with what was found.
    async tune({ trials = 200, seconds = 30 } = {}) {
      const after = mirror().tune?.id ?? 0;
      if (!call('npu_tune', 'number', ['number', 'number'], trials, seconds)) throw new Error('there is nothing to tune, or a search is running');
      const found = await new Promise((resolve, reject) => {
        tuned = { after, resolve, reject };
      });
      const options = { ...given, op_bank_path: 'bank' };
      await answer(call('npu_compile', 'number', ['string'], JSON.stringify({ options })));
      return { beforeUs: found.before_us, afterUs: found.after_us, trials: found.trials };
    },
    stopTuning: () => call('npu_stop_tuning', null, []),
    async run(inputs = {}) {
      for (const [name, { dtype = 'float32', shape, data }] of Object.entries(inputs)) {
        const problem = call('npu_add_input', 'string', ['string', 'string', 'string', 'number'],
          name, dtype, JSON.stringify(shape), give(module, data));
        if (problem) throw new Error(problem);
      }
      await answer(call('npu_run', 'number', []));
      return readOutputs();
    },
    async profile() {
      const { device_us: deviceUs, chip, instructions } = await answer(call('npu_profile', 'number', []));
      return { deviceUs, chip, instructions, tasks: JSON.parse(call('npu_tasks', 'string', [])) };
    },
    // The program's memory: it holds the model, its weights on the device and the emulated buffers.
    memoryBytes() {
      return module.wasmMemory.buffer.byteLength;
    },
    // The five best classes of the last run: [{label, index, value}].
    top: () => mirror().result ?? [],
    // The outputs of the last run, without running again.
    outputs: readOutputs,
    cancel: () => call('npu_cancel', null, []),
    // Ends the program with its threads. Nothing else may be called afterwards.
    dispose() {
      for (const { reject } of waiting) reject(new Error('the NPU was disposed of'));
      waiting = [];
      module.PThread.terminateAllThreads();
      module = null;
    },
  };
  return { api, changed, onProgress: (f) => { progress = f; } };
}

export async function createNpu({ threads = hostThreads(), onProgress = null } = {}) {
  let made = null;
  const host = { changed: () => made?.changed(), settings() {}, askForFile() {}, requestFont() {}, copy() {}, copyLink() {}, openPage() {},
                 keepFile() {}, askForKeptFile() {}, exportSession() {}, keepProgress() {}, save() {}, textInput() {} };
  const module = await loadModule({ host });
  const problem = module.ccall('npu_start', 'string', ['string', 'string'], ['', JSON.stringify({ threads, headless: true })]);
  if (problem) throw new Error(problem);
  made = makeApi(module);
  made.onProgress(onProgress);
  return made.api;
}
