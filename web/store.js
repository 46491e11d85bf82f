// SPDX-License-Identifier: Apache-2.0
// What outlives a visit, in the browser's own database: files the user opened, by key, and small texts, by name.
const kept = { files: 12, bytes: 1 << 29 };  // of the user's files; the oldest go first

const settle = (request) => new Promise((resolve, reject) => {
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
});

let opened = null;
function database() {
  if (!opened) {
    const request = indexedDB.open('npu-sandbox', 2);
    request.onupgradeneeded = ({ oldVersion }) => {
      if (oldVersion < 1) {
        request.result.createObjectStore('files', { keyPath: 'key' });
        request.result.createObjectStore('texts');
      }
      request.result.createObjectStore('terminal', { keyPath: 'path' });
    };
    opened = settle(request);
  }
  return opened;
}

const store = async (name, mode) => (await database()).transaction(name, mode).objectStore(name);

// {key, name, bytes: Uint8Array, time} or undefined.
export const readFile = async (key) => settle((await store('files', 'readonly')).get(key));
export const allFiles = async () => settle((await store('files', 'readonly')).getAll());

export async function keepFile(key, name, bytes) {
  await settle((await store('files', 'readwrite')).put({ key, name, bytes, time: Date.now() }));
  const newestFirst = (await allFiles()).sort((a, b) => b.time - a.time);
  let total = 0;
  const old = newestFirst.filter((file, i) => (total += file.bytes.length) > kept.bytes ? i > 0 : i >= kept.files);
  for (const file of old) await settle((await store('files', 'readwrite')).delete(file.key));
}

// The terminal's folder: {path, kind, bytes}; kind 0: what the page brought there is removed, 1: a file, 2: a folder.
export const keepTerminal = async (path, kind, bytes) => settle((await store('terminal', 'readwrite')).put({ path, kind, bytes }));
export const allTerminal = async () => settle((await store('terminal', 'readonly')).getAll());
export const clearTerminal = async () => settle((await store('terminal', 'readwrite')).clear());

export const readText = async (name) => settle((await store('texts', 'readonly')).get(name));
export async function allTexts() {
  const texts = await store('texts', 'readonly');
  const [names, values] = await Promise.all([settle(texts.getAllKeys()), settle(texts.getAll())]);
  return Object.fromEntries(names.map((name, i) => [name, values[i]]));
}
export const keepText = async (name, text) => settle((await store('texts', 'readwrite')).put(text, name));

// Tiny texts that must be known before anything is fetched. Browsers may forbid keeping them.
export function recall(name) {
  try { return localStorage.getItem(name); } catch { return null; }
}
export function remember(name, text) {
  try { text === null ? localStorage.removeItem(name) : localStorage.setItem(name, text); } catch { /* then the next visit begins anew */ }
}
