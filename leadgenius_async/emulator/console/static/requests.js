// @ts-check
/** The list of requests, newest first: what of it is kept, what is shown, and its history. */

import { byId, element, grouped, say } from "./dom.js";

/** @typedef {{at: number, method: string, path: string, status: number, rows: number | null, ms: number, account: string | null, met: string[]}} Request */

/** Requests that the page remembers, and rows that it shows of them. */
const KEPT = 2000;
const SHOWN = 200;
/** Seconds that the history spans, and its height in the units of its view box. */
const SPAN = 120;
const HEIGHT = 40;

export function requestList() {
  /** @type {Request[]} */
  let kept = [];
  /** @type {Request[]} */
  let fresh = [];
  let dropped = 0;
  let paused = false;
  let whole = true;
  const body = byId("request-rows");
  const pause = byId("pause");

  function matching() {
    const path = /** @type {HTMLInputElement} */ (byId("path-filter")).value.trim();
    const status = /** @type {HTMLSelectElement} */ (byId("status-filter")).value;
    return (/** @type {Request} */ each) =>
      each.path.includes(path) && (!status || isOf(each.status, status));
  }

  function reset() {
    kept = [];
    fresh = [];
    dropped = 0;
    whole = true;
  }

  /**
   * @param {Request[]} requests oldest first
   * @param {number} left left out before them
   */
  function add(requests, left) {
    fresh.push(...requests);
    fresh.splice(0, Math.max(0, fresh.length - KEPT));
    dropped += left;
  }

  function render() {
    if (!paused) {
      const newest = fresh.reverse();
      kept = [...newest, ...kept].slice(0, KEPT);
      fresh = [];
      if (whole) body.replaceChildren();
      const shown = (whole ? kept : newest).filter(matching()).slice(0, SHOWN);
      body.prepend(...shown.map(row));
      while (body.childElementCount > SHOWN) body.lastElementChild?.remove();
      whole = false;
    }
    byId("no-requests").hidden = body.childElementCount > 0;
    say(byId("no-requests"), kept.length ? "None of them matches." : NOTHING);
    say(byId("request-note"), note());
  }

  function note() {
    const parts = [`the last ${grouped(kept.length)} kept, up to ${SHOWN} shown`];
    if (dropped) parts.push(`${grouped(dropped)} came too fast to be listed`);
    if (paused) parts.push(`paused, ${grouped(fresh.length)} since`);
    return parts.join(" · ");
  }

  function filter() {
    if (paused) {
      body.replaceChildren(...kept.filter(matching()).slice(0, SHOWN).map(row));
    } else {
      whole = true;
    }
    render();
  }

  pause.addEventListener("click", () => {
    paused = !paused;
    pause.setAttribute("aria-pressed", String(paused));
    say(pause, paused ? "Go on" : "Pause");
    render();
  });
  byId("path-filter").addEventListener("input", filter);
  byId("status-filter").addEventListener("change", filter);
  return { add, render, reset };
}

const NOTHING = "Nothing was asked yet. Point a client at this address, see Connect.";

/** Requests of each second, all and those that were refused for their rate. */
export function requestHistory() {
  /** @type {Map<number, [number, number]>} */
  const seconds = new Map();

  /**
   * @param {number} second
   * @param {number} all
   * @param {number} refused
   */
  function count(second, all, refused) {
    const [before, beforeRefused] = seconds.get(second) ?? [0, 0];
    seconds.set(second, [before + all, beforeRefused + refused]);
  }

  /**
   * @param {Request[]} requests
   * @param {number} left
   */
  function add(requests, left) {
    for (const each of requests) count(Math.floor(each.at), 1, each.status === 429 ? 1 : 0);
    if (left && requests.length) count(Math.floor(requests[0].at), left, 0);
  }

  /** @param {number} now epoch seconds of the machine */
  function render(now) {
    const last = Math.floor(now) - 1; // the present second is not over
    const first = last - SPAN + 1;
    for (const second of seconds.keys()) if (second < first) seconds.delete(second);
    const past = Array.from({ length: SPAN }, (_, n) => seconds.get(first + n) ?? [0, 0]);
    const peak = Math.max(...past.map(([all]) => all));
    byId("history-all").setAttribute("d", bars(past.map(([all]) => all), peak));
    byId("history-refused").setAttribute("d", bars(past.map(([, refused]) => refused), peak));
    say(byId("speed"), grouped(past[SPAN - 1][0]));
    const refused = past.reduce((sum, [, each]) => sum + each, 0);
    say(byId("history-note"), `2 minutes · peak ${grouped(peak)} a second · ${grouped(refused)} refused (429)`);
  }

  return { add, render, reset: () => seconds.clear() };
}

/**
 * @param {number[]} values
 * @param {number} peak
 */
function bars(values, peak) {
  const bar = (/** @type {number} */ value, /** @type {number} */ n) => {
    const height = Math.max(1, (value / peak) * HEIGHT).toFixed(1);
    return value ? `M${n * 2} ${HEIGHT}v-${height}h1.6v${height}z` : "";
  };
  return values.map(bar).join("");
}

/**
 * @param {number} status
 * @param {string} wanted a status, its first figure, or 0
 */
function isOf(status, wanted) {
  return wanted.length === 3 ? String(status) === wanted : Math.floor(status / 100) === Number(wanted);
}

/** @param {Request} request */
function row(request) {
  const path = element("td", { class: "path" }, element("span", { class: "mono" }, request.path));
  for (const name of request.met) path.append(" ", element("span", { class: "tag" }, name));
  const status = request.status ? String(request.status) : "none";
  return element(
    "tr",
    { "data-status": String(Math.floor(request.status / 100)) },
    element("td", { class: "time" }, clockTime(request.at)),
    element("td", { class: "method" }, request.method),
    path,
    element("td", { class: "account" }, request.account ?? ""),
    element("td", { class: "number status" }, status),
    element("td", { class: "number" }, request.rows === null ? "" : grouped(request.rows)),
    element("td", { class: "number" }, request.ms.toFixed(request.ms < 10 ? 1 : 0)),
  );
}

/** @param {number} at */
function clockTime(at) {
  const moment = new Date(at * 1000);
  const two = (/** @type {number} */ value) => String(value).padStart(2, "0");
  const clock = [moment.getHours(), moment.getMinutes(), moment.getSeconds()].map(two).join(":");
  return `${clock}.${String(moment.getMilliseconds()).padStart(3, "0")}`;
}
