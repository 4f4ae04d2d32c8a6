// @ts-check
/** How the page reaches the emulator: the token, single calls, and the stream of what goes on. */

const KEPT_AS = "leadgenius-emulator-token";
const PRINTABLE = /^[\x21-\x7e]+$/;

/** A call that the emulator refused. */
export class Refused extends Error {
  /**
   * @param {number} status
   * @param {string} message
   */
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/** The token of the address, which is taken out of it, or the one of before. */
export function takeToken() {
  const given = new URLSearchParams(location.hash.slice(1)).get("token");
  if (given) {
    keepToken(given);
    history.replaceState(null, "", location.pathname);
  }
  return token();
}

/**
 * Keep a token for as long as the tab is open.
 * @param {string} text the token, or an address that ends with it
 */
export function keepToken(text) {
  sessionStorage.setItem(KEPT_AS, text.replace(/^.*#token=/, "").trim());
}

export function forgetToken() {
  sessionStorage.removeItem(KEPT_AS);
}

/**
 * Call the emulator.
 * @param {string} method
 * @param {string} path below `/__lg__/`
 * @param {unknown} [body]
 * @returns {Promise<any>}
 */
export async function call(method, path, body) {
  const response = await ask(path, { method, body: JSON.stringify(body) });
  return response.json();
}

/** What goes on, message by message, until the emulator ends it. */
export async function* messages() {
  const response = await ask("events", {});
  const body = /** @type {ReadableStream<BufferSource>} */ (response.body);
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const events = (rest + value).split("\n\n");
    rest = events.pop() ?? "";
    for (const event of events) yield JSON.parse(event.slice("data: ".length));
  }
}

function token() {
  return sessionStorage.getItem(KEPT_AS) ?? "";
}

/**
 * @param {string} path
 * @param {RequestInit} options
 */
async function ask(path, options) {
  if (!PRINTABLE.test(token())) throw new Refused(401, "That is no token");
  const headers = { "X-Emulator-Token": token() };
  const response = await fetch(`/__lg__/${path}`, { ...options, headers, cache: "no-store" });
  if (!response.ok) throw new Refused(response.status, await reason(response));
  return response;
}

/** @param {Response} response */
async function reason(response) {
  try {
    return (await response.json()).error;
  } catch {
    return `The emulator answered ${response.status}`;
  }
}
