// SPDX-License-Identifier: Apache-2.0
// What several page tests do with an open page.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { sourceDir } from './harness.mjs';

const stateIs = (states) => states.includes(document.documentElement.dataset.state);

export const waitState = (page, ...states) => page.waitForFunction(stateIs, states, { timeout: 120000 });
export const status = (page) => page.textContent('#npu-status');
export const results = (page) => page.locator('#npu-result li').allTextContents();
export const latency = async (page) => Number(await page.getAttribute('#npu-profile', 'data-us'));
export const frames = (page) => page.evaluate(() => globalThis.npu.frames());
export const sample = (file) => readFileSync(join(sourceDir, 'samples', file));

// Named widgets: where they are and what they hold.
export const marked = (page, name) => page.evaluate((n) => globalThis.npu.marks()[n], name);
// With the mouse, or where touch is true with a finger.
export async function press(page, name, touch) {
  await page.waitForFunction((n) => globalThis.npu.marks()[n], name);
  const { x, y, width, height } = await marked(page, name);
  if (touch) await page.touchscreen.tap(x + width / 2, y + height / 2);
  else await page.mouse.click(x + width / 2, y + height / 2);
}
export const click = (page, name) => press(page, name, false);
export const holds = (page, name, value) =>
  page.waitForFunction(([n, v]) => globalThis.npu.marks()[n]?.value === v, [name, value], { timeout: 10000 });

// Frames drawn during `ms` milliseconds.
export async function framesDuring(page, ms) {
  const before = await frames(page);
  await page.waitForTimeout(ms);
  return (await frames(page)) - before;
}

// As dropping files on the page does it; files: [{name, bytes}].
export async function drop(page, files) {
  const list = files.map(({ name, bytes }) => ({ name, base64: bytes.toString('base64') }));
  await page.evaluate((items) => {
    const transfer = new DataTransfer();
    for (const { name, base64 } of items)
      transfer.items.add(new File([Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))], name));
    globalThis.dispatchEvent(new DragEvent('drop', { dataTransfer: transfer, bubbles: true, cancelable: true }));
  }, list);
}

// Waits until the page has left the state it is in and settled again.
export async function settled(page, action) {
  const before = await page.evaluate(() => globalThis.npu.mirror().revision);
  await action();
  await page.waitForFunction((old) => {
    const now = globalThis.npu.mirror();
    return now.revision > old && (now.state === 'ready' || now.state === 'error');
  }, before, { timeout: 120000 });
  await page.waitForTimeout(50);  // the mirror in the document follows with the next message
}
