// SPDX-License-Identifier: Apache-2.0
// What outlives a visit and what can be undone: the way back, the next visit, a link to one's own file, no network.
import { readFileSync } from 'node:fs';

import { pageTest } from './harness.mjs';
import { click, drop, holds, results, sample, settled, status, waitState } from './page.mjs';

const hash = (page) => page.evaluate(() => location.hash);
const model = (page) => page.textContent('#npu-model');

await pageTest(async ({ page, url, context, check }) => {
  await page.goto(url);
  await waitState(page, 'ready');
  check((await hash(page)) === '#tab=home', 'a first visit begins at home');
  await click(page, 'room-run');
  await page.waitForFunction(() => location.hash === '#tab=run');

  await settled(page, () => drop(page, [{ name: 'own.onnx', bytes: sample('digits/digits.onnx') }]));
  await page.waitForFunction(() => /model=[0-9a-f]{16}/.test(location.hash));
  const own = await hash(page);
  const answer = (await results(page))[0];
  await page.goto(url);
  await page.waitForFunction(() => document.getElementById('npu-model').textContent.startsWith('own.onnx:'));
  await waitState(page, 'ready');
  check((await hash(page)) === own && (await results(page))[0] === answer, 'the next visit continues with the same file and answer');

  await page.focus('#canvas');
  await page.evaluate(() => { location.hash = '#sample=defects&tab=run'; });
  await page.waitForFunction(() => document.getElementById('npu-model').textContent.startsWith('defects'));
  await waitState(page, 'ready');
  await page.keyboard.press('Control+z');
  await page.waitForFunction(() => document.getElementById('npu-model').textContent.startsWith('own.onnx:'));
  check((await hash(page)) === own, 'undo goes back to it');
  await waitState(page, 'ready');
  await page.keyboard.press('Control+y');
  await page.waitForFunction(() => document.getElementById('npu-model').textContent.startsWith('defects'));
  check(true, 'and redo forward');

  const [download] = await Promise.all([page.waitForEvent('download'), click(page, 'export')]);
  const archive = readFileSync(await download.path());
  const elsewhere = await (await context.browser().newContext()).newPage();
  await elsewhere.goto(url);
  await waitState(elsewhere, 'ready');
  await settled(elsewhere, () => drop(elsewhere, [{ name: 'broken.zip', bytes: archive.subarray(0, archive.length - 30) }]));
  check((await status(elsewhere)).includes('broken.zip'), 'a broken session is an error');
  await Promise.all([elsewhere.waitForEvent('load'), drop(elsewhere, [{ name: 'session.zip', bytes: archive }])]);
  await waitState(elsewhere, 'ready');
  check((await hash(elsewhere)) === '#tab=run', 'a session brings back what was shown');
  await elsewhere.evaluate((link) => { location.hash = link; }, own);
  await elsewhere.waitForFunction(() => document.getElementById('npu-model').textContent.startsWith('own.onnx:'));
  check(true, 'a session saved here continues elsewhere');

  const stranger = await (await context.browser().newContext()).newPage();
  await stranger.goto(url + own);
  await waitState(stranger, 'error');
  check((await status(stranger)).includes(/model=([0-9a-f]{16})/.exec(own)[1]), 'a link to a file that is not here names it');
  await settled(stranger, () => drop(stranger, [{ name: 'same.onnx', bytes: sample('digits/digits.onnx') }]));
  check((await model(stranger)).startsWith('same.onnx:') && (await hash(stranger)) === own, 'given the file, it continues');
});

await pageTest(async ({ page, url, context, check }) => {
  await page.goto(`${url}#tab=run`);
  await waitState(page, 'ready');
  await page.waitForFunction(() => document.documentElement.dataset.offline !== undefined);
  await context.setOffline(true);
  await page.reload();
  await waitState(page, 'ready');
  check((await results(page)).length > 0, 'the page works without a network after the first visit');
}, { allowErrors: /ERR_INTERNET_DISCONNECTED|Failed to load resource/ });

// --- the terminal ---
const shows = (page, text) => page.waitForFunction((t) => globalThis.npu.marks()['terminal-screen']?.value.includes(t), text, { timeout: 30000 });
async function type(page, command) {
  await click(page, 'terminal-input');
  await page.waitForFunction(() => document.activeElement.id === 'text-input');
  await page.keyboard.type(command);
  await holds(page, 'terminal-input', command);
  await page.keyboard.press('Enter');
}
const kept = (page, path) => page.waitForFunction(async (wanted) => {
  const { allTerminal } = await import('./store.js');
  return (await allTerminal()).some((item) => item.path === wanted);
}, path, { timeout: 30000 });

await pageTest(async ({ page, url, context, check }) => {
  await page.goto(`${url}#tab=run&terminal=1`);
  await waitState(page, 'ready');
  await type(page, 'echo outlives > note.txt; mkdir work; echo don\\e');
  await shows(page, '\ndone\n');
  await kept(page, '/home/npu/note.txt');
  await kept(page, '/home/npu/work');
  await page.reload();
  await waitState(page, 'ready');
  await type(page, 'cat note.txt; cd work; pwd');
  await shows(page, 'outlives\n/home/npu/work\n');
  check(true, 'files and folders of the terminal outlive the visit');
  await click(page, 'terminal-input');
  await page.keyboard.press('ArrowUp');
  await holds(page, 'terminal-input', 'cat note.txt; cd work; pwd');
  await page.keyboard.press('ArrowUp');
  await holds(page, 'terminal-input', 'echo outlives > note.txt; mkdir work; echo don\\e');
  check(true, 'and so does what was typed');

  const [download] = await Promise.all([page.waitForEvent('download'), click(page, 'export')]);
  const elsewhere = await (await context.browser().newContext()).newPage();
  await elsewhere.goto(url);
  await waitState(elsewhere, 'ready');
  await Promise.all([elsewhere.waitForEvent('load'), drop(elsewhere, [{ name: 'session.zip', bytes: readFileSync(await download.path()) }])]);
  await waitState(elsewhere, 'ready');
  await type(elsewhere, 'cat note.txt');
  await shows(elsewhere, '\noutlives\n');
  check(true, 'a saved session holds the terminal');
});
