// SPDX-License-Identifier: Apache-2.0
// A visit in Firefox, as a person makes it. Runs under an X server: Firefox's own headless mode has no WebGL 2.
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { serve } from '../../web/serve.mjs';
import { requirePackage, siteDir, sourceDir } from './harness.mjs';

const executablePath = process.env.NPU_FIREFOX || '/usr/bin/firefox-esr';
if (!existsSync(executablePath)) throw new Error(`no browser at ${executablePath}`);
if (!existsSync(join(siteDir, 'index.html'))) throw new Error(`${siteDir} is not built`);
if (!process.env.DISPLAY) throw new Error('no display: xvfb-run node firefox_test.mjs');

const problems = [];
const check = (condition, what) => {
  console.log(`${condition ? 'ok    ' : 'FAILED'} ${what}`);
  if (!condition) problems.push(what);
};
const artifacts = process.env.NPU_ARTIFACTS || join(sourceDir, 'build/artifacts');
mkdirSync(artifacts, { recursive: true });
const sample = (file) => readFileSync(join(sourceDir, 'samples', file));

const server = await serve(siteDir);
const browser = await requirePackage('puppeteer-core').launch({
  browser: 'firefox', executablePath, headless: false, extraPrefsFirefox: { 'webgl.force-enabled': true, 'intl.accept_languages': 'en' } });
try {
  const page = await browser.newPage();
  page.on('pageerror', (error) => problems.push(`page error: ${error.message}`));
  page.on('console', (message) => { if (message.type() === 'error') problems.push(`console error: ${message.text()}`); });
  await page.bringToFront();
  await page.setViewport({ width: 1280, height: 720 });
  const until = (condition, ...given) => page.waitForFunction(condition, { timeout: 60000, polling: 50 }, ...given);
  const ready = () => until(() => document.documentElement.dataset.state === 'ready');
  const answer = () => page.evaluate(() => document.querySelector('#npu-result li')?.textContent ?? '');
  const mark = async (name) => (await until((n) => globalThis.npu?.marks()[n], name)).jsonValue();
  const click = async (name) => {
    const { x, y, width, height } = await mark(name);
    await page.mouse.click(x + width / 2, y + height / 2);
  };

  await page.goto(`${server.url}#sample=digits&image=7&tab=home&threads=2`);
  await ready();
  check(await page.evaluate(() => crossOriginIsolated && document.getElementById('canvas').width === 1280), 'the page is isolated and fills the window');
  check((await answer()).startsWith('7:'), `digit 7 is read (${await answer()})`);

  await click('room-model');
  await until(() => location.hash.includes('tab=model'));
  await click('graph-search');
  await until(() => document.activeElement.id === 'text-input');
  await page.keyboard.type('Conv');
  await until(() => globalThis.npu.marks()['graph-search']?.value === 'Conv');
  check(true, 'rooms open by a click, text is typed');
  await page.screenshot({ path: join(artifacts, 'firefox_model.png') });

  const bytes = sample('defects/defects.onnx').toString('base64');
  await page.evaluate((base64) => {
    const transfer = new DataTransfer();
    transfer.items.add(new File([Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))], 'own.onnx'));
    globalThis.dispatchEvent(new DragEvent('drop', { dataTransfer: transfer, bubbles: true, cancelable: true }));
  }, bytes);
  await until(() => document.getElementById('npu-model').textContent.startsWith('own.onnx:'));
  await ready();
  check(true, 'a dropped model runs');

  await page.evaluate(() => { location.hash = '#sample=digits&image=4&lang=zh&tab=run'; });
  await until((four) => document.querySelector('#npu-result li')?.textContent.startsWith(four), JSON.parse(sample('digits/labels.json')).zh[4]);
  check(await page.evaluate(() => document.documentElement.lang === 'zh-CN' && document.getElementById('npu-status').textContent === '就绪'), 'the page speaks Chinese');
  await page.screenshot({ path: join(artifacts, 'firefox_run_zh.png') });

  await new Promise((done) => setTimeout(done, 1500));
  const frames = () => page.evaluate(() => globalThis.npu.frames());
  const before = await frames();
  await new Promise((done) => setTimeout(done, 1500));
  check((await frames()) === before, 'no frames are drawn while nothing changes');

  await page.evaluate(() => { location.hash = '#sample=digits&image=7&tab=run&threads=1'; });
  await until(() => document.querySelector('#npu-result li')?.textContent.startsWith('7:'));
  await page.reload();
  await ready();
  check((await answer()).startsWith('7:'), 'the next visit continues');
} catch (error) {
  problems.push(error.stack ?? String(error));
} finally {
  await browser.close();
  await server.close();
}
if (problems.length) {
  console.log(`\n${problems.length} problem(s):\n${problems.join('\n')}`);
  process.exitCode = 1;
}
