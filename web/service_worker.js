// SPDX-License-Identifier: Apache-2.0
// Keeps what was fetched for the next visit without a network, and adds the headers that threads need on hosts
// that cannot send them. The network comes first: a new build is seen at once.
const cacheName = 'npu-sandbox-1';

addEventListener('install', () => skipWaiting());
// Asked for by a page once this is activated: Firefox refuses what pages fetch from a worker that claimed them before.
addEventListener('message', (event) => event.waitUntil(clients.claim()));

function isolated(response) {
  if (response.type === 'opaque' || response.status === 0) return response;
  const headers = new Headers(response.headers);
  headers.set('Cross-Origin-Opener-Policy', 'same-origin');
  headers.set('Cross-Origin-Embedder-Policy', 'require-corp');
  headers.set('Cross-Origin-Resource-Policy', 'same-origin');
  return new Response(response.body, { status: response.status, statusText: response.statusText, headers });
}

async function answer(request) {
  const cache = await caches.open(cacheName);
  try {
    const response = await fetch(request);
    if (response.ok && response.status === 200) await cache.put(request, response.clone());
    return isolated(response);
  } catch (error) {
    const kept = await cache.match(request, { ignoreSearch: true });
    if (kept) return isolated(kept);
    throw error;
  }
}

addEventListener('fetch', (event) => {
  const { request } = event;
  if (request.method === 'GET' && new URL(request.url).origin === location.origin && !request.headers.has('range'))
    event.respondWith(answer(request));
});
