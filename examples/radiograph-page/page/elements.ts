// Elements of the page by id, and new ones; texts are always inserted as text.

/** An element of the page. Throws if index.html has none with that id. */
export function element<T extends HTMLElement = HTMLElement>(id: string): T {
  const pageElement = document.getElementById(id);
  if (!pageElement) throw new Error(`index.html has no #${id}`);
  return pageElement as T;
}

/** A new element with properties and children. */
export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  properties: Partial<Omit<HTMLElementTagNameMap[K], 'children'>> = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const newElement = Object.assign(document.createElement(tag), properties);
  newElement.append(...children);
  return newElement;
}
