// SPDX-License-Identifier: Apache-2.0
// Two fingers zoom: what they spread becomes turns of a wheel, at the first finger.
const oneTurn = Math.log(1.2);  // the graph's and the timeline's zoom for a turn of the wheel

const spread = ({ touches: [a, b] }) => Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY);

// turn(turns): more than 0 is nearer.
export function listenToPinch(canvas, turn) {
  let last = 0;
  const begin = (event) => { last = event.touches.length === 2 ? spread(event) : 0; };
  for (const name of ['touchstart', 'touchend', 'touchcancel']) canvas.addEventListener(name, begin, { passive: true });
  canvas.addEventListener('touchmove', (event) => {
    if (event.touches.length !== 2 || !last) return;
    const now = spread(event);
    if (now > 0) turn(Math.log(now / last) / oneTurn);
    last = now;
  }, { passive: true });
}
