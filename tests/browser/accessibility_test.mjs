// SPDX-License-Identifier: Apache-2.0
// What screen readers and keyboards find: axe-core's rules on the document, in both languages and every room.
import { readFileSync } from 'node:fs';

import { pageTest, requirePackage } from './harness.mjs';
import { drop, settled, waitState } from './page.mjs';

const axe = readFileSync(requirePackage.resolve('axe-core/axe.min.js'), 'utf8');
const violations = (page) => page.evaluate(async () => (await globalThis.axe.run(document)).violations
  .map(({ id, help, nodes }) => `${id}: ${help} (${nodes.map((node) => node.html).join(' ')})`));

for (const locale of ['en-US', 'zh-CN'])
  await pageTest(async ({ page, url, check }) => {
    await page.goto(`${url}#tab=home`);
    await waitState(page, 'ready');
    await page.evaluate(axe);
    for (const room of ['home', 'model', 'compile', 'run', 'chip', 'profile', 'learn']) {
      await page.evaluate((tab) => { location.hash = `#tab=${tab}`; }, room);
      await page.waitForTimeout(300);
      const found = await violations(page);
      check(found.length === 0, `${locale}: nothing is wrong in ${room} ${found.join('\n')}`);
    }
    await settled(page, () => drop(page, [{ name: 'broken.onnx', bytes: Buffer.from('this is not a model') }]));
    const found = await violations(page);
    check(found.length === 0, `${locale}: nor when there is an error ${found.join('\n')}`);
  }, { context: { locale } });

// The rules see what is wrong: an image and a button without names.
await pageTest(async ({ page, url, check }) => {
  await page.goto(url);
  await waitState(page, 'ready');
  await page.evaluate(axe);
  await page.evaluate(() => document.getElementById('mirror').insertAdjacentHTML('beforeend', '<img src="icon.svg"><button></button>'));
  const found = await violations(page);
  check(found.some((text) => text.startsWith('image-alt')) && found.some((text) => text.startsWith('button-name')), 'a nameless picture and button are found');
});
