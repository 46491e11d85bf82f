// SPDX-License-Identifier: Apache-2.0
// Typing into the program's text fields as people do: keys, an input method, the clipboard, a phone's keyboard.
import { pageTest } from './harness.mjs';
import { click, holds, marked, waitState } from './page.mjs';

const active = (page) => page.evaluate(() => document.activeElement.id);

await pageTest(async ({ page, url, context, check }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.goto(`${url}#tab=model`);
  await waitState(page, 'ready');
  await click(page, 'graph-search');
  await page.waitForFunction(() => document.activeElement.id === 'text-input');
  await page.keyboard.type('Conv2');
  await holds(page, 'graph-search', 'Conv2');
  await page.keyboard.press('Backspace');
  await page.keyboard.press('Home');
  await page.keyboard.type('x');
  await holds(page, 'graph-search', 'xConv');
  check(true, 'keys write and edit');

  // What comes between two frames of a slow machine, all in one task of the page.
  await page.evaluate(() => {
    const field = document.getElementById('text-input');
    for (const name of ['keydown', 'keyup'])
      field.dispatchEvent(new KeyboardEvent(name, { key: 'End', code: 'End', keyCode: 35, which: 35, bubbles: true, cancelable: true }));
    field.value = '!';
    field.dispatchEvent(new InputEvent('input', { inputType: 'insertText', data: '!', bubbles: true }));
    for (const name of ['keydown', 'keyup'])
      field.dispatchEvent(new KeyboardEvent(name, { key: 'Backspace', code: 'Backspace', keyCode: 8, which: 8, bubbles: true, cancelable: true }));
    field.value = '?';
    field.dispatchEvent(new InputEvent('input', { inputType: 'insertText', data: '?', bubbles: true }));
  });
  await holds(page, 'graph-search', 'xConv?');
  check(true, 'keys and text keep their order when no frame is drawn between them');
  await page.keyboard.press('Backspace');
  await holds(page, 'graph-search', 'xConv');

  await click(page, 'graph-search');
  await page.waitForTimeout(300);
  await page.keyboard.press('End');
  await page.keyboard.type('2');
  await holds(page, 'graph-search', 'xConv2');
  await page.keyboard.press('Backspace');
  await holds(page, 'graph-search', 'xConv');
  check(true, 'and another click into the field changes nothing');

  await page.keyboard.press('Control+a');
  await page.keyboard.press('Control+c');
  await page.waitForFunction(async () => await navigator.clipboard.readText() === 'xConv');
  check(true, 'Ctrl+C copies to the clipboard');
  await page.keyboard.press('Delete');
  await holds(page, 'graph-search', '');
  await page.evaluate(() => navigator.clipboard.writeText('卷积 Relu'));
  await page.keyboard.press('Control+v');
  await holds(page, 'graph-search', '卷积 Relu');
  check(true, 'Ctrl+V pastes once');

  await page.keyboard.press('Control+a');
  const cdp = await context.newCDPSession(page);
  await cdp.send('Input.imeSetComposition', { text: 'juanji', selectionStart: 6, selectionEnd: 6 });
  check((await marked(page, 'graph-search')).value === '卷积 Relu', 'what an input method composes is not taken yet');
  await cdp.send('Input.insertText', { text: '卷积' });
  await holds(page, 'graph-search', '卷积');
  check(true, 'what it composed is');

  await page.keyboard.press('Escape');
  await page.keyboard.press('Escape');
  await click(page, 'room-run');
  await page.waitForFunction(() => location.hash.includes('tab=run'));
  await page.waitForFunction(() => document.activeElement.id === 'canvas');
  check(true, 'the canvas has the keys again');
});

await pageTest(async ({ page, url, check }) => {
  await page.goto(`${url}#tab=model`);
  await waitState(page, 'ready');
  const { x, y, width, height } = await marked(page, 'graph-search');
  await page.touchscreen.tap(x + width / 2, y + height / 2);
  await page.waitForFunction(() => document.activeElement.id === 'text-input');
  check((await active(page)) === 'text-input', 'a touch on a field has the keyboard come up');
  await page.keyboard.insertText('Relu');
  await holds(page, 'graph-search', 'Relu');
  check(true, 'and what it types arrives');
}, { context: { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 } });
