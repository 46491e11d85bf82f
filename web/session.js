// SPDX-License-Identifier: Apache-2.0
// A whole session as one zip archive: session.json ({version, link, texts, removed}), files/<key>/<name>, and the terminal's folder below
// terminal/ (folders end in a slash; what was removed of the files that come with the page is in `removed`).
import { readZip, writeZip } from './archive.js';
import { allFiles, allTerminal, allTexts, clearTerminal, keepFile, keepTerminal, keepText } from './store.js';

const version = 1;
const [gone, file, folder] = [0, 1, 2];  // kinds of what is in the terminal's folder

// {link, texts, files: [{key, name, bytes}], terminal: [{path, kind, bytes}]} -> entries of the archive.
export function packSession({ link, texts, files, terminal }) {
  const removed = terminal.filter(({ kind }) => kind === gone).map(({ path }) => path);
  const about = { version, link, texts, removed };
  return [
    { name: 'session.json', bytes: new TextEncoder().encode(JSON.stringify(about, null, 1)) },
    ...files.map(({ key, name, bytes }) => ({ name: `files/${key}/${name}`, bytes })),
    ...terminal.filter(({ kind }) => kind !== gone).map(({ path, kind, bytes }) =>
      ({ name: `terminal${path}${kind === folder ? '/' : ''}`, bytes: kind === file ? bytes : new Uint8Array() })),
  ];
}

// The other way; what is not understood is left out.
export function unpackSession(entries) {
  const about = entries.find(({ name }) => name === 'session.json');
  if (!about) throw new Error('this zip archive is no exported session: it has no session.json');
  const { version: written, link, texts, removed } = JSON.parse(new TextDecoder().decode(about.bytes));
  if (written !== version) throw new Error(`session.json is of version ${written}, this page reads ${version}`);
  const session = { link: typeof link === 'string' ? link : '', texts: {}, files: [], terminal: [] };
  for (const [name, text] of Object.entries(texts ?? {})) if (typeof text === 'string') session.texts[name] = text;
  for (const { name, bytes } of entries) {
    const own = /^files\/([0-9a-f]{16})\/([^/]+)$/.exec(name);
    if (own) session.files.push({ key: own[1], name: own[2], bytes });
    const inside = /^terminal(\/.*[^/])(\/?)$/.exec(name);
    if (inside) session.terminal.push({ path: inside[1], kind: inside[2] ? folder : file, bytes: inside[2] ? new Uint8Array() : bytes });
  }
  for (const path of Array.isArray(removed) ? removed : []) if (typeof path === 'string') session.terminal.push({ path, kind: gone, bytes: new Uint8Array() });
  return session;
}

// link: the part of the address after '#'.
export async function exportSession(link) {
  return writeZip(packSession({ link, texts: await allTexts(), files: await allFiles(), terminal: await allTerminal() }));
}

// Keeps what the archive holds, in the place of the terminal's folder that is here, and returns its link.
export async function importSession(archive) {
  const { link, texts, files, terminal } = unpackSession(await readZip(archive));
  for (const { key, name, bytes } of files) await keepFile(key, name, bytes);
  await clearTerminal();
  for (const { path, kind, bytes } of terminal) await keepTerminal(path, kind, bytes);
  for (const [name, text] of Object.entries(texts)) await keepText(name, text);
  return link;
}
