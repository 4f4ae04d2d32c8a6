// @ts-check
/** Small means of building the page: text goes in as text, never as markup. */

/**
 * The element of an id.
 * @template {HTMLElement} [T=HTMLElement]
 * @param {string} id
 * @returns {T}
 */
export function byId(id) {
  return /** @type {T} */ (document.getElementById(id));
}

/**
 * A new element.
 * @param {string} tag
 * @param {Record<string, string>} attributes
 * @param {...(Node | string)} children
 */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/**
 * Give an element a text, without work where it has it already.
 * @param {Element} target
 * @param {string} text
 */
export function say(target, text) {
  if (target.textContent !== text) target.textContent = text;
}

/** @param {number} value */
export function grouped(value) {
  return value.toLocaleString("en-US");
}

/**
 * Seconds as a person says them.
 * @param {number} seconds
 */
export function duration(seconds) {
  const rounded = Math.max(0, Math.ceil(seconds));
  if (rounded < 120) return `${rounded} s`;
  if (rounded < 3600) return `${Math.ceil(rounded / 60)} min`;
  if (rounded < 172800) return `${Math.ceil(rounded / 3600)} h`;
  return `${Math.ceil(rounded / 86400)} days`;
}
