// SPDX-License-Identifier: Apache-2.0
// For the page tests: serves the built site, opens it in headless Chromium, and turns a thrown error into a
// failed test.
//
//   import { pageTest } from './harness.mjs';
//   await pageTest(async ({ page, url, check, artifact }) => { await page.goto(url); check(..., 'what'); });
//
// Environment: NPU_SITE (the served folder), NPU_DEPS_DIR, NPU_CHROMIUM (the browser), NPU_ARTIFACTS (for screenshots).
import { existsSync, mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import { serve } from '../../web/serve.mjs';

const here = dirname(fileURLToPath(import.meta.url));
export const sourceDir = resolve(here, '../..');
export const depsDir = process.env.NPU_DEPS_DIR
  || join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'npu-sandbox');
export const siteDir = process.env.NPU_SITE || join(sourceDir, 'build/web/site');
export const sharedData = process.env.NPU_SHARED_DATA || resolve(sourceDir, '../shared/data');

// A node package of the browser group of fetch_deps.sh.
export const requirePackage = createRequire(join(depsDir, 'browser', 'package.json'));

// 77 is what CTest is told to count as skipped.
export function skip(reason) {
  console.log(`skipped: ${reason}`);
  process.exit(77);
}

export async function launch(options = {}) {
  const executablePath = process.env.NPU_CHROMIUM || '/usr/bin/chromium';
  if (!existsSync(executablePath)) throw new Error(`no browser at ${executablePath}`);
  const { chromium } = requirePackage('playwright-core');
  return chromium.launch({
    executablePath,
    headless: false,  // the flag below: playwright's own would choose its headless shell
    ...options,
    args: [
      '--headless', '--no-sandbox', '--disable-quic', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync', '--use-gl=angle', '--use-angle=swiftshader',
      '--enable-unsafe-swiftshader', ...(options.args ?? []),
    ],
  });
}

// context: options of playwright's newContext (viewport, deviceScaleFactor, locale, ...). Errors and failed requests of
// the page fail the test unless allowErrors matches their text.
export async function pageTest(body, { context = {}, site = siteDir, allowErrors = null } = {}) {
  if (!existsSync(join(site, 'index.html'))) throw new Error(`${site} is not built`);
  const server = await serve(site);
  const browser = await launch();
  const problems = [];
  let page;
  let done = false;
  const report = (text) => {
    if (done) return;
    console.log(text);
    if (!allowErrors?.test(text)) problems.push(text);
  };
  const check = (condition, what) => {
    console.log(`${condition ? 'ok    ' : 'FAILED'} ${what}`);
    if (!condition) problems.push(what);
  };
  const artifact = (name) => {
    const folder = process.env.NPU_ARTIFACTS || join(sourceDir, 'build/artifacts');
    mkdirSync(folder, { recursive: true });
    return join(folder, name);
  };
  try {
    const session = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...context });
    page = await session.newPage();
    page.on('pageerror', (error) => report(`page error: ${error.stack ?? error.message}`));
    page.on('console', (message) => {
      if (message.type() === 'error') report(`console error: ${message.text()} ${message.location().url}`);
      else console.log(`console: ${message.text()}`);
    });
    page.on('crash', () => report('the page crashed'));
    await body({ page, url: server.url, browser, context: session, check, artifact });
  } catch (error) {
    problems.push(error.stack ?? String(error));
    await page?.screenshot({ path: artifact('failure.png') }).catch(() => {});
  } finally {
    done = true;
    await browser.close();
    await server.close();
  }
  if (problems.length) {
    console.log(`\n${problems.length} problem(s):\n${problems.join('\n')}`);
    process.exitCode = 1;
  }
}
