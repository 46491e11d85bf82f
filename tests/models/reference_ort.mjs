// SPDX-License-Identifier: Apache-2.0
// ONNX Runtime's answers, as .npy beside the inputs that make_photo_inputs.py wrote:
//   node reference_ort.mjs [--outdir DIR] [--modules DIR] [--force] [MODEL...]
// --outdir: where the models' folders with case.json are; --modules: the node_modules that holds onnxruntime-web.
import { createRequire } from 'node:module';
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';

const cache = process.env.NPU_DEPS_DIR
  ?? join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'npu-sandbox');
const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    outdir: { type: 'string', default: join(cache, 'models') },
    modules: { type: 'string', default: join(cache, 'browser', 'node_modules') },
    force: { type: 'boolean', default: false },
  },
});

function readNpy(path) {
  const bytes = readFileSync(path);
  const length = bytes.readUInt16LE(8);
  const header = bytes.toString('latin1', 10, 10 + length);
  const shape = [.../'shape': \(([^)]*)\)/.exec(header)[1].matchAll(/\d+/g)].map(Number);
  if (!header.includes("'<f4'") || header.includes("'fortran_order': True")) throw new Error(`${path}: not C-ordered float32`);
  const body = bytes.subarray(10 + length);
  return { shape, data: new Float32Array(body.buffer.slice(body.byteOffset, body.byteOffset + body.length)) };
}

function writeNpy(path, shape, data) {
  if (!(data instanceof Float32Array)) throw new Error(`${path}: output is ${data.constructor.name}, expected float32`);
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(', ')})`;
  let header = `{'descr': '<f4', 'fortran_order': False, 'shape': ${tuple}, }`;
  header = header.padEnd(Math.ceil((header.length + 11) / 64) * 64 - 11) + '\n';
  const prefix = Buffer.from('\x93NUMPY\x01\x00\x00\x00', 'latin1');
  prefix.writeUInt16LE(header.length, 8);
  writeFileSync(path, Buffer.concat([prefix, Buffer.from(header, 'latin1'), Buffer.from(data.buffer, data.byteOffset, data.byteLength)]));
}

async function answer(ort, folder) {
  const spec = JSON.parse(readFileSync(join(folder, 'case.json'), 'utf8'));
  const file = (pattern, i) => join(folder, pattern.replace('{:02}', String(i).padStart(2, '0')));
  const patterns = Object.values(spec.outputs);
  const missing = Array.from({ length: spec.count }, (_, i) => i)
    .filter((i) => options.force || !patterns.every((pattern) => existsSync(file(pattern, i))));
  if (missing.length === 0) return;
  // Our answers are compared with the model as written, not with the runtime's fused version of it.
  const session = await ort.InferenceSession.create(readFileSync(resolve(folder, spec.model)), { graphOptimizationLevel: 'basic' });
  for (const i of missing) {
    const { shape, data } = readNpy(file(spec.inputs, i));
    const result = await session.run({ [spec.input]: new ort.Tensor('float32', data, shape) });
    for (const [name, pattern] of Object.entries(spec.outputs)) {
      if (!result[name]) throw new Error(`${folder}: no output '${name}', there are ${Object.keys(result)}`);
      writeNpy(file(pattern, i), result[name].dims, result[name].data);
    }
  }
  console.log(`${folder}: ${missing.length} answers`);
  await session.release();
}

function skip(reason) {
  console.log(`skipped: ${reason}`);
  process.exit(77);
}

if (!existsSync(join(options.modules, 'onnxruntime-web'))) skip(`no onnxruntime-web in ${options.modules}`);
if (!existsSync(options.outdir)) skip(`no folder ${options.outdir}`);
const require = createRequire(pathToFileURL(join(resolve(options.modules), 'anything.js')));
const ort = require('onnxruntime-web');
ort.env.wasm.numThreads = 1;
const folders = (positionals.length ? positionals : readdirSync(options.outdir)).map((name) => join(options.outdir, name));
for (const folder of folders) {
  if (!existsSync(join(folder, 'case.json'))) continue;
  if (JSON.parse(readFileSync(join(folder, 'case.json'), 'utf8')).reference === 'ONNX Runtime') await answer(ort, folder);
}
