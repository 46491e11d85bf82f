// SPDX-License-Identifier: Apache-2.0
// npu.js without the interface, and the example page.
// argument: the program npu-zoo for Node.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { pageTest } from './harness.mjs';
import { waitState } from './page.mjs';

const scratch = mkdtempSync(join(tmpdir(), 'npu-api-'));
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }));
const large = join(scratch, 'large.onnx');
execFileSync(process.execPath, [process.argv[2], 'resnet18', large]);

await pageTest(async ({ page, url, check }) => {
  page.setDefaultTimeout(120000);
  await page.route('**/large.onnx', (route) => route.fulfill({ path: large }));
  await page.goto(url + 'example.html');
  await waitState(page, 'ready');
  const text = await page.textContent('#out');
  console.log(text);
  check(/the digit is 1\b/.test(text), 'the example reads its stroke as 1');
  check(/\d+(\.\d+)? microseconds/.test(text), 'and predicts a time');

  const made = await page.evaluate(async () => {
    const { createNpu } = await import('./npu.js');
    const told = [];
    const npu = await createNpu({ threads: 2, onProgress: (status) => told.push(status) });
    const message = (promise) => promise.then(() => 'no error', (error) => error.message);
    const bytes = new Uint8Array(await (await fetch('samples/digits/digits.onnx')).arrayBuffer());
    const report = { broken: await message(npu.open(new Uint8Array([1, 2, 3]), 'three.onnx')) };
    report.model = await npu.open(bytes, 'digits.onnx');
    report.badChip = await message(npu.compile({ chip: 'Ascend999' }));
    report.compiled = await npu.compile({ chip: 'Ascend310P3', disable: ['fold-batch-norm'] });
    const data = Float32Array.from({ length: 784 }, (_, i) => Math.sin(i));
    const input = { dtype: 'float32', shape: [1, 1, 28, 28], data };
    report.badShape = await message(npu.run({ actual_input: { ...input, shape: [1, 1, 28, 27] } }));
    report.badName = await message(npu.run({ wrong: input }));
    const one = await npu.run({ actual_input: input });
    const two = await npu.run({ actual_input: input });
    report.output = { shape: one.output.shape, dtype: one.output.dtype, length: one.output.data.length };
    report.same = one.output.data.every((v, i) => v === two.output.data[i]);
    const other = await npu.run({ actual_input: { ...input, data: data.map((v) => -v) } });
    report.differs = other.output.data.some((v, i) => v !== one.output.data[i]);
    report.profile = await npu.profile();
    report.told = told.length;
    // A file of 45 MB, 23 MB of weights on the device, again and again: four leaked models would be 90 MB.
    const large = await (await fetch('large.onnx')).arrayBuffer();
    const sizes = [];
    for (let i = 0; i < 5; ++i) {
      await npu.open(large, 'large.onnx');
      await npu.compile({});
      await npu.run({});
      await npu.close();
      sizes.push(npu.memoryBytes());
    }
    report.sizes = sizes;
    report.closed = await message(npu.run({}));
    report.nothing = Object.keys(npu.outputs()).length;
    npu.dispose();
    report.disposed = await message((async () => npu.run({}))());
    return report;
  });
  check(made.broken.includes('three.onnx'), `open() rejects what is no model (${made.broken})`);
  check(made.model.nodes > 5 && made.model.parameters > 1000, 'open() tells about the model');
  check(made.badChip.includes('Ascend999'), `compile() rejects an unknown chip (${made.badChip})`);
  check(made.compiled.chip === 'Ascend310P3' && made.compiled.passes.length > 8 && made.compiled.tasks > 0, 'compile() reports its passes');
  check(made.badShape.includes('actual_input'), `run() rejects a wrong shape (${made.badShape})`);
  check(made.badName.includes('wrong'), `and a wrong name (${made.badName})`);
  check(JSON.stringify(made.output) === '{"shape":[1,10],"dtype":"float32","length":10}', `run() gives typed arrays (${JSON.stringify(made.output)})`);
  check(made.same, 'the same input gives the same bits');
  check(made.differs, 'another input gives other values');
  check(made.profile.deviceUs > 0 && made.profile.tasks.length === made.compiled.tasks, 'profile() has one entry a task');
  check(made.told > 0, 'progress is told');
  check(made.sizes[0] > 64 * 2 ** 20 && made.sizes[4] < made.sizes[0] + 32 * 2 ** 20, `close() gives the model's memory back (${made.sizes})`);
  check(made.closed.includes('no model'), `run() without a model says so (${made.closed})`);
  check(made.nothing === 0, 'a closed model has no outputs');
  check(made.disposed !== 'no error', `nothing works after dispose() (${made.disposed})`);
});
