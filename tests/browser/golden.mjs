// SPDX-License-Identifier: Apache-2.0
// Screenshots against the pictures in golden/, which show a quarter of the size: a moved panel or a lost font is seen,
// a measured number is not. NPU_REBASE=1 writes them anew; look at each before it is committed.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = join(dirname(fileURLToPath(import.meta.url)), 'golden');
const pixelTolerance = 48;  // of 255, in one channel

// Runs in the page: the pictures' size, and the share of pixels that differ; null where there is nothing to compare with.
async function compareInPage([shot, golden, shrink, tolerance]) {
  const load = async (base64, type) => createImageBitmap(await (await fetch(`data:image/${type};base64,${base64}`)).blob());
  const pixels = (image, width, height) => {
    const canvas = new OffscreenCanvas(width, height);
    const context = canvas.getContext('2d', { willReadFrequently: true });
    context.imageSmoothingQuality = 'high';
    context.drawImage(image, 0, 0, width, height);
    return { canvas, data: context.getImageData(0, 0, width, height).data };
  };
  const image = await load(shot, 'png');
  const small = pixels(image, Math.round(image.width / shrink), Math.round(image.height / shrink));
  const bytes = new Uint8Array(await (await small.canvas.convertToBlob({ type: 'image/webp', quality: 0.9 })).arrayBuffer());
  const picture = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
  if (!golden) return { picture, share: null };
  const wanted = await load(golden, 'webp');
  if (wanted.width !== small.canvas.width || wanted.height !== small.canvas.height) return { picture, share: 1 };
  const { data } = pixels(wanted, wanted.width, wanted.height);
  let different = 0;
  for (let i = 0; i < data.length; i += 4)
    if ([0, 1, 2].some((channel) => Math.abs(data[i + channel] - small.data[i + channel]) > tolerance)) ++different;
  return { picture, share: different / (data.length / 4) };
}

// The share of pixels in which `shot` (a PNG in device pixels) differs from golden/<name>.webp.
export async function goldenDifference(page, shot, name, ratio) {
  const file = join(folder, `${name}.webp`);
  const golden = existsSync(file) ? readFileSync(file).toString('base64') : null;
  const found = await page.evaluate(compareInPage, [shot.toString('base64'), golden, 4 * ratio, pixelTolerance]);
  if (process.env.NPU_REBASE) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(file, Buffer.from(found.picture, 'base64'));
    return 0;
  }
  return found.share ?? 1;
}
