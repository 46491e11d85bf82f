// SPDX-License-Identifier: Apache-2.0
// The page around the program: loading, frames on demand, files, the address, and the mirror of what is shown.
import { checkRoom, give, hostThreads, loadModule, makeApi, variant } from './npu.js';
import { listenToPinch } from './pinch.js';
import { makeTextInput } from './text_input.js';
import { isZip } from './archive.js';
import { exportSession, importSession } from './session.js';
import { allTerminal, keepFile, keepTerminal, keepText, readFile, readText, recall, remember } from './store.js';

const root = document.documentElement;
const canvas = document.getElementById('canvas');
const fileInput = document.getElementById('file');
const chinese = (navigator.languages ?? [navigator.language]).find((l) => /^(zh|en)/i.test(l))?.toLowerCase().startsWith('zh') ?? false;
const dark = !matchMedia('(prefers-color-scheme: light)').matches;
const calm = matchMedia('(prefers-reduced-motion: reduce)').matches;

let module = null;
let made = null;
let typing = null;

// --- frames: none while nothing changes ---
// After an event three frames let hover states and layouts settle; later ones show a tooltip that waits.
const settle = 3;
let wanted = 0;
let scheduled = false;
let later = 0;

function draw() {
  scheduled = false;
  if (!module) return;
  if (module._npu_frame()) wanted = Math.max(wanted, settle);
  root.dataset.shown = '';
  if (--wanted > 0) schedule();
}
// Draws one now; milliseconds of this thread.
function timeFrame() {
  const begin = performance.now();
  module._npu_frame();
  return performance.now() - begin;
}
function schedule() {
  if (scheduled || document.hidden) return;
  scheduled = true;
  requestAnimationFrame(draw);
}
function wake(frames = settle) {
  wanted = Math.max(wanted, frames);
  schedule();
}
function wakeByInput() {
  wake();
  clearTimeout(later);
  later = setTimeout(() => wake(2), 450);
}

// --- mirror ---
const text = (id, value) => {
  const element = document.getElementById(id);
  if (element.textContent !== value) element.textContent = value;
};
const list = (id, lines) => document.getElementById(id).replaceChildren(...lines.map((line) => {
  const item = document.createElement('li');
  item.textContent = line;
  return item;
}));
const percent = (value) => `${(100 * value).toFixed(1)} %`;
let shown = '';

function mirror() {
  const json = module.ccall('npu_mirror', 'string', []);
  if (json === shown) return;
  shown = json;
  const now = JSON.parse(json);
  root.lang = now.lang === 'zh' ? 'zh-CN' : 'en';
  root.dataset.theme = now.theme;
  text('npu-status', now.error ?? now.status);
  text('npu-node', now.node ?? '');
  if (!now.chip_view?.busy) text('npu-chip', now.chip_view?.text ?? '');
  text('npu-model', now.model ? `${now.model.name}: ${now.model.nodes} nodes` : '');
  list('npu-result', (now.result ?? []).map(({ label, value }) => `${label}: ${now.probabilities ? percent(value) : value.toPrecision(4)}`));
  const profile = document.getElementById('npu-profile');
  text('npu-profile', now.latency ?? '');
  if (now.device_us === undefined) delete profile.dataset.us;
  else profile.dataset.us = now.device_us.toFixed(3);
  text('npu-lesson', now.lesson ? [now.lesson.title, now.lesson.text, ...now.lesson.checks.map(({ text: what, met }) => `${met ? '✓' : '○'} ${what}`)].join('\n') : '');
  list('npu-passes', (now.passes ?? []).map((p) => `${p.name}: ${p.before} -> ${p.after}`));
  if (now.state === 'ready') session.ready();
  root.dataset.state = now.state;  // last: who waits for it finds the rest in place
}

// --- files ---
async function open(file) {
  if (file.size < 1 << 30 && isZip(new Uint8Array(await file.slice(0, 22).arrayBuffer()))) return openSession(file);
  if (checkRoom(module, file.name, file.size)) return wake();  // the program shows why
  module.ccall('npu_open_file', null, ['string', 'number'], [file.name, give(module, await file.arrayBuffer())]);
  wake();
}
fileInput.addEventListener('change', () => {
  for (const file of fileInput.files) open(file);
  fileInput.value = '';
});
document.getElementById('npu-open').addEventListener('click', () => fileInput.click());
const dropping = (on) => on ? (root.dataset.drop = '') : delete root.dataset.drop;
addEventListener('dragover', (event) => { event.preventDefault(); dropping(true); });
addEventListener('dragleave', (event) => { if (!event.relatedTarget) dropping(false); });
addEventListener('drop', (event) => {
  event.preventDefault();
  dropping(false);
  if (module) for (const file of event.dataTransfer.files) open(file);
});

// A reload is the one way to begin again with everything that was kept.
async function openSession(file) {
  try {
    const link = await importSession(new Uint8Array(await file.arrayBuffer()));
    remember('session', link);
    history.replaceState(null, '', `#${link}`);
    location.reload();
  } catch (error) {
    module.ccall('npu_report', null, ['string', 'string'], [file.name, error.message]);
    wake();
  }
}

