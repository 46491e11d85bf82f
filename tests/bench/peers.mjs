// SPDX-License-Identifier: Apache-2.0
// The emulator beside ONNX Runtime on this machine, in one run: natively against onnxruntime-node, in Chromium against
// onnxruntime-web. Medians; runs of both alternate, so that a busy machine slows both.
//
//   node tests/bench/peers.mjs [--models resnet50,mobilenet_v2] [--threads 1,2] [--iterations 20] [--soc Ascend310]
//        [--only native|web] [--cold 3] [--release DIR] [--site DIR]
// Models: names of npu-zoo, names of models that tests/models has exported, or .onnx files; a name followed by _int8: the same
// network as an 8-bit model in QDQ form.
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';

import { serve } from '../../web/serve.mjs';
import { depsDir, launch, sourceDir } from '../browser/harness.mjs';

const { values: options } = parseArgs({ options: {
  models: { type: 'string', default: 'resnet50' }, threads: { type: 'string', default: '1,2' },
  iterations: { type: 'string', default: '20' }, soc: { type: 'string', default: 'Ascend310' },
  only: { type: 'string', default: '' }, cold: { type: 'string', default: '0' }, release: { type: 'string', default: join(sourceDir, 'build/release') },
  site: { type: 'string', default: join(sourceDir, 'build/web/site') },
} });
const iterations = Number(options.iterations);
const threadCounts = options.threads.split(',').map(Number);
const scratch = mkdtempSync(join(tmpdir(), 'npu-peers-'));
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }));
const program = (name) => join(options.release, 'bin', name);
const median = (times) => [...times].sort((a, b) => a - b)[times.length >> 1];

function modelFile(name) {
  if (existsSync(name)) return name;
  const exported = join(depsDir, 'models', name, 'model.onnx');
  if (existsSync(exported)) return exported;
  const file = join(scratch, `${name}.onnx`);
  if (name.endsWith('_int8')) execFileSync(program('npu-quantize-model'), [modelFile(name.slice(0, -5)), file]);
  else execFileSync(program('npu-zoo'), [name, file]);
  return file;
}

// A package of the bench only: kept beside the other dependencies.
function peer(name) {
  const folder = join(depsDir, 'bench');
  if (!existsSync(join(folder, 'node_modules', name))) {
    mkdirSync(folder, { recursive: true });
    if (!existsSync(join(folder, 'package.json'))) writeFileSync(join(folder, 'package.json'), '{"private": true}');
    execFileSync('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts', name], { cwd: folder, stdio: 'inherit' });
  }
  return createRequire(join(folder, 'package.json'))(name);
}

// One tensor for each input of a session: symbolic dimensions are 1, floats a fixed noise, integers small counts.
// Runs in the page too.
function makeFeeds(session) {
  let state = 1;
  const noise = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 8) / 8388608 - 1;
  };
  return Object.fromEntries(session.inputMetadata.map(({ name, type, shape }) => {
    const dims = shape.map((d) => (typeof d === 'number' && d > 0 ? d : 1));
    const length = dims.reduce((a, b) => a * b, 1);
    const data = type === 'float32' ? Float32Array.from({ length }, noise)
      : type === 'int64' ? BigInt64Array.from({ length }, (_, i) => BigInt(i % 2)) : Int32Array.from({ length }, (_, i) => i % 2);
    return [name, { type, dims, data }];
  }));
}

// Compile time, peak memory of the emulator's process (GNU time's maximum resident set), medians of both.
async function native(file, threads) {
  const ort = peer('onnxruntime-node');
  const session = await ort.InferenceSession.create(file, { intraOpNumThreads: threads, interOpNumThreads: 1 });
  const inputs = makeFeeds(session);
  const feeds = Object.fromEntries(Object.entries(inputs).map(([name, { type, data, dims }]) => [name, new ort.Tensor(type, data, dims)]));
  const om = join(scratch, 'bench');
  const started = performance.now();
  execFileSync(program('atc'), [`--model=${file}`, '--framework=5', `--output=${om}`, `--soc_version=${options.soc}`,
    `--input_shape=${Object.entries(inputs).map(([name, { dims }]) => `${name}:${dims}`).join(';')}`]);
  const compileMs = performance.now() - started;
  const ours = [], theirs = [];
  let deviceUs = 0;
  // One process warms up for each sample of ours: a few runs a process, alternating with the peer's.
  const rounds = Math.max(1, Math.round(iterations / 5));
  for (let round = 0; round < rounds; ++round) {
    const report = JSON.parse(execFileSync(program('npu'), ['bench', '--om', `${om}.om`, '--warmup', '2', '--iterations', '5',
      '--threads', String(threads), '--json']));
    ours.push(report.host_ms_median);
    deviceUs = report.device_us;
    for (let i = -2; i < 5; ++i) {
      const start = performance.now();
      await session.run(feeds);
      if (i >= 0) theirs.push(performance.now() - start);
    }
  }
  const time = spawnSync('/usr/bin/time', ['-f', '%M', program('npu'), 'bench', '--om', `${om}.om`, '--iterations', '1', '--json'], { encoding: 'utf8' });
  return { where: 'native', ours: median(ours), theirs: median(theirs), compileMs, deviceUs, memoryMb: time.status === 0 ? Number(time.stderr.trim()) / 1024 : NaN };
}

