// @ts-check
/** The switches: a control for each by what it may be, sent as soon as it is another. */

import { byId, element, say } from "./dom.js";
import { call } from "./link.js";

/** @typedef {string | number | boolean | null} Value */
/** @typedef {{name: string, group: string, kind: "flag" | "choice" | "number" | "text" | "plan", choices: (string | number)[], empty: boolean, default: Value, says: string}} Switch */
/** @typedef {{row: HTMLElement, show: (value: Value) => void}} Shown */

/**
 * Build the panel.
 * @param {Switch[]} switches
 */
export function switchPanel(switches) {
  /** @type {Map<string, Shown>} */
  const shown = new Map();
  const groups = Map.groupBy(switches, ({ group }) => group);
  const made = [...groups].map(([group, members]) => groupOf(group, members, shown, show));
  byId("switches").replaceChildren(...made);
  byId("switch-filter").oninput = () => filter(made, switches, shown);

  /** @param {Record<string, Value>} values */
  function show(values) {
    for (const [name, value] of Object.entries(values)) shown.get(name)?.show(value);
    for (const group of made) countChanged(group);
  }

  return { show };
}

/**
 * @param {string} title
 * @param {Switch[]} members
 * @param {Map<string, Shown>} shown
 * @param {(values: Record<string, Value>) => void} show
 */
function groupOf(title, members, shown, show) {
  const changed = element("span", { class: "tag changed" });
  const group = element("details", {}, element("summary", {}, title, " ", changed));
  for (const each of members) {
    const made = switchRow(each, show);
    shown.set(each.name, made);
    group.append(made.row);
  }
  return group;
}

/** @param {HTMLElement} group */
function countChanged(group) {
  const count = group.querySelectorAll("[data-changed=yes]").length;
  say(/** @type {Element} */ (group.querySelector("summary .tag")), count ? `${count} changed` : "");
}

/**
 * @param {Switch} about
 * @param {(values: Record<string, Value>) => void} show
 * @returns {Shown}
 */
function switchRow(about, show) {
  const id = `switch-${about.name}`;
  const control = controlOf(about, id);
  const usual = element("span", { class: "note" }, `default ${written(about.default)}`);
  const error = element("p", { class: "error", role: "alert", id: `${id}-error` });
  const head = element("div", { class: "line" }, element("label", { for: id, class: "mono" }, about.name), control);
  const row = element("div", { class: "switch" }, head, error, element("p", { class: "note", id: `${id}-says` }, about.says, " ", usual));
  /** @type {Value} */
  let present = about.default;

  /** @param {Value} value */
  function place(value) {
    present = value;
    row.dataset.changed = value === about.default ? "no" : "yes";
    if (document.activeElement !== control || isPicked(about)) write(control, about, value);
  }

  control.addEventListener("change", async () => {
    say(error, "");
    try {
      show(await call("POST", "switches", { [about.name]: read(control, about) }));
    } catch (refused) {
      say(error, String(/** @type {Error} */ (refused).message));
      write(control, about, present);
    }
  });
  return { row, show: place };
}

/** @param {Switch} about */
function isPicked({ kind }) {
  return kind === "flag" || kind === "choice";
}

/**
 * @param {Switch} about
 * @param {string} id
 */
function controlOf({ kind, choices, empty }, id) {
  const described = { id, "aria-describedby": `${id}-says ${id}-error` };
  if (kind === "choice") {
    const options = choices.map((each) => element("option", {}, String(each)));
    return /** @type {HTMLSelectElement} */ (element("select", described, ...options));
  }
  const type = { flag: "checkbox", number: "number", text: "text", plan: "text" }[kind];
  /** @type {Record<string, string>} */
  const more = kind === "number" ? { step: "any", placeholder: empty ? "none" : "" } : { placeholder: choices.join(", ") };
  return /** @type {HTMLInputElement} */ (element("input", { ...described, type, autocomplete: "off", spellcheck: "false", ...more }));
}

/**
 * @param {HTMLInputElement | HTMLSelectElement} control
 * @param {Switch} about
 * @returns {Value}
 */
function read(control, { kind, choices, empty }) {
  const text = control.value.trim();
  if (control instanceof HTMLSelectElement) return choices[control.selectedIndex];
  if (control.validity.badInput) throw new Error("That is no number");
  if (kind === "flag") return control.checked;
  if (kind === "text") return control.value;
  if (kind === "plan") return /^-?\d+$/.test(text) ? Number(text) : text;
  return text === "" ? null : Number(text);
}

/**
 * @param {HTMLInputElement | HTMLSelectElement} control
 * @param {Switch} about
 * @param {Value} value
 */
function write(control, { kind }, value) {
  if (kind === "flag") /** @type {HTMLInputElement} */ (control).checked = value === true;
  else if (control.value !== written(value, "") || control.validity.badInput) control.value = written(value, "");
}

/**
 * @param {Value} value
 * @param {string} none what stands for no value
 */
function written(value, none = "none") {
  return value === null || value === "" ? none : String(value);
}

/**
 * Show the switches that have a text in their name or meaning, and open their groups.
 * @param {HTMLElement[]} groups
 * @param {Switch[]} switches
 * @param {Map<string, Shown>} shown
 */
function filter(groups, switches, shown) {
  const text = /** @type {HTMLInputElement} */ (byId("switch-filter")).value.trim().toLowerCase();
  for (const { name, says } of switches) {
    const row = /** @type {Shown} */ (shown.get(name)).row;
    row.hidden = !`${name} ${says}`.toLowerCase().includes(text);
  }
  for (const group of groups) {
    const some = group.querySelector(".switch:not([hidden])") !== null;
    group.hidden = !some;
    /** @type {HTMLDetailsElement} */ (group).open = some && text !== "";
  }
}