function save(name, bytes) {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([bytes]));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

async function askForKeptFile(key) {
  const file = await readFile(key).catch(() => undefined);
  if (file && checkRoom(module, file.name, file.bytes.length)) return wake();
  module.ccall('npu_give_kept_file', null, ['string', 'string', 'number'], [key, file?.name ?? '', file ? give(module, file.bytes) : 0]);
  wake();
}

// The terminal's folder as it was at the last visit, and what was typed there.
async function restoreTerminal() {
  const [items, typed] = await Promise.all([allTerminal(), readText('terminal')]);
  if (items.length === 0 && !typed) return;
  for (const { path, kind, bytes } of items) {
    if (kind === 1 && checkRoom(module, path, bytes.length)) continue;
    module.ccall('npu_add_terminal_file', null, ['string', 'number', 'number'], [path, kind, give(module, bytes)]);
  }
  module.ccall('npu_restore_terminal', null, ['string'], [typed ?? '']);
}

// The program asks inside a frame, after the click that caused it: browsers still count that as the user's.
const askForFile = () => fileInput.click();

async function requestFont() {
  const response = await fetch(new URL('fonts/cjk.ttf', import.meta.url)).catch((error) => console.warn(`the Chinese font did not come: ${error}`));
  if (!response?.ok) return;
  module.ccall('npu_set_font', null, ['number'], [give(module, await response.arrayBuffer())]);
}

// --- address ---
// The last one is where the next visit begins, unless it comes by a link. A visit that never got ready is not repeated.
const session = {
  read() { return recall('starting') ? null : recall('session'); },
  begin() { remember('starting', '1'); },
  ready() { remember('starting', null); },
};

function settings(link) {
  remember('session', link);
  const wantedHash = link ? `#${link}` : '';
  if (location.hash !== wantedHash) history.replaceState(null, '', wantedHash || location.pathname + location.search);
  if (module) mirror();
}
addEventListener('hashchange', (event) => {
  // Not location.hash: the program may have written its own into it since.
  module?.ccall('npu_set_link', null, ['string'], [new URL(event.newURL).hash]);
  wake();
});

