// SPDX-License-Identifier: Apache-2.0
// A whole session as one zip archive: session.json ({version, link, texts}) and files/<key>/<name>.
import { readZip, writeZip } from './archive.js';
import { allFiles, allTexts, keepFile, keepText } from './store.js';

const version = 1;

// link: the part of the address after '#'.
export async function exportSession(link) {
  const about = { version, link, texts: await allTexts() };
  const files = (await allFiles()).map(({ key, name, bytes }) => ({ name: `files/${key}/${name}`, bytes }));
  return writeZip([{ name: 'session.json', bytes: new TextEncoder().encode(JSON.stringify(about, null, 1)) }, ...files]);
}

// Keeps what the archive holds and returns its link.
export async function importSession(archive) {
  const entries = await readZip(archive);
  const about = entries.find(({ name }) => name === 'session.json');
  if (!about) throw new Error('this zip archive is no exported session: it has no session.json');
  const { version: written, link, texts } = JSON.parse(new TextDecoder().decode(about.bytes));
  if (written !== version) throw new Error(`session.json is of version ${written}, this page reads ${version}`);
  for (const { name, bytes } of entries) {
    const file = /^files\/([0-9a-f]{16})\/([^/]+)$/.exec(name);
    if (file) await keepFile(file[1], file[2], bytes);
  }
  for (const [name, text] of Object.entries(texts ?? {})) if (typeof text === 'string') await keepText(name, text);
  return typeof link === 'string' ? link : '';
}
