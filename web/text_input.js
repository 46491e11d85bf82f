// SPDX-License-Identifier: Apache-2.0
// Typing on a canvas: an invisible field that has the focus while the program wants text. Input methods, phone
// keyboards, dead keys and the clipboard work in it as everywhere; what was typed goes to the program as text.

// forward: an event for the program's own keyboard handling, which listens on the canvas.
const forward = (canvas, event) => canvas.dispatchEvent(new KeyboardEvent(event.type, {
  key: event.key, code: event.code, keyCode: event.keyCode, which: event.which, location: event.location, repeat: event.repeat,
  ctrlKey: event.ctrlKey, shiftKey: event.shiftKey, altKey: event.altKey, metaKey: event.metaKey, bubbles: false, cancelable: true }));

// type(text) gives text to the program, wantsText() tells whether it takes any now.
export function makeTextInput(canvas, { type, wantsText, wake }) {
  const field = document.createElement('textarea');
  field.id = 'text-input';
  field.rows = 1;
  field.tabIndex = -1;
  field.setAttribute('aria-label', 'NPU Sandbox');
  for (const name of ['autocapitalize', 'autocomplete', 'autocorrect']) field.setAttribute(name, 'off');
  field.spellcheck = false;
  canvas.after(field);

  const focused = () => document.activeElement === field;
  const take = () => {
    if (field.value) type(field.value);
    field.value = '';
    wake();
  };
  field.addEventListener('compositionstart', () => { field.dataset.composing = ''; });
  field.addEventListener('compositionend', () => { delete field.dataset.composing; take(); });
  field.addEventListener('input', (event) => { if (!event.isComposing) take(); });
  for (const name of ['keydown', 'keyup'])
    field.addEventListener(name, (event) => {
      if (event.isComposing || event.keyCode === 229) return;
      forward(canvas, event);
      // Characters become input events of the field, the browser's own combinations stay its own.
      const writes = event.key.length === 1 && !event.ctrlKey && !event.metaKey;
      const browsers = (event.ctrlKey || event.metaKey) && /^[v+\-=0]$/i.test(event.key);
      if (!writes && !browsers && event.key !== 'Process' && event.key !== 'Unidentified') event.preventDefault();
    });
  // Text may be wanted since before the canvas got the focus, from a key or a click (which gives it to the canvas each time).
  // Who goes back from the field by a key stays on the canvas.
  let wanted = false;
  canvas.addEventListener('focus', (event) => { if (wanted && event.relatedTarget !== field) field.focus({ preventScroll: true }); });
  canvas.addEventListener('pointerup', () => { if (wanted) field.focus({ preventScroll: true }); });
  // Phones bring up their keyboard for a focus that is part of a touch.
  canvas.addEventListener('touchend', () => { if (wantsText()) field.focus({ preventScroll: true }); });

  return {
    focused,
    // The program began or ended to want text; x, y, height in CSS pixels: where its cursor is.
    want(on, x, y, height) {
      wanted = on;
      if (!on) {
        if (focused()) canvas.focus({ preventScroll: true });
        return;
      }
      field.style.left = `${x}px`;
      field.style.top = `${y}px`;
      field.style.height = `${height}px`;
      if (document.activeElement === canvas) field.focus({ preventScroll: true });
    },
  };
}