// --- input that the canvas does not see ---
const type = (value) => module.ccall('npu_type', null, ['string'], [value]);
function listen() {
  for (const type of ['pointerdown', 'pointermove', 'pointerup', 'wheel', 'keydown', 'keyup', 'touchstart', 'touchmove', 'touchend'])
    addEventListener(type, wakeByInput, { passive: true, capture: true });
  for (const type of ['resize', 'focus', 'blur', 'pageshow']) addEventListener(type, () => wake());
  document.addEventListener('visibilitychange', () => wake());
  canvas.addEventListener('pointerdown', () => { if (!typing.focused()) canvas.focus({ preventScroll: true }); });
  canvas.addEventListener('mouseleave', () => wake());
  listenToPinch(canvas, (turns) => { module._npu_turn_wheel(turns); wake(); });
  addEventListener('paste', (event) => {
    const pasted = event.clipboardData?.getData('text/plain');
    if (!pasted || !module._npu_wants_text()) return;
    event.preventDefault();
    module.ccall('npu_paste', null, ['string'], [pasted]);
    wake();
  });
  // Tab leaves the canvas, as it leaves everything else; inside it the arrow keys move.
  // Ctrl and Cmd combinations belong to the browser (zoom, find, paste), except inside a text field.
  addEventListener('keydown', (event) => {
    if (event.key === 'Tab') event.stopImmediatePropagation();
    const ours = /^([zy`]|Control|Meta)$/i.test(event.key) && (document.activeElement === canvas || typing.focused());
    if ((event.ctrlKey || event.metaKey) && !ours && !module._npu_wants_text()) event.stopImmediatePropagation();
    if ((event.ctrlKey || event.metaKey) && /^[v+\-=0]$/i.test(event.key)) event.stopImmediatePropagation();
  }, { capture: true });
  // Moving to a screen of another density changes nothing but the pixel ratio.
  const watchRatio = () => matchMedia(`(resolution: ${devicePixelRatio}dppx)`).addEventListener('change', () => {
    dispatchEvent(new Event('resize'));
    watchRatio();
  }, { once: true });
  watchRatio();
  canvas.addEventListener('webglcontextlost', (event) => event.preventDefault());
  canvas.addEventListener('webglcontextrestored', () => { module._npu_context_restored(); wake(); });
}

// --- offline, and hosts without the headers for threads ---
const worker = () => navigator.serviceWorker?.register(new URL('service_worker.js', import.meta.url));

// True when the page is about to be loaded again, this time with the headers that the service worker adds.
async function isolate() {
  if (crossOriginIsolated || !navigator.serviceWorker || sessionStorage.getItem('isolating')) return false;
  sessionStorage.setItem('isolating', '1');
  await worker();
  await navigator.serviceWorker.ready;
  location.reload();
  return true;
}

// What was loaded before the worker existed is fetched once more through it, from the browser's own cache.
async function keepForOffline() {
  if (!navigator.serviceWorker) return;
  const controlled = new Promise((done) => navigator.serviceWorker.addEventListener('controllerchange', done, { once: true }));
  await worker();
  const { active } = await navigator.serviceWorker.ready;
  if (active.state !== 'activated') await new Promise((done) => active.addEventListener('statechange', done, { once: true }));
  if (!navigator.serviceWorker.controller) {
    active.postMessage('claim');
    await controlled;
  }
  const seen = performance.getEntriesByType('resource').map((entry) => entry.name);
  const read = JSON.parse(module.ccall('npu_assets', 'string', [])).map((path) => new URL(path, import.meta.url).href);
  for (const address of [location.href.split('#')[0], ...seen, ...read])
    if (new URL(address).origin === location.origin) await fetch(address).catch(() => {});
  root.dataset.offline = '';  // for tests: from now on no network is needed
}

// --- updates ---
// Asked when one comes back to the page: a build newer than the running one is announced, never forced.
const betweenQuestions = 10 * 60 * 1000;
async function buildTag() {
  const answer = await fetch(`${variant()}.wasm`, { method: 'HEAD', cache: 'no-store' });
  return answer.ok ? answer.headers.get('ETag') ?? answer.headers.get('Last-Modified') : null;
}
async function watchForUpdate(pause = betweenQuestions) {
  const running = await buildTag();
  let asked = performance.now();
  document.addEventListener('visibilitychange', async () => {
    if (document.hidden || performance.now() - asked < pause) return;
    asked = performance.now();
    const now = await buildTag().catch(() => null);
    if (now && running && now !== running) document.getElementById('update').hidden = false;
  });
  document.getElementById('npu-reload').addEventListener('click', () => location.reload());
}

// --- start ---
function progress(message) { document.getElementById('progress-text').textContent = message; }

async function start() {
  if (await isolate()) return;
  for (const element of document.querySelectorAll('[data-en]')) element.textContent = chinese ? element.dataset.zh : element.dataset.en;
  progress(chinese ? '正在加载……' : 'Loading...');
  const host = {
    changed() { mirror(); made.changed(); wake(); },
    askForFile, requestFont, save,
    settings(link) { settings(link); if (module) mirror(); },
    copy: (value) => navigator.clipboard?.writeText(value),
    copyLink: (link) => navigator.clipboard?.writeText(location.href.split('#')[0] + (link && `#${link}`)),
    keepFile: (key, name, bytes) => keepFile(key, name, bytes).catch((error) => console.warn(`${name} is not kept: ${error}`)),
    askForKeptFile,
    keepProgress: (value) => keepText('progress', value).catch((error) => console.warn(`progress is not kept: ${error}`)),
    keepTerminal: (path, kind, bytes) => keepTerminal(path, kind, bytes).catch((error) => console.warn(`${path} is not kept: ${error}`)),
    keepHistory: (value) => keepText('terminal', value).catch((error) => console.warn(`what was typed is not kept: ${error}`)),
    exportSession: async (link) => save('npu-sandbox-session.zip', await exportSession(link)),
    textInput: (on, x, y, height) => typing?.want(on, x, y, height),
    openPage: (name) => globalThis.open(`${name}#${document.documentElement.lang}`, '_blank', 'noopener'),
  };
  const loaded = await loadModule({ canvas, host, onBytes: (bytes) =>
    progress(`${chinese ? '正在加载' : 'Loading'} ${(bytes / 1048576).toFixed(1)} MB`) });
  module = loaded;
  made = makeApi(loaded);
  typing = makeTextInput(canvas, { type, wake, wantsText: () => Boolean(loaded._npu_wants_text()) });
  const link = location.hash || (session.read() ?? 'tab=home');
  session.begin();
  const problem = loaded.ccall('npu_start', 'string', ['string', 'string'],
    [link, JSON.stringify({ lang: chinese ? 'zh' : 'en', dark, calm, threads: hostThreads(), address: location.href.split('#')[0] })]);
  if (problem) throw new Error(problem);
  // For scripts in this page: the same promises as createNpu's, over what is on the screen.
  globalThis.npu = { ...made.api, timeFrame, frames: () => loaded._npu_frame_count(), marks: () => JSON.parse(loaded.ccall('npu_marks', 'string', [])) };
  const progressSoFar = await readText('progress').catch(() => undefined);
  if (progressSoFar) loaded.ccall('npu_load_progress', null, ['string'], [progressSoFar]);
  restoreTerminal().catch((error) => console.warn(`the terminal begins anew: ${error}`));
  listen();
  mirror();
  wake();
  sessionStorage.removeItem('isolating');
  setTimeout(() => keepForOffline().catch((error) => console.warn(`not kept for offline use: ${error}`)), 3000);
  watchForUpdate().catch(() => {});
}

start().catch((error) => {
  progress(error.message);
  text('npu-status', error.message);
  root.dataset.state = 'error';
  console.error(error);
});
