// SPDX-License-Identifier: Apache-2.0
// Looking into a run: the chip instruction by instruction, what a pass changed, where a number comes from, a report to
// keep; with the mouse in English, with a finger in Chinese.
import { readFileSync } from 'node:fs';

import { pageTest } from './harness.mjs';
import { holds, marked, press, waitState } from './page.mjs';

const value = async (page, name) => (await marked(page, name))?.value;
const until = (page, name, test) => page.waitForFunction(([n, t]) => new RegExp(t).test(globalThis.npu.marks()[n]?.value ?? ''), [name, test.source], { timeout: 60000 });
const go = async (page, link) => {
  await page.evaluate((hash) => { location.hash = hash; }, link);
  await waitState(page, 'ready');
};

const phone = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true, locale: 'zh-CN' };
for (const { touch, ...context } of [{ touch: false, viewport: { width: 1280, height: 720 } }, { touch: true, ...phone }])
  await pageTest(async ({ page, url, check, artifact }) => {
    const link = '#sample=digits&image=7&threads=2';
    await page.goto(`${url}${link}&tab=chip&at=2:0:5`);
    await waitState(page, 'ready');
    await holds(page, 'chip-position', 'task 2 block 0 instruction 5');
    await press(page, 'chip-step', touch);
    await holds(page, 'chip-position', 'task 2 block 0 instruction 6');
    await press(page, 'chip-back', touch);
    await holds(page, 'chip-position', 'task 2 block 0 instruction 5');
    await press(page, 'chip-goal-next', touch);
    await until(page, 'chip-position', /^task \d+ block \d+ instruction (?!5$)\d+$/);
    const place = await value(page, 'chip-position');
    await page.waitForFunction((now) => globalThis.npu.mirror().chip_view.place === now, place);
    const told = await page.textContent('#npu-chip');
    check(told.includes(place.match(/\d+$/)[0]), `the chip steps, goes back and runs on to ${place}, which the document tells (${told})`);
    await page.screenshot({ path: artifact(`explore_chip_${touch ? 'phone' : 'wide'}.png`) });

    await go(page, `${link}&tab=profile&view=provenance`);
    await press(page, 'provenance-element-0', touch);
    await until(page, 'provenance-steps', /^[1-9]/);
    check(true, `a number comes from ${await value(page, 'provenance-steps')} instructions`);
    await go(page, `${link}&tab=profile&view=roofline`);
    await until(page, 'profile-roofline', /^[1-9]/);
    await go(page, `${link}&tab=profile&view=usage`);
    await until(page, 'profile-usage', /^[1-9]/);
    check(true, 'the roofline has its points, the usage its pipes');

    await go(page, `${link}&tab=compile&pass=fuse-tasks`);
    await until(page, 'change-before', /^[1-9]/);
    if (touch) return;
    const tasks = await page.textContent('#npu-profile');
    await press(page, 'pass-switch', touch);
    await page.waitForFunction(() => location.hash.includes('off=fuse-tasks'));
    await waitState(page, 'ready');
    await page.waitForFunction((before) => document.getElementById('npu-profile').textContent !== before, tasks);
    check(true, 'the switch beside both graphs compiles without the pass');

    const [download] = await Promise.all([page.waitForEvent('download'), press(page, 'save-report', touch)]);
    const report = readFileSync(await download.path(), 'utf8');
    check(report.startsWith('<!DOCTYPE html>') && !/<script|src=|url\(/.test(report) && report.includes('digits'), `a report is one file without references (${report.length} characters)`);
  }, { context });
