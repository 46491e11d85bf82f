// SPDX-License-Identifier: Apache-2.0
// What peers.mjs runs in the browser: each engine in a page of its own, so that the threads of one never spin in the other's time.

const resting = () => new Promise((resolve) => setTimeout(resolve, 50));
const timed = async (f) => {
  const begin = performance.now();
  await f();
  return performance.now() - begin;
};

// One tensor for each {name, type, shape}: symbolic dimensions are 1, floats a fixed noise, integers small counts.
export function makeFeeds(metadata) {
  let state = 1;
  const noise = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 8) / 8388608 - 1;
  };
  return metadata.map(({ name, type, shape }) => {
    const dims = shape.map((d) => (typeof d === 'number' && d > 0 ? d : 1));
    const length = dims.reduce((a, b) => a * b, 1);
    const data = type === 'float32' ? Float32Array.from({ length }, noise)
      : type === 'int64' ? BigInt64Array.from({ length }, (_, i) => BigInt(i % 2)) : Int32Array.from({ length }, (_, i) => i % 2);
    return { name, type, dims, data };
  });
}

async function startEmulator({ bytes, threads, soc, inputs }) {
  const { createNpu } = await import('/npu.js');
  const npu = await createNpu({ threads });
  await npu.open(bytes, 'model.onnx');
  const feeds = makeFeeds(inputs);
  const shapes = Object.fromEntries(feeds.map(({ name, dims }) => [name, dims]));
  const compileMs = await timed(() => npu.compile({ chip: soc, threads, shapes }));
  const given = Object.fromEntries(feeds.map(({ name, type, dims, data }) => [name, { dtype: type, shape: dims, data }]));
  const finish = async () => ({ compileMs, deviceUs: (await npu.profile()).deviceUs, memoryMb: npu.memoryBytes() / 2 ** 20 });
  return { run: () => npu.run(given), finish };
}

async function startPeer({ bytes, threads, inputs }) {
  const ort = await import('/ort/ort.wasm.min.mjs');
  ort.env.wasm.numThreads = threads;
  ort.env.wasm.wasmPaths = '/ort/';
  const session = await ort.InferenceSession.create(bytes);
  const feeds = Object.fromEntries(makeFeeds(inputs).map(({ name, type, dims, data }) => [name, new ort.Tensor(type, data, dims)]));
  return { run: () => session.run(feeds), finish: () => ({}) };
}

// Milliseconds of the start to the first answer, of that answer, and of `iterations` further ones after three to warm up.
export async function measure({ which, model, iterations, ...options }) {
  const bytes = new Uint8Array(await (await fetch(model)).arrayBuffer());
  const begin = performance.now();
  const engine = await (which === 'ours' ? startEmulator : startPeer)({ ...options, bytes });
  const firstMs = await timed(engine.run);
  const coldMs = performance.now() - begin;
  const times = [];
  for (let i = iterations ? -3 : 0; i < iterations; ++i) {
    await resting();
    const ms = await timed(engine.run);
    if (i >= 0) times.push(ms);
  }
  return { firstMs, coldMs, times, ...(iterations ? await engine.finish() : {}) };
}
