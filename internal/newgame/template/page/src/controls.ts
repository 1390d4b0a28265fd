// Where the player wants to go: by keys, or by dragging a finger or the mouse.

const keys = new Set<string>();
let drag: { id: number; x: number; y: number; dx: number; dy: number } | undefined;

const typing = (e: Event): boolean => e.target instanceof HTMLInputElement;
addEventListener('keydown', (e) => typing(e) || keys.add(e.code));
addEventListener('keyup', (e) => keys.delete(e.code));
addEventListener('blur', () => keys.clear());

const field = document.querySelector<HTMLCanvasElement>('#field')!;
field.addEventListener('pointerdown', (e) => {
  (document.activeElement as HTMLElement | null)?.blur();
  drag = { id: e.pointerId, x: e.clientX, y: e.clientY, dx: 0, dy: 0 };
  field.setPointerCapture(e.pointerId);
});
field.addEventListener('pointermove', (e) => {
  if (drag?.id !== e.pointerId) return;
  const far = 60; // pixels, for full speed
  drag.dx = (e.clientX - drag.x) / far;
  drag.dy = (e.clientY - drag.y) / far;
});
for (const end of ['pointerup', 'pointercancel'] as const) {
  field.addEventListener(end, (e) => {
    if (drag?.id === e.pointerId) drag = undefined;
  });
}

/** Returns a direction with a length of at most 1. */
export function direction(): { dx: number; dy: number } {
  const held = (...codes: string[]): number => +codes.some((code) => keys.has(code));
  const dx = held('ArrowRight', 'KeyD') - held('ArrowLeft', 'KeyA') + (drag?.dx ?? 0);
  const dy = held('ArrowDown', 'KeyS') - held('ArrowUp', 'KeyW') + (drag?.dy ?? 0);
  const length = Math.max(Math.hypot(dx, dy), 1);
  return { dx: dx / length, dy: dy / length };
}
