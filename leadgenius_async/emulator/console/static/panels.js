// @ts-check
/** The panels beside the list of requests: each shows a part of the state and may change it. */

import { byId, duration, element, grouped, say } from "./dom.js";
import { call } from "./link.js";

/** @typedef {{used: number, limit: number, window: number, reset: number, refill: number | null}} Window */
/** @typedef {{account: string, windows: Window[]}} Rate */
/** @typedef {{number: number, text: string, calls: number, hits: number}} Rule */
/** @typedef {{client_id: string, name: string | null, rows: number[]}} ClientRows */
/** @typedef {{company_id: string, name: string, rows: number[], count: number, clients: ClientRows[]}} Company */
/** @typedef {{company_id: string, name: string, api_key: string, user_id: string, username: string, password: string, exports: string}} Account */

/** @type {[string, string][]} */
const EXAMPLES = [
  ["503 twice, with Retry-After", "* /api/* status=503 times=2 retry_after=1"],
  ["refused for the rate, one in ten", "GET /api/* status=429 retry_after=2 probability=0.1"],
  ["a login that has run out, once", "* /api/* status=401 times=1"],
  ["connection closed, one in ten", "* /api/* hang_up probability=0.1"],
  ["a write applied, its answer lost", "POST /api/leads* hang_up when=after times=1"],
  ["each answer two seconds later", "* /api/* delay=2"],
  ["a list that is cut off", "GET /api/* truncated=0.5 times=1"],
];

/**
 * How full each company's windows are.
 * @param {Rate[]} rates
 * @param {number} now
 */
export function showRates(rates, now) {
  const limited = rates.filter(({ windows }) => windows.length);
  const gauges = limited.flatMap(({ account, windows }) =>
    windows.map((window) => gauge(account, window, now)),
  );
  byId("gauges").replaceChildren(
    ...(gauges.length ? gauges : [element("p", { class: "note" }, "No limit: rate is off.")]),
  );
}

/**
 * @param {string} account
 * @param {Window} window
 * @param {number} now
 */
function gauge(account, { used, limit, window, reset, refill }, now) {
  const share = Math.min(1, used / limit);
  const bar = element("span", { class: "bar" });
  bar.style.inlineSize = `${share * 100}%`;
  const counted = refill === null ? "" : ` tokens taken, ${grouped(refill)} come`;
  const text = `${grouped(used)} of ${grouped(limit)}${counted} in ${duration(window)}`;
  const resets = refill === null ? "resets" : "is full";
  const wait = used ? `${resets} in ${duration(reset - now)}` : "nothing used";
  const meter = {
    class: "meter",
    role: "meter",
    "aria-label": `Requests of ${account} in ${duration(window)}`,
    "aria-valuemin": "0",
    "aria-valuemax": String(limit),
    "aria-valuenow": String(Math.min(used, limit)),
    "aria-valuetext": `${text}, ${wait}`,
    "data-full": share >= 1 ? "yes" : share >= 0.8 ? "nearly" : "no",
  };
  return element(
    "div",
    { class: "gauge" },
    element("p", {}, element("span", { class: "mono" }, account), element("span", {}, text)),
    element("div", meter, bar),
    element("p", { class: "note" }, wait),
  );
}

/**
 * The fault rules, each with what removes it.
 * @param {Rule[]} rules
 */
export function showFaults(rules) {
  const list = byId("faults");
  const shown = JSON.stringify(rules);
  if (list.dataset.shown === shown) return;
  const focused = /** @type {HTMLElement | null} */ (document.activeElement)?.dataset.rule;
  list.dataset.shown = shown;
  list.replaceChildren(
    ...(rules.length ? rules.map(faultRow) : [element("li", { class: "note" }, "None.")]),
  );
  if (focused) refocus(list, focused);
}

/**
 * @param {HTMLElement} list
 * @param {string} rule
 */
function refocus(list, rule) {
  const button = list.querySelector(`[data-rule="${CSS.escape(rule)}"]`);
  if (button instanceof HTMLElement) button.focus();
}

/** @param {Rule} rule */
function faultRow({ number, text, calls, hits }) {
  const remove = element(
    "button",
    { type: "button", "data-rule": String(number), "aria-label": `Remove rule ${number}: ${text}` },
    "Remove",
  );
  remove.addEventListener("click", () =>
    attempt("fault-error", async () => {
      showFaults(await call("DELETE", `faults/${number}`));
      byId("fault-text").focus();
    }),
  );
  const met = `met ${grouped(hits)} of ${grouped(calls)} that matched`;
  return element(
    "li",
    {},
    element("div", {}, element("code", {}, text), element("span", { class: "note" }, met)),
    remove,
  );
}

/**
 * The form that adds a rule.
 * @param {string[]} kinds
 */
