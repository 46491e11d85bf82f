// SPDX-License-Identifier: Apache-2.0
// Zip archives: written without compression (models hardly shrink), read with the browser's own inflate.
// Format: PKWARE's APPNOTE.TXT 6.3, sections 4.3.7 (local header), 4.3.12 (central directory), 4.3.16 (its end).
const utf8 = new TextEncoder();
const kLocal = 0x04034b50, kCentral = 0x02014b50, kEnd = 0x06054b50;
const kUtf8Names = 0x0800;
const kMostEntries = 10000;

const crcTable = Uint32Array.from({ length: 256 }, (_, n) => {
  for (let k = 0; k < 8; ++k) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
  return n;
});
function crc32(bytes) {
  let crc = ~0;
  for (const byte of bytes) crc = crcTable[(crc ^ byte) & 255] ^ (crc >>> 8);
  return ~crc >>> 0;
}

// fields: [value, size in bytes] pairs, little endian.
function pack(...fields) {
  const view = new DataView(new ArrayBuffer(fields.reduce((sum, [, size]) => sum + size, 0)));
  let at = 0;
  for (const [value, size] of fields) {
    size === 2 ? view.setUint16(at, value, true) : view.setUint32(at, value, true);
    at += size;
  }
  return new Uint8Array(view.buffer);
}

// entries: [{name, bytes: Uint8Array}] -> Blob.
export function writeZip(entries) {
  const parts = [], directory = [];
  let offset = 0;
  for (const { name, bytes } of entries) {
    const label = utf8.encode(name);
    const common = [[20, 2], [kUtf8Names, 2], [0, 2], [0, 2], [0x21, 2], [crc32(bytes), 4], [bytes.length, 4], [bytes.length, 4], [label.length, 2], [0, 2]];
    const header = pack([kLocal, 4], ...common);
    directory.push(pack([kCentral, 4], [20, 2], ...common, [0, 2], [0, 2], [0, 2], [0, 4], [offset, 4]), label);
    parts.push(header, label, bytes);
    offset += header.length + label.length + bytes.length;
  }
  const size = directory.reduce((sum, part) => sum + part.length, 0);
  const end = pack([kEnd, 4], [0, 2], [0, 2], [entries.length, 2], [entries.length, 2], [size, 4], [offset, 4], [0, 2]);
  return new Blob([...parts, ...directory, end], { type: 'application/zip' });
}

async function inflate(bytes, size) {
  const reader = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate-raw')).getReader();
  const out = new Uint8Array(size);
  for (let at = 0; ;) {
    const { done, value } = await reader.read();
    if (done && at === size) return out;
    if (done || at + value.length > size) throw new Error(`an entry does not have the ${size} bytes it announces`);
    out.set(value, at);
    at += value.length;
  }
}

export const isZip = (bytes) => bytes.length >= 22 && bytes[0] === 0x50 && bytes[1] === 0x4b && bytes[2] <= 5;

function findEnd(view) {
  for (let at = view.byteLength - 22; at >= Math.max(0, view.byteLength - 65557); --at)
    if (view.getUint32(at, true) === kEnd) return at;
  throw new Error('no zip archive: its directory is missing');
}

// Uint8Array -> [{name, bytes}]. most: bytes that all entries together may have.
export async function readZip(archive, most = 1 << 30) {
  const view = new DataView(archive.buffer, archive.byteOffset, archive.byteLength);
  const within = (at, size) => {
    if (at + size > view.byteLength) throw new Error(`the zip archive ends at byte ${view.byteLength}, before ${at + size}`);
    return at;
  };
  const end = findEnd(view);
  const count = view.getUint16(end + 10, true);
  if (count > kMostEntries) throw new Error(`the zip archive has ${count} entries, more than ${kMostEntries}`);
  const entries = [];
  let at = view.getUint32(end + 16, true), total = 0;
  for (let i = 0; i < count; ++i) {
    if (view.getUint32(within(at, 46), true) !== kCentral) throw new Error(`entry ${i} of the zip archive is broken`);
    const [method, packed, size] = [view.getUint16(at + 10, true), view.getUint32(at + 20, true), view.getUint32(at + 24, true)];
    const [label, extra, comment] = [28, 30, 32].map((o) => view.getUint16(at + o, true));
    const local = within(view.getUint32(at + 42, true), 30);
    const name = new TextDecoder().decode(archive.subarray(within(at + 46, label), at + 46 + label));
    const from = local + 30 + view.getUint16(local + 26, true) + view.getUint16(local + 28, true);
    if ((total += size) > most) throw new Error(`the zip archive unpacks to more than ${most} bytes`);
    if (method !== 0 && method !== 8) throw new Error(`${name}: compression method ${method} is not supported (0 and 8 are)`);
    const bytes = archive.slice(within(from, packed), from + packed);
    entries.push({ name, bytes: method === 8 ? await inflate(bytes, size) : bytes });
    at += 46 + label + extra + comment;
  }
  return entries;
}
