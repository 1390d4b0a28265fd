// Small helpers for the page's own elements.

/** Returns the element with an id. Throws if the page has none. */
export function el<T extends HTMLElement = HTMLElement>(id: string): T {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no #${id}`);
  return found as T;
}

/** Sets the text of an element if it has changed, since setting the same text costs a layout. */
export function text(node: Element, value: string): void {
  if (node.textContent !== value) node.textContent = value;
}

/** Returns a new element with a class and a text. */
export function make(tag: string, className = '', content = ''): HTMLElement {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (content) node.textContent = content;
  return node;
}
