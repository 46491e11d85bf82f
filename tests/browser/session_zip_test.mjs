// SPDX-License-Identifier: Apache-2.0
// What a session's archive holds, written and read again. Runs in Node alone.
import assert from 'node:assert/strict';

import { readZip, writeZip } from '../../web/archive.js';
import { packSession, unpackSession } from '../../web/session.js';

const bytes = (text) => new TextEncoder().encode(text);
const session = {
  link: 'tab=run',
  texts: { terminal: 'ls\ncat a\n', progress: '{}' },
  files: [{ key: '0123456789abcdef', name: 'own.onnx', bytes: bytes('model') }],
  terminal: [
    { path: '/home/npu/a b', kind: 1, bytes: bytes('text') },
    { path: '/home/npu/work', kind: 2, bytes: bytes('') },
    { path: '/home/npu/work/模型.om', kind: 1, bytes: bytes('') },
    { path: '/home/npu/README.md', kind: 0, bytes: bytes('') },
  ],
};
const plain = (value) => JSON.parse(JSON.stringify(value, (_, item) => (item instanceof Uint8Array ? Buffer.from(item).toString('hex') : item)));

const archive = new Uint8Array(await writeZip(packSession(session)).arrayBuffer());
const entries = await readZip(archive);
assert.deepEqual(entries.map(({ name }) => name), ['session.json', 'files/0123456789abcdef/own.onnx', 'terminal/home/npu/a b', 'terminal/home/npu/work/', 'terminal/home/npu/work/模型.om']);
assert.deepEqual(plain(unpackSession(entries)), plain(session));

// An archive of before the terminal was kept, and one with what does not belong there.
const about = { name: 'session.json', bytes: bytes('{"version": 1, "link": "a=b"}') };
assert.deepEqual(unpackSession([about]), { link: 'a=b', texts: {}, files: [], terminal: [] });
const strange = unpackSession([{ name: 'session.json', bytes: bytes('{"version": 1, "link": 7, "texts": {"a": 1}, "removed": [3]}') }, { name: 'files/../x', bytes: bytes('') }, { name: 'terminal/', bytes: bytes('') }]);
assert.deepEqual(strange, { link: '', texts: {}, files: [], terminal: [] });
assert.throws(() => unpackSession([{ name: 'session.json', bytes: bytes('{"version": 2}') }]), /version 2/);
assert.throws(() => unpackSession([]), /no session.json/);
console.log('ok');