export function offerFaults(kinds) {
  const example = /** @type {HTMLSelectElement} */ (byId("fault-example"));
  say(byId("fault-kinds"), kinds.join(", "));
  if (example.options.length > 1) return;
  example.append(...EXAMPLES.map(([name, rule]) => element("option", { value: rule }, name)));
  const text = /** @type {HTMLInputElement} */ (byId("fault-text"));
  example.addEventListener("change", () => {
    text.value = example.value;
  });
  byId("fault-form").addEventListener("submit", (event) => {
    event.preventDefault();
    attempt("fault-error", async () => {
      await call("POST", "faults", text.value);
      showFaults(await call("GET", "faults"));
      text.value = example.value = "";
    });
  });
}

/**
 * Rows per company and client.
 * @param {Company[]} companies
 */
export function showTables(companies) {
  const shown = JSON.stringify(companies);
  if (byId("tables").dataset.shown === shown) return;
  byId("tables").dataset.shown = shown;
  byId("tables").replaceChildren(...companies.flatMap(companyRows));
}

/** @param {Company} company */
function companyRows({ company_id, name, rows, count, clients }) {
  const left = count - clients.filter((client) => client.name !== null).length;
  const title = element("th", { scope: "row" }, name, " ", note(`${company_id} · ${grouped(count)} clients`));
  const head = element("tr", { class: "company" }, title, ...numbers(rows));
  const more = note(`and ${grouped(left)} clients more`);
  return [
    head,
    ...clients.map(clientRow),
    ...(left > 0 ? [element("tr", {}, element("td", { colspan: "3" }, more))] : []),
  ];
}

/** @param {ClientRows} client */
function clientRow({ client_id, name, rows }) {
  const id = element("span", { class: "note mono id" }, client_id);
  const title = element("td", {}, name ?? "no client has this", " ", id);
  return element("tr", { "data-orphan": name === null ? "yes" : "no" }, title, ...numbers(rows));
}

/** @param {number[]} rows */
function numbers(rows) {
  return rows.map((value) => element("td", { class: "number" }, grouped(value)));
}

/** @param {string} text */
function note(text) {
  return element("span", { class: "note" }, text);
}

/**
 * The emulator's time, and by how much it was turned.
 * @param {number} now
 * @param {number} ahead
 */
export function showClock(now, ahead) {
  const text = new Date(now * 1000).toISOString().replace("T", " ").slice(0, 19);
  say(byId("time"), `${text.slice(11)} UTC`);
  byId("time").title = text;
  const turned = ahead < 1 ? "as the machine’s" : `${duration(ahead - 0.5)} ahead of the machine’s`;
  say(byId("ahead"), `${text} UTC, ${turned}. Tokens expire, windows empty and runs end by it.`);
}

export function offerClock() {
  const seconds = /** @type {HTMLInputElement} */ (byId("seconds"));
  const turn = (/** @type {number} */ advance) =>
    attempt("clock-error", () => call("POST", "clock", { advance }));
  for (const button of byId("clock-steps").querySelectorAll("button")) {
    button.addEventListener("click", () => turn(Number(button.dataset.seconds)));
  }
  byId("clock-form").addEventListener("submit", (event) => {
    event.preventDefault();
    turn(seconds.valueAsNumber);
  });
}

/**
 * What a shell needs to use the emulator.
 * @param {Account[]} accounts
 */
export function showConnect(accounts) {
  const select = /** @type {HTMLSelectElement} */ (byId("account"));
  const chosen = select.value;
  select.replaceChildren(
    ...accounts.map((each) => element("option", { value: each.company_id }, `${each.name} (${each.company_id})`)),
  );
  if (accounts.some(({ company_id }) => company_id === chosen)) select.value = chosen;
  const show = () => {
    const account = accounts[select.selectedIndex];
    say(byId("exports"), account.exports.trim());
    say(byId("login"), `login: ${account.username} · ${account.password}`);
  };
  select.onchange = show;
  show();
  byId("copy").onclick = async () => {
    say(byId("copy"), await copied(byId("exports")));
    setTimeout(() => say(byId("copy"), "Copy"), 3000);
  };
}

/**
 * Copy a text; where the browser refuses, as by http from another machine, select it.
 * @param {HTMLElement} target
 */
async function copied(target) {
  try {
    await navigator.clipboard.writeText(`${target.textContent}\n`);
    return "Copied";
  } catch {
    getSelection()?.selectAllChildren(target);
    return "Press Ctrl+C";
  }
}

/**
 * Do something, and say beneath it why it was refused.
 * @param {string} place id of the element that says so
 * @param {() => Promise<unknown>} action
 */
export async function attempt(place, action) {
  say(byId(place), "");
  try {
    await action();
  } catch (error) {
    say(byId(place), error instanceof TypeError ? "The emulator does not answer." : String(/** @type {Error} */ (error).message));
  }
}
