// SPDX-License-Identifier: Apache-2.0
// web/archive.js against Python's zipfile, in both directions, and on every truncation. Runs in Node alone.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { isZip, readZip, writeZip } from '../../web/archive.js';

const folder = mkdtempSync(join(tmpdir(), 'npu-archive-'));
const python = (code, ...args) => execFileSync('/usr/bin/python3', ['-c', code, ...args]).toString().trim();
const text = (entry) => Buffer.from(entry.bytes).toString();
try {
  const bytes = Uint8Array.from({ length: 1000 }, (_, i) => (i * i) & 255);
  const ours = new Uint8Array(await writeZip([{ name: 'a.txt', bytes: Buffer.from('hello') }, { name: '模型/b.bin', bytes }]).arrayBuffer());
  const path = join(folder, 'ours.zip');
  writeFileSync(path, ours);
  assert.equal(python('import sys, zipfile\nz = zipfile.ZipFile(sys.argv[1])\nprint(z.testzip(), z.namelist(), z.read("a.txt"), sum(z.read(z.namelist()[1])))', path),
    `None ['a.txt', '模型/b.bin'] b'hello' ${bytes.reduce((sum, b) => sum + b, 0)}`);
  assert(isZip(ours) && !isZip(new Uint8Array(100)));

  const theirs = join(folder, 'theirs.zip');
  python('import sys, zipfile\nz = zipfile.ZipFile(sys.argv[1], "w", zipfile.ZIP_DEFLATED)\nz.writestr("c.txt", "x" * 5000)\nz.writestr("d/e.txt", "y")\nz.comment = b"by Python"\nz.close()', theirs);
  const packed = new Uint8Array(readFileSync(theirs));
  const read = await readZip(packed);
  assert.deepEqual(read.map(({ name }) => name), ['c.txt', 'd/e.txt']);
  assert.equal(text(read[0]), 'x'.repeat(5000));
  assert.equal(text(read[1]), 'y');
  await assert.rejects(readZip(packed, 4999), /more than 4999 bytes/);

  for (const whole of [ours, packed])
    for (let size = 0; size < whole.length - 'by Python'.length; ++size) await assert.rejects(readZip(whole.slice(0, size)));
  for (let i = 0; i < packed.length; ++i) {
    const broken = packed.slice();
    broken[i] ^= 0xff;
    await readZip(broken, 1 << 20).catch((error) => assert(error.message, `byte ${i}`));
  }
  console.log('ok');
} finally {
  rmSync(folder, { recursive: true });
}
