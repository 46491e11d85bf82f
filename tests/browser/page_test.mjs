// SPDX-License-Identifier: Apache-2.0
// The page's promises: an answer with no click, files, languages, links, errors, and silence when nothing changes.
import { pageTest } from './harness.mjs';
import { drop, framesDuring, latency, results, sample, settled, status, waitState } from './page.mjs';

const labels = (name) => JSON.parse(sample(`${name}/labels.json`));
const info = (name) => JSON.parse(sample(`${name}/sample.json`));

await pageTest(async ({ page, url, check }) => {
  const started = Date.now();
  page.setDefaultTimeout(120000);
  await page.goto(url);
  check((await page.textContent('h1')) === 'NPU Sandbox', 'static HTML shows at once');
  await waitState(page, 'ready');
  console.log(`ready after ${Date.now() - started} ms`);

  // The default sample's first picture.
  const expected = labels('defects').en[info('defects').images[0].label];
  let list = await results(page);
  check(list.length === 5, `five classes are listed (${list.length})`);
  check(list[0].startsWith(`${expected}:`), `the first picture is '${expected}' (${list[0]})`);
  const us = await latency(page);
  check(us > 0 && us < 1e6, `predicted latency ${us} us`);
  check((await page.locator('#npu-passes li').count()) > 8, 'passes are listed');
  check((await page.locator('#canvas').boundingBox()).width === 1280, 'the canvas fills the window');

  await page.waitForTimeout(1500);
  check((await framesDuring(page, 3000)) === 0, 'no frames are drawn while nothing changes');
  await page.mouse.move(300, 300);
  check((await framesDuring(page, 500)) > 0, 'moving the pointer draws');
  await page.waitForTimeout(1500);
  check((await framesDuring(page, 1500)) === 0, 'and it stops again');

  // Links: state goes into the address and comes from it.
  await settled(page, () => page.evaluate(() => { location.hash = '#sample=digits&image=7&tab=run'; }));
  list = await results(page);
  check(list[0].startsWith('7:'), `digit 7 is read (${list[0]})`);
  const slow = await latency(page);
  await settled(page, () => page.evaluate(() => { location.hash = '#sample=digits&image=7&chip=Ascend910B3'; }));
  check((await latency(page)) !== slow, 'another chip predicts another time');
  await settled(page, () => page.evaluate(() => { location.hash = '#sample=digits&image=7&lang=zh&off=fold-batch-norm'; }));
  check((await page.getAttribute('html', 'lang')) === 'zh-CN', 'the language is Chinese');
  check((await results(page))[0].startsWith(`${labels('digits').zh[7]}:`), 'class names are Chinese');
  check((await status(page)) === '就绪', 'so is the status');
});

await pageTest(async ({ page, url, check }) => {
  page.setDefaultTimeout(120000);
  await page.goto(url + '#sample=digits&image=4');
  await waitState(page, 'ready');
  check((await results(page))[0].startsWith('4:'), 'a link opens its sample and picture');

  await settled(page, () => drop(page, [{ name: 'broken.onnx', bytes: Buffer.from('this is not a model') }]));
  check((await page.getAttribute('html', 'data-state')) === 'error', 'a broken file is an error');
  check((await status(page)).includes('broken.onnx'), `that names it (${await status(page)})`);
  check((await results(page))[0].startsWith('4:'), 'the answer before it is still there');

  await settled(page, () => drop(page, [{ name: 'truncated.png', bytes: sample('digits/images/5_1.png').subarray(0, 100) }]));
  check((await status(page)).includes('truncated.png'), `so is a broken picture (${await status(page)})`);

  const picture = info('digits').images.find((i) => i.label === 5).file;
  await settled(page, () => drop(page, [{ name: 'mine.png', bytes: sample(`digits/${picture}`) }]));
  check((await page.getAttribute('html', 'data-state')) === 'ready', 'the page goes on');
  check((await results(page))[0].startsWith('5:'), `a dropped picture is read (${(await results(page))[0]})`);

  await settled(page, () => drop(page, [{ name: 'own.onnx', bytes: sample('defects/defects.onnx') }]));
  check((await page.getAttribute('html', 'data-state')) === 'ready', 'a dropped model runs');
  check((await page.textContent('#npu-model')).startsWith('own.onnx:'), 'and is named');
  check(!(await page.evaluate(() => location.hash)).includes('sample=digits'), 'the address no longer names the sample');

  await page.setInputFiles('#file', { name: 'chosen.onnx', mimeType: '', buffer: sample('digits/digits.onnx') });
  await page.waitForFunction(() => document.getElementById('npu-model').textContent.startsWith('chosen.onnx:'));
  await waitState(page, 'ready');
  check(true, 'a model chosen in the file dialogue runs');
});

// A browser that prefers Chinese.
await pageTest(async ({ page, url, check }) => {
  const fetched = [];
  page.on('request', (request) => fetched.push(request.url()));
  page.setDefaultTimeout(120000);
  await page.goto(url);
  await waitState(page, 'ready');
  check((await page.getAttribute('html', 'lang')) === 'zh-CN', 'the language follows the browser');
  check(fetched.some((u) => u.endsWith('cjk.ttf')), 'the Chinese font is loaded');
}, { context: { locale: 'zh-CN' } });

await pageTest(async ({ page, url, check }) => {
  const fetched = [];
  page.on('request', (request) => fetched.push(request.url()));
  page.setDefaultTimeout(120000);
  await page.goto(url);
  await waitState(page, 'ready');
  check(!fetched.some((u) => u.endsWith('cjk.ttf')), 'in English the Chinese font is not loaded');
  const lost = await page.evaluate(async () => {
    const gl = document.getElementById('canvas').getContext('webgl2');
    const loss = gl.getExtension('WEBGL_lose_context');
    loss.loseContext();
    await new Promise((done) => setTimeout(done, 300));
    loss.restoreContext();
    await new Promise((done) => setTimeout(done, 300));
    return gl.isContextLost();
  });
  await page.mouse.move(200, 200);
  check(!lost && (await framesDuring(page, 500)) > 0, 'a lost graphics context comes back');
});
