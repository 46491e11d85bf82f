// SPDX-License-Identifier: Apache-2.0
// The emulator beside ONNX Runtime on this machine, in one run: natively against onnxruntime-node, in Chromium against
// onnxruntime-web. Medians; turns of both alternate, so that a busy machine slows both.
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
import { makeFeeds } from './peers_page.mjs';

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

// Compile time, peak memory of the emulator's process (GNU time's maximum resident set), medians of both.
async function native(file, threads) {
  const ort = peer('onnxruntime-node');
  const session = await ort.InferenceSession.create(file, { intraOpNumThreads: threads, interOpNumThreads: 1 });
  const inputs = makeFeeds(session.inputMetadata);
  const feeds = Object.fromEntries(inputs.map(({ name, type, data, dims }) => [name, new ort.Tensor(type, data, dims)]));
  const om = join(scratch, 'bench');
  const started = performance.now();
  execFileSync(program('atc'), [`--model=${file}`, '--framework=5', `--output=${om}`, `--soc_version=${options.soc}`,
    `--input_shape=${inputs.map(({ name, dims }) => `${name}:${dims}`).join(';')}`]);
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

function prepareSite(file) {
  const site = join(scratch, 'site');
  if (!existsSync(site)) {
    cpSync(options.site, site, { recursive: true });
    cpSync(join(depsDir, 'browser/node_modules/onnxruntime-web/dist'), join(site, 'ort'), { recursive: true });
    cpSync(join(sourceDir, 'tests/bench/peers_page.mjs'), join(site, 'peers_page.mjs'));
    writeFileSync(join(site, 'bench.html'), '<!DOCTYPE html><title>bench</title>');
  }
  writeFileSync(join(site, 'bench-model.onnx'), readFileSync(file));
  return site;
}

async function inFreshBrowser(server, argument) {
  const browser = await launch();
  try {
    const page = await browser.newPage();
    page.setDefaultTimeout(600000);
    await page.goto(`${server.url}bench.html`);
    return await page.evaluate(async (what) => (await import('/peers_page.mjs')).measure(what), { model: '/bench-model.onnx', soc: options.soc, ...argument });
  } finally {
    await browser.close();
  }
}

// Two rounds of each engine for the steady time, `cold` more for the first answer.
async function web(file, threads) {
  const server = await serve(prepareSite(file));
  const { inputMetadata } = await peer('onnxruntime-node').InferenceSession.create(file);
  const inputs = inputMetadata.map(({ name, type, shape }) => ({ name, type, shape }));
  const rounds = { ours: [], theirs: [] };
  const cold = { ours: [], theirs: [] };
  try {
    for (let round = 0; round < 2; ++round)
      for (const which in rounds) rounds[which].push(await inFreshBrowser(server, { threads, which, inputs, iterations: Math.ceil(iterations / 2) }));
    for (let i = 0; i < Number(options.cold); ++i)
      for (const which in cold) cold[which].push(await inFreshBrowser(server, { threads, which, inputs, iterations: 0 }));
  } finally {
    await server.close();
  }
  const steady = (which) => median(rounds[which].flatMap(({ times }) => times));
  const coldMs = (which) => median(cold[which].map((one) => one.coldMs));
  return { ...rounds.ours[0], where: 'Chromium', ours: steady('ours'), theirs: steady('theirs'),
    cold: coldMs('ours') / coldMs('theirs'), coldMs: coldMs('ours') };
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
