// SPDX-License-Identifier: Apache-2.0
// Serves one folder on loopback, the way the page needs it: cross-origin isolated (threads), right MIME
// types (streaming compilation), and the .br or .gz made at build time when the client takes it.
//   node web/serve.mjs FOLDER [--port N]        (port 0: any free one)
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, resolve, sep } from 'node:path';
import { pathToFileURL } from 'node:url';

const types = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.jpg': 'image/jpeg',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.ttf': 'font/ttf',
  '.txt': 'text/plain; charset=utf-8',
  '.wasm': 'application/wasm',
  '.webmanifest': 'application/manifest+json',
  '.woff2': 'font/woff2',
};
const encodings = [['br', '.br'], ['gzip', '.gz']];

const fileInfo = async (path) => {
  const info = await stat(path).catch(() => null);
  return info?.isFile() ? info : null;
};

// A precompressed sibling counts only if it is not older than the file itself.
async function choose(path, accepted) {
  const plain = await fileInfo(path);
  if (!plain) return null;
  for (const [name, suffix] of encodings) {
    if (!accepted.has(name)) continue;
    const packed = await fileInfo(path + suffix);
    if (packed && packed.mtimeMs >= plain.mtimeMs) return { path: path + suffix, info: packed, encoding: name };
  }
  return { path, info: plain };
}

function acceptedEncodings(header = '') {
  const parts = header.split(',').map((part) => part.trim().split(/\s*;\s*/));
  return new Set(parts.filter(([, q]) => !/^q=0(\.0*)?$/.test(q ?? '')).map(([name]) => name.toLowerCase()));
}

function locate(root, url) {
  try {
    const path = decodeURIComponent(new URL(url, 'http://localhost').pathname);
    const file = resolve(root, '.' + (path.endsWith('/') ? path + 'index.html' : path));
    return file.startsWith(root + sep) && !file.includes('\0') ? file : null;
  } catch {
    return null;
  }
}

async function answer(root, request, response) {
  const headers = {
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Embedder-Policy': 'require-corp',
    'Cross-Origin-Resource-Policy': 'same-origin',
    'X-Content-Type-Options': 'nosniff',
    'Cache-Control': 'no-cache',
    'Vary': 'Accept-Encoding',
  };
  const refuse = (status, text) => response.writeHead(status, { ...headers, 'Content-Type': types['.txt'] }).end(text + '\n');
  if (request.method !== 'GET' && request.method !== 'HEAD') return refuse(405, 'only GET and HEAD');
  const file = locate(root, request.url);
  const found = file && await choose(file, acceptedEncodings(request.headers['accept-encoding']));
  if (!found) return refuse(404, 'not found');
  const tag = `"${found.info.size.toString(16)}-${Math.trunc(found.info.mtimeMs).toString(16)}${found.encoding ?? ''}"`;
  headers.ETag = tag;
  if (request.headers['if-none-match'] === tag) return response.writeHead(304, headers).end();
  headers['Content-Type'] = types[extname(file)] ?? 'application/octet-stream';
  headers['Content-Length'] = found.info.size;
  if (found.encoding) headers['Content-Encoding'] = found.encoding;
  response.writeHead(200, headers);
  if (request.method === 'HEAD') return response.end();
  createReadStream(found.path).on('error', () => response.destroy()).pipe(response);
}

// Resolves to {url, close()} once the port is open.
export function serve(folder, port = 0) {
  const root = resolve(folder);
  const server = createServer((request, response) =>
    answer(root, request, response).catch(() => response.destroy()));
  return new Promise((done, failed) => {
    server.once('error', failed);
    server.listen(port, '127.0.0.1', () => done({
      url: `http://localhost:${server.address().port}/`,
      close: () => new Promise((closed) => { server.close(closed); server.closeAllConnections(); }),
    }));
  });
}

async function main(args) {
  const at = args.indexOf('--port');
  const port = at < 0 ? 8080 : Number(args.splice(at, 2)[1]);
  const [folder] = args;
  if (!folder || args.length !== 1 || !Number.isInteger(port) || port < 0 || port > 65535) {
    console.error('usage: serve.mjs FOLDER [--port N]');
    return 1;
  }
  if (!await fileInfo(join(folder, 'index.html'))) {
    console.error(`npu-sandbox: ${folder} has no index.html`);
    return 1;
  }
  try {
    const { url } = await serve(folder, port);
    console.log(`NPU Sandbox is at ${url} (Ctrl+C ends it)`);
    return null;
  } catch (error) {
    console.error(error.code === 'EADDRINUSE'
      ? `npu-sandbox: port ${port} is in use; choose another with --port N` : `npu-sandbox: ${error.message}`);
    return 1;
  }
}

if (process.argv[1] && import.meta.url === pathToFileURL(resolve(process.argv[1])).href) {
  const status = await main(process.argv.slice(2));
  if (status !== null) process.exit(status);
}
