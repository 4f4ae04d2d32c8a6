// @ts-check
/** The console: keeps the link to the emulator, and gives each panel what came over it. */

import { byId, grouped, say } from "./dom.js";
import { Refused, forgetToken, keepToken, messages, takeToken } from "./link.js";
import {
  offerClock,
  offerFaults,
  showClock,
  showConnect,
  showFaults,
  showRates,
  showTables,
} from "./panels.js";
import { requestHistory, requestList } from "./requests.js";
import { switchPanel } from "./switches.js";

/** Milliseconds until the page looks for an emulator again that does not answer. */
const AGAIN = 2000;

const list = requestList();
const past = requestHistory();
/** @type {ReturnType<typeof switchPanel> | undefined} */
let switches;
/** What `switches` was made of: made anew, it would close what is open. */
let offered = "";
/** @type {any} */
let waiting = null;

/** @param {any} message */
function receive(message) {
  if (message.hello) greet(message.hello);
  list.add(message.requests ?? [], message.dropped ?? 0);
  past.add(message.requests ?? [], message.dropped ?? 0);
  if (waiting === null) requestAnimationFrame(render);
  waiting = { total: message.total, state: message.state ?? waiting?.state };
}

/** @param {any} hello */
function greet(hello) {
  list.reset();
  past.reset();
  offerSwitches(hello.switches);
  offerFaults(hello.faults);
  showConnect(hello.accounts);
  showMain("console");
  told("live", "live");
}

/** @param {any[]} described */
function offerSwitches(described) {
  const text = JSON.stringify(described);
  if (text !== offered) switches = switchPanel(described);
  offered = text;
}

function render() {
  const { total, state } = waiting;
  waiting = null;
  say(byId("total"), grouped(total));
  list.render();
  if (state) showState(state);
}

/** @param {any} state */
function showState(state) {
  past.render(state.now - state.ahead);
  showRates(state.rates, state.now);
  showFaults(state.faults);
  showTables(state.tables);
  showClock(state.now, state.ahead);
  switches?.show(state.switches);
}

/** @param {"console" | "locked"} which */
function showMain(which) {
  for (const id of ["console", "locked"]) byId(id).hidden = id !== which;
  byId("figures").hidden = which === "locked";
}

/**
 * Say how the link is.
 * @param {"live" | "wait" | "gone"} how
 * @param {string} text
 */
function told(how, text) {
  byId("link").dataset.is = how;
  say(byId("link"), text);
}

/** @param {string} why */
function lock(why) {
  showMain("locked");
  told("gone", "locked");
  say(byId("unlock-error"), why);
  byId("token").focus();
}

/** Follow the emulator until the token is refused, through all its restarts. */
async function follow() {
  for (;;) {
    try {
      for await (const message of messages()) receive(message);
      told("gone", "The emulator is gone");
    } catch (error) {
      if (error instanceof Refused && error.status === 401) return refuse();
      told("gone", error instanceof Refused ? error.message : "The emulator is gone");
    }
    await new Promise((resume) => setTimeout(resume, AGAIN));
  }
}

function refuse() {
  forgetToken();
  lock("The token is not that of this start of the emulator.");
}

function begin() {
  if (takeToken()) void follow();
  else lock("");
}

byId("unlock").addEventListener("submit", (event) => {
  event.preventDefault();
  keepToken(/** @type {HTMLInputElement} */ (byId("token")).value);
  begin();
});
// An address with a new token, pasted into the same tab, loads nothing by itself.
window.addEventListener("hashchange", () => location.reload());
offerClock();
begin();
