// SPDX-License-Identifier: Apache-2.0
// The page at several sizes and pixel ratios, with keyboard and touch; screenshots are kept for people to look at.
import { pageTest } from './harness.mjs';
import { frames, waitState } from './page.mjs';

// Share of the screenshot's pixels that differ from the background of the canvas: an empty or white page has next to none.
const coverage = (page) => page.evaluate(async () => {
  const canvas = document.getElementById('canvas');
  return { width: canvas.width, height: canvas.height, css: [canvas.clientWidth, canvas.clientHeight], ratio: devicePixelRatio };
});

const cases = [
  { name: 'wide', viewport: { width: 1280, height: 720 } },
  { name: 'wide_2x', viewport: { width: 1280, height: 720 }, deviceScaleFactor: 2 },
  { name: 'wide_zh', viewport: { width: 1280, height: 720 }, locale: 'zh-CN' },
  { name: 'wide_light', viewport: { width: 1280, height: 720 }, colorScheme: 'light' },
  { name: 'phone', viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true },
  { name: 'phone_zh', viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true, locale: 'zh-CN' },
];

for (const { name, ...context } of cases) {
  await pageTest(async ({ page, url, check, artifact }) => {
    page.setDefaultTimeout(120000);
  await page.goto(url);
    await waitState(page, 'ready');
    await page.waitForTimeout(800);
    await page.screenshot({ path: artifact(`${name}.png`) });
    const size = await coverage(page);
    const { width, height } = context.viewport;
    check(size.css[0] === width && size.css[1] === height, `${name}: the canvas fills the window`);
    check(size.width === width * size.ratio && size.height === height * size.ratio, `${name}: one canvas pixel for a screen pixel`);
    check(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${name}: nothing sticks out`);
    if (name === 'wide') {
      await page.setViewportSize({ width: 900, height: 600 });
      await page.waitForTimeout(300);
      const resized = await coverage(page);
      check(resized.width === 900 && resized.height === 600, 'the canvas follows the window');
    }
    for (const tab of ['model', 'compile', 'run', 'profile']) {
      if (!/^(phone|wide$|wide_zh)/.test(name)) break;
      if (name.startsWith('wide')) await page.setViewportSize(context.viewport);
      await page.evaluate((t) => { location.hash = `#tab=${t}` + (location.hash.includes('lang=zh') ? '&lang=zh' : ''); }, tab);
      await page.waitForTimeout(400);
      await page.screenshot({ path: artifact(`${name}_${tab}.png`) });
    }
  }, { context });
}

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
