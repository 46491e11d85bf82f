// SPDX-License-Identifier: Apache-2.0
// How many instructions a second the page times in Chromium: what it does for its Profile tab, timeline included.
//
//   node tests/bench/timing_web.mjs [--model resnet50] [--chips Ascend310,Ascend910B3] [--rounds 5] [--release DIR] [--site DIR]
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { pageTest, siteDir, sourceDir } from '../browser/harness.mjs';

const { values: options } = parseArgs({ options: {
  model: { type: 'string', default: 'resnet50' }, chips: { type: 'string', default: 'Ascend310,Ascend910B3' }, rounds: { type: 'string', default: '5' },
  release: { type: 'string', default: join(sourceDir, 'build/release') }, site: { type: 'string', default: siteDir },
} });
const scratch = mkdtempSync(join(tmpdir(), 'npu-timing-'));
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }));
cpSync(options.site, scratch, { recursive: true });
execFileSync(join(options.release, 'bin', 'npu-zoo'), [options.model, join(scratch, 'model.onnx')]);

// In the page: the best round of each chip. A program is timed once after it was compiled, so the chips take turns.
async function measure({ chips, rounds }) {
  const { createNpu } = await import('./npu.js');
  const npu = await createNpu({ threads: 1 });
  await npu.open(await (await fetch('./model.onnx')).arrayBuffer(), 'model.onnx');
  const best = chips.map((chip) => ({ chip, ms: Infinity, instructions: 0 }));
  for (let round = 0; round < rounds; ++round)
    for (const row of best) {
      await npu.compile({ chip: row.chip });
      const start = performance.now();
      ({ instructions: row.instructions } = await npu.profile());
      row.ms = Math.min(row.ms, performance.now() - start);
    }
  npu.dispose();
  return best;
}

await pageTest(async ({ page, url }) => {
  await page.goto(`${url}example.html`);
  const rows = await page.evaluate(measure, { chips: options.chips.split(','), rounds: Number(options.rounds) });
  for (const { chip, ms, instructions } of rows)
    console.log(`${options.model} on ${chip}: ${instructions} instructions timed in ${ms.toFixed(1)} ms, ${(instructions / ms / 1e3).toFixed(2)} M a second`);
}, { site: scratch });
