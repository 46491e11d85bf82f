// SPDX-License-Identifier: Apache-2.0
// The emulator beside ONNX Runtime on this machine, in one run: natively against onnxruntime-node, in Chromium against
// onnxruntime-web. Medians; runs of both alternate, so that a busy machine slows both.
//
//   node tests/bench/peers.mjs [--models resnet50,mobilenet_v2] [--threads 1,2] [--iterations 20] [--soc Ascend310]
//        [--only native|web] [--release DIR] [--site DIR]
// Models: names of npu-zoo, or .onnx files with one input [batch,3,224,224].
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
  only: { type: 'string', default: '' }, release: { type: 'string', default: join(sourceDir, 'build/release') },
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
  const file = join(scratch, `${name}.onnx`);
  execFileSync(program('npu-zoo'), [name, file]);
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

const pattern = (length) => {
  let state = 1;
  return Float32Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 8) / 8388608 - 1;
  });
};

// Compile time, peak memory of the emulator's process (GNU time's maximum resident set), medians of both.
async function native(file, threads) {
  const ort = peer('onnxruntime-node');
  const session = await ort.InferenceSession.create(file, { intraOpNumThreads: threads, interOpNumThreads: 1 });
  const feeds = { [session.inputNames[0]]: new ort.Tensor('float32', pattern(3 * 224 * 224), [1, 3, 224, 224]) };
  const om = join(scratch, basename(file, '.onnx'));
  const started = performance.now();
  execFileSync(program('atc'), [`--model=${file}`, '--framework=5', `--output=${om}`, `--soc_version=${options.soc}`,
    `--input_shape=${session.inputNames[0]}:1,3,224,224`]);
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

// In the page.
async function measure({ model, threads, soc, iterations: count }) {
  const bytes = new Uint8Array(await (await fetch(model)).arrayBuffer());
  const data = new Float32Array(3 * 224 * 224);
  let state = 1;
  for (let i = 0; i < data.length; ++i) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    data[i] = (state >>> 8) / 8388608 - 1;
  }
  const ort = await import('/ort/ort.wasm.min.mjs');
  ort.env.wasm.numThreads = threads;
  ort.env.wasm.wasmPaths = '/ort/';
  const session = await ort.InferenceSession.create(bytes.slice());
  const name = session.inputNames[0];
  const feeds = { [name]: new ort.Tensor('float32', data, [1, 3, 224, 224]) };
  const { createNpu } = await import('/npu.js');
  const npu = await createNpu({ threads });
  await npu.open(bytes, 'model.onnx');
  const start = performance.now();
  await npu.compile({ chip: soc, threads, shapes: { [name]: [1, 3, 224, 224] } });
  const compileMs = performance.now() - start;
  const input = { [name]: { dtype: 'float32', shape: [1, 3, 224, 224], data } };
  const timed = async (f) => {
    const begin = performance.now();
    await f();
    return performance.now() - begin;
  };
  const ours = [], theirs = [];
  for (let i = -3; i < count; ++i) {
    const mine = await timed(() => npu.run(input)), other = await timed(() => session.run(feeds));
    if (i >= 0) ours.push(mine), theirs.push(other);
  }
  const { deviceUs } = await npu.profile();
  return { ours, theirs, compileMs, deviceUs, memoryMb: (npu.memoryBytes?.() ?? NaN) / 2 ** 20 };
}

async function web(file, threads) {
  const site = join(scratch, 'site');
  if (!existsSync(site)) {
    cpSync(options.site, site, { recursive: true });
    cpSync(join(depsDir, 'browser/node_modules/onnxruntime-web/dist'), join(site, 'ort'), { recursive: true });
  }
  writeFileSync(join(site, 'bench.html'), '<!DOCTYPE html><title>bench</title>');
  writeFileSync(join(site, 'bench-model.onnx'), readFileSync(file));
  const server = await serve(site);
  const browser = await launch();
  try {
    const page = await browser.newPage();
    page.setDefaultTimeout(600000);
    await page.goto(`${server.url}bench.html`);
    const result = await page.evaluate(measure, { model: '/bench-model.onnx', threads, soc: options.soc, iterations });
    return { ...result, where: 'Chromium', ours: median(result.ours), theirs: median(result.theirs) };
  } finally {
    await browser.close();
    await server.close();
  }
}

console.log('model               where     threads  emulator ms  ONNX Runtime ms  ratio  compile ms  memory MB  predicted us');
for (const name of options.models.split(',')) {
  const file = modelFile(name);
  for (const threads of threadCounts)
    for (const [key, run] of [['native', native], ['web', web]]) {
      if (options.only && options.only !== key) continue;
      const r = await run(file, threads);
      console.log([basename(name, '.onnx').padEnd(19), r.where.padEnd(9), String(threads).padStart(7), r.ours.toFixed(1).padStart(12), r.theirs.toFixed(1).padStart(16),
        (r.ours / r.theirs).toFixed(2).padStart(6), r.compileMs.toFixed(0).padStart(11), r.memoryMb.toFixed(0).padStart(10), r.deviceUs.toFixed(0).padStart(13)].join(' '));
    }
}
process.exit(0);
