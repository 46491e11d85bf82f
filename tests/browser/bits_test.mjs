// SPDX-License-Identifier: Apache-2.0
// The fingerprints of tests/golden/bits in Chromium, with one thread and with two; see tests/runtime/bits_test.cpp.
// argument: the program npu-zoo for Node, which writes the models that are no files.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { pageTest, sourceDir } from './harness.mjs';

const folder = join(sourceDir, 'tests/golden/bits');
const scratch = mkdtempSync(join(tmpdir(), 'npu-bits-'));

function modelBytes(name) {
  const file = join(sourceDir, 'samples', name, `${name}.onnx`);
  if (existsSync(file)) return readFileSync(file);
  const made = join(scratch, `${name}.onnx`);
  execFileSync(process.execPath, [process.argv[2], name, made]);
  return readFileSync(made);
}

// In the page: the input pattern, the run, FNV-1a of the output's bytes.
async function fingerprint({ model, shape, threads }) {
  const bytes = Uint8Array.from(atob(model), (c) => c.charCodeAt(0));
  const { createNpu } = await import('./npu.js');
  const npu = await createNpu({ threads });
  await npu.open(bytes, 'model.onnx');
  await npu.compile({ chip: 'Ascend310', threads, shapes: { actual_input: shape } });
  let state = 1;
  const data = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 8) / 8388608 - 1;
  });
  const outputs = await npu.run({ actual_input: { dtype: 'float32', shape, data } });
  const output = new Uint8Array(Object.values(outputs)[0].data.buffer);
  let hash = 0xcbf29ce484222325n;
  for (const byte of output) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  return hash.toString(16).padStart(16, '0');
}

await pageTest(async ({ page, url, check }) => {
  await page.goto(`${url}example.html`);
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.txt'))) {
    const [input, , expected] = readFileSync(join(folder, file), 'utf8').split('\n');
    const [name, dims] = input.split(' ');
    const shape = dims.split('x').map(Number);
    const model = modelBytes(name).toString('base64');
    for (const threads of [1, 2]) {
      const actual = await page.evaluate(fingerprint, { model, shape, threads });
      check(actual === expected, `${name} with ${threads} threads: ${actual}`);
    }
  }
});
