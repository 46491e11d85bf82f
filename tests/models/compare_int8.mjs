// SPDX-License-Identifier: Apache-2.0
// 8-bit models in QDQ form on the emulated NPU against ONNX Runtime's integer kernels, on random inputs: every output within
// one quantum, the same top-1.
//   node compare_int8.mjs --bin DIR [--models resnet50,mobilenet_v2] [--inputs 3] [--soc Ascend310] [--modules DIR]
// Exit code 77: nothing to compare with.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { homedir, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';

const cache = process.env.NPU_DEPS_DIR ?? join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'npu-sandbox');
const { values: options } = parseArgs({ options: {
  bin: { type: 'string' }, models: { type: 'string', default: 'resnet50,mobilenet_v2' }, inputs: { type: 'string', default: '3' },
  soc: { type: 'string', default: 'Ascend310' }, modules: { type: 'string', default: join(cache, 'browser', 'node_modules') },
} });
if (!existsSync(join(options.modules, 'onnxruntime-web'))) {
  console.log(`skipped: no onnxruntime-web in ${options.modules}`);
  process.exit(77);
}
const ort = createRequire(pathToFileURL(join(resolve(options.modules), 'anything.js')))('onnxruntime-web');
ort.env.wasm.numThreads = 1;
const work = mkdtempSync(join(tmpdir(), 'npu-int8-'));
process.on('exit', () => rmSync(work, { recursive: true, force: true }));
const call = (name, ...args) => execFileSync(join(options.bin, name), args, { stdio: ['ignore', 'ignore', 'inherit'] });

function writeNpy(path, shape, data) {
  const header = `{'descr': '<f4', 'fortran_order': False, 'shape': (${shape.join(', ')}), }`;
  const padded = header.padEnd(Math.ceil((header.length + 11) / 64) * 64 - 11) + '\n';
  const prefix = Buffer.from('\x93NUMPY\x01\x00\x00\x00', 'latin1');
  prefix.writeUInt16LE(padded.length, 8);
  writeFileSync(path, Buffer.concat([prefix, Buffer.from(padded, 'latin1'), Buffer.from(data.buffer)]));
}
function readNpy(path) {
  const bytes = readFileSync(path);
  const body = bytes.subarray(10 + bytes.readUInt16LE(8));
  return new Float32Array(body.buffer.slice(body.byteOffset, body.byteOffset + body.length));
}
const argmax = (values) => values.reduce((best, v, i) => (v > values[best] ? i : best), 0);

let failed = 0;
console.log('model              quanta off (max)  equal    top-1');
for (const name of options.models.split(',')) {
  const model = join(work, `${name}.onnx`), quantised = join(work, `${name}_int8.onnx`), om = join(work, name);
  call('npu-zoo', name, model);
  call('npu-quantize-model', model, quantised);
  const session = await ort.InferenceSession.create(readFileSync(quantised));
  const shape = [1, 3, 224, 224];
  call('atc', `--model=${quantised}`, '--framework=5', `--output=${om}`, `--soc_version=${options.soc}`,
    `--input_shape=${session.inputNames[0]}:${shape}`);
  let state = 7, worst = 0, equal = 0, total = 0, same = 0;
  for (let i = 0; i < Number(options.inputs); ++i) {
    const data = Float32Array.from({ length: 3 * 224 * 224 }, () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return (state >>> 8) / 4194304 - 2;
    });
    const answer = await session.run({ [session.inputNames[0]]: new ort.Tensor('float32', data, shape) });
    const theirs = answer[session.outputNames[0]].data;
    writeNpy(join(work, 'input.npy'), shape, data);
    call('npu', 'run', '--om', `${om}.om`, '--input', `${session.inputNames[0]}=${join(work, 'input.npy')}`, '--outdir', work);
    const ours = readNpy(join(work, `${session.outputNames[0]}.npy`));
    // Outputs are multiples of one scale: the smallest distance between two of them.
    const levels = [...new Set(theirs)].sort((a, b) => a - b);
    const quantum = levels.slice(1).reduce((least, v, j) => Math.min(least, v - levels[j]), Infinity);
    if (!(quantum < Infinity) || ours.length !== theirs.length) throw new Error(`${name}: ${ours.length} outputs, ${theirs.length} expected, on ${levels.length} levels`);
    for (let j = 0; j < ours.length; ++j) {
      const off = Math.abs(ours[j] - theirs[j]) / quantum;
      worst = Math.max(worst, Number.isNaN(off) ? Infinity : off);
      equal += off < 0.01;
    }
    total += ours.length;
    same += argmax(ours) === argmax(theirs);
  }
  const ok = worst < 1.01 && same === Number(options.inputs);
  failed += !ok;
  console.log(`${name.padEnd(18)} ${worst.toFixed(2).padStart(16)} ${((100 * equal) / total).toFixed(1).padStart(6)}% ${same}/${options.inputs}${ok ? '' : '  FAILED'}`);
  await session.release();
}
process.exit(failed ? 1 : 0);