// In the page. makeFeeds: its source.
async function measure({ model, threads, soc, iterations: count, makeFeeds: source }) {
  const bytes = new Uint8Array(await (await fetch(model)).arrayBuffer());
  const ort = await import('/ort/ort.wasm.min.mjs');
  ort.env.wasm.numThreads = threads;
  ort.env.wasm.wasmPaths = '/ort/';
  const session = await ort.InferenceSession.create(bytes.slice());
  const inputs = (0, eval)(`(${source})`)(session);
  const feeds = Object.fromEntries(Object.entries(inputs).map(([name, { type, data, dims }]) => [name, new ort.Tensor(type, data, dims)]));
  const { createNpu } = await import('/npu.js');
  const npu = await createNpu({ threads });
  await npu.open(bytes, 'model.onnx');
  // Threads of either may spin for a while after a run; they shall not spin in the other's time.
  const timed = async (f) => {
    await new Promise((resolve) => setTimeout(resolve, 50));
    const begin = performance.now();
    await f();
    return performance.now() - begin;
  };
  const shapes = Object.fromEntries(Object.entries(inputs).map(([name, { dims }]) => [name, dims]));
  const compileMs = await timed(() => npu.compile({ chip: soc, threads, shapes }));
  const given = Object.fromEntries(Object.entries(inputs).map(([name, { type, dims, data }]) => [name, { dtype: type, shape: dims, data }]));
  const firstMs = await timed(() => npu.run(given));
  const ours = [], theirs = [];
  for (let i = -3; i < count; ++i) {
    const mine = await timed(() => npu.run(given)), other = await timed(() => session.run(feeds));
    if (i >= 0) ours.push(mine), theirs.push(other);
  }
  const { deviceUs } = await npu.profile();
  return { ours, theirs, firstMs, compileMs, deviceUs, memoryMb: npu.memoryBytes() / 2 ** 20 };
}

// In a page of its own: from nothing to the first answer.
async function coldStart({ model, threads, soc, which, makeFeeds: source }) {
  const bytes = new Uint8Array(await (await fetch(model)).arrayBuffer());
  const begin = performance.now();
  if (which === 'ours') {
    const { createNpu } = await import('/npu.js');
    const npu = await createNpu({ threads });
    await npu.open(bytes, 'model.onnx');
    await npu.compile({ chip: soc, threads });
    await npu.run({});
  } else {
    const ort = await import('/ort/ort.wasm.min.mjs');
    ort.env.wasm.numThreads = threads;
    ort.env.wasm.wasmPaths = '/ort/';
    const session = await ort.InferenceSession.create(bytes);
    const feeds = Object.entries((0, eval)(`(${source})`)(session)).map(([name, { type, data, dims }]) => [name, new ort.Tensor(type, data, dims)]);
    await session.run(Object.fromEntries(feeds));
  }
  return performance.now() - begin;
}

function prepareSite(file) {
  const site = join(scratch, 'site');
  if (!existsSync(site)) {
    cpSync(options.site, site, { recursive: true });
    cpSync(join(depsDir, 'browser/node_modules/onnxruntime-web/dist'), join(site, 'ort'), { recursive: true });
    writeFileSync(join(site, 'bench.html'), '<!DOCTYPE html><title>bench</title>');
  }
  writeFileSync(join(site, 'bench-model.onnx'), readFileSync(file));
  return site;
}

async function inFreshBrowser(server, body, argument) {
  const browser = await launch();
  try {
    const page = await browser.newPage();
    page.setDefaultTimeout(600000);
    await page.goto(`${server.url}bench.html`);
    return await page.evaluate(body, { model: '/bench-model.onnx', soc: options.soc, makeFeeds: makeFeeds.toString(), ...argument });
  } finally {
    await browser.close();
  }
}

async function web(file, threads) {
  const server = await serve(prepareSite(file));
  try {
    const result = await inFreshBrowser(server, measure, { threads, iterations });
    const cold = { ours: [], theirs: [] };
    for (let i = 0; i < Number(options.cold); ++i)
      for (const which of ['ours', 'theirs']) cold[which].push(await inFreshBrowser(server, coldStart, { threads, which }));
    return { ...result, where: 'Chromium', ours: median(result.ours), theirs: median(result.theirs),
      cold: cold.ours.length ? median(cold.ours) / median(cold.theirs) : NaN, coldMs: median(cold.ours) };
  } finally {
    await server.close();
  }
}

const columns = [['model', 20], ['where', 9], ['threads', 7], ['emulator ms', 11], ['ONNX Runtime ms', 15], ['ratio', 5], ['first/steady', 12],
  ['compile ms', 10], ['cold start ms', 13], ['ratio', 5], ['memory MB', 9], ['predicted us', 12]];
const fixed = (value, digits) => (Number.isFinite(value) ? value.toFixed(digits) : '-');
const print = (cells) => console.log(cells.map((cell, i) => (i < 2 ? cell.padEnd(columns[i][1]) : cell.padStart(columns[i][1]))).join('  '));

print(columns.map(([title]) => title));
for (const name of options.models.split(',')) {
  const file = modelFile(name);
  for (const threads of threadCounts)
    for (const [key, run] of [['native', native], ['web', web]]) {
      if (options.only && options.only !== key) continue;
      const r = await run(file, threads);
      print([basename(name, '.onnx'), r.where, String(threads), fixed(r.ours, 1), fixed(r.theirs, 1), fixed(r.ours / r.theirs, 2), fixed(r.firstMs / r.ours, 2),
        fixed(r.compileMs, 0), fixed(r.coldMs, 0), fixed(r.cold, 2), fixed(r.memoryMb, 0), fixed(r.deviceUs, 0)]);
    }
}
process.exit(0);
