// SPDX-License-Identifier: Apache-2.0
// Every room at several sizes and pixel ratios, in both languages and themes, with pointer, touch and keyboard; the
// screenshots are kept for people to look at, and compared with golden ones.
import { writeFileSync } from 'node:fs';

import { goldenDifference } from './golden.mjs';
import { pageTest } from './harness.mjs';
import { frames, marked, press, waitState } from './page.mjs';

const canvasSize = (page) => page.evaluate(() => {
  const canvas = document.getElementById('canvas');
  return { width: canvas.width, height: canvas.height, css: [canvas.clientWidth, canvas.clientHeight], ratio: devicePixelRatio };
});

const phone = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true };
const cases = [
  { name: 'wide', viewport: { width: 1280, height: 720 }, colorScheme: 'dark' },
  { name: 'wide_zh', viewport: { width: 1280, height: 720 }, locale: 'zh-CN' },
  { name: 'large', viewport: { width: 1920, height: 1080 }, deviceScaleFactor: 2 },
  { name: 'phone', ...phone },
  { name: 'phone_zh', ...phone, locale: 'zh-CN', colorScheme: 'dark' },
];

// Share of the pixels; the bars of the compile room show measured time.
const toleranceOf = (room) => (room === 'compile' ? 0.04 : 0.01);

for (const { name, ...context } of cases) {
  await pageTest(async ({ page, url, check, artifact }) => {
    page.setDefaultTimeout(120000);
    await page.goto(`${url}#sample=digits&image=7&threads=2&tab=home`);
    await waitState(page, 'ready');
    const size = await canvasSize(page);
    const { width, height } = context.viewport;
    check(size.css[0] === width && size.css[1] === height, `${name}: the canvas fills the window`);
    check(size.width === width * size.ratio && size.height === height * size.ratio, `${name}: one canvas pixel for a screen pixel`);
    check(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${name}: nothing sticks out`);
    const shots = {};
    for (const room of ['home', 'model', 'compile', 'run', 'chip', 'profile', 'learn']) {
      await press(page, `room-${room}`, context.hasTouch);
      await page.waitForFunction((tab) => location.hash.includes(`tab=${tab}`), room);
      if (!context.hasTouch) await page.mouse.move(width / 2, height - 2);
      await page.waitForTimeout(800);
      shots[room] = await page.screenshot();
      writeFileSync(artifact(`${name}_${room}.png`), shots[room]);
      const difference = await goldenDifference(page, shots[room], `${name}_${room}`, size.ratio);
      check(difference <= toleranceOf(room), `${name}: ${room} looks as it should (${(100 * difference).toFixed(2)} % of it differs)`);
    }
    if (!process.env.NPU_REBASE)
      check(await goldenDifference(page, shots.home, `${name}_run`, size.ratio) > toleranceOf('run'), `${name}: another room does not pass for it`);
    if (name === 'wide') {
      await page.setViewportSize({ width: 900, height: 600 });
      await page.waitForTimeout(300);
      const resized = await canvasSize(page);
      check(resized.width === 900 && resized.height === 600, 'the canvas follows the window');
    }
  }, { context });
}

// Two fingers on the graph.
await pageTest(async ({ page, url, context, check }) => {
  await page.goto(`${url}#sample=digits&tab=model`);
  await waitState(page, 'ready');
  const zoom = async () => Number((await marked(page, 'graph-canvas')).value);
  const { x, y, width, height } = await marked(page, 'graph-canvas');
  await page.waitForTimeout(500);
  const before = await zoom();
  const cdp = await context.newCDPSession(page);
  const touch = (type, gap) => cdp.send('Input.dispatchTouchEvent', { type, touchPoints: gap === null ? [] :
    [-1, 1].map((side) => ({ x: x + width / 2 + side * gap / 2, y: y + height / 2, id: side + 1 })) });
  await touch('touchStart', 60);
  for (const gap of [80, 100, 120]) await touch('touchMove', gap);
  await touch('touchEnd', null);
  await page.waitForTimeout(500);
  const ratio = await zoom() / before;
  check(ratio > 1.8 && ratio < 2.2, `fingers twice as far apart show it twice as large (${ratio.toFixed(3)})`);
}, { context: phone });

// Keyboard: the canvas takes part in tabbing, and keys move the selection.
await pageTest(async ({ page, url, check }) => {
  page.setDefaultTimeout(120000);
  await page.goto(url);
  await waitState(page, 'ready');
  await page.focus('#canvas');
  const before = await frames(page);
  for (const key of ['ArrowDown', 'ArrowRight', 'ArrowRight', 'Space', 'Escape']) await page.keyboard.press(key);
  await page.waitForFunction((n) => globalThis.npu.frames() > n, before);
  check(true, 'keys reach the canvas');
  await page.focus('#npu-open');
  check((await page.evaluate(() => document.activeElement.id)) === 'npu-open', 'the open button can be reached');
  const chooser = page.waitForEvent('filechooser');
  await page.waitForTimeout(500);  // until the browser has been told to report dialogues
  await page.keyboard.press('Enter');
  check((await chooser) !== null, 'and opens the file dialogue');
});
