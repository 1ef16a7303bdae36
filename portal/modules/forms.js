// Labelled fields, buttons, tables and the list of findings; the same looks and names everywhere.

import { call } from "./api.js";
import { element } from "./dom.js";
import { language, t } from "./texts.js";

let count = 0;

/** A label above its field, with a hint and a place for what is wrong with it. */
export function field(label, input, { hint = "", must = false } = {}) {
  input.id ||= `f${++count}`;
  if (must) input.toggleAttribute("required", true);
  const marks = must ? [element("span", { class: "must", "aria-hidden": "true" }, " *")] : [];
  const parts = [element("label", { for: input.id }, label, ...marks), input];
  if (hint) {
    input.setAttribute("aria-describedby", `${input.id}-hint`);
    parts.push(element("p", { class: "quiet hint", id: `${input.id}-hint` }, hint));
  }
  return element("div", { class: "row" }, ...parts);
}

/** @param {string} name @param {Record<string, any>} [more] */
export const input = (name, more = {}) => element("input", { name, ...more });

/** @param {string} name @param {Array<[string, string]>} options value and text @param {string} [chosen] */
export function select(name, options, chosen = "", more = {}) {
  const made = options.map(([value, text]) => element("option", { value, selected: value === chosen }, text));
  return element("select", { name, ...more }, ...made);
}

export const button = (text, act, more = {}) => element("button", { type: "button", click: act, ...more }, text);
export const quiet = (text, act, more = {}) => button(text, act, { class: "second", ...more });

/** A form that calls `act` with its values as an object. */
export function form(label, act, ...children) {
  const submit = (event) => {
    event.preventDefault();
    const values = Object.fromEntries([...new FormData(event.target)].map(([k, v]) => [k, String(v)]));
    act(values, event.submitter ?? event.target.querySelector("button[type=submit]"));
  };
  return element("form", { "aria-label": label, class: "card", submit }, ...children);
}

/** A table whose cells carry their column's name for narrow screens. */
export function table(caption, heads, rows) {
  const top = element("tr", {}, ...heads.map((text) => element("th", { scope: "col" }, text)));
  const line = (cells) =>
    element("tr", {}, ...cells.map((cell, n) => element("td", { "data-label": heads[n] }, ...[cell ?? ""].flat())));
  return element(
    "table",
    {},
    element("caption", {}, caption),
    element("thead", {}, top),
    element("tbody", {}, ...rows.map(line)),
  );
}

/** A section with its heading. */
export const section = (title, ...children) => {
  const id = `s${++count}`;
  return element("section", { "aria-labelledby": id, class: "part" }, element("h2", { id }, title), ...children);
};

/** A day and time as people read them; UTC, and says so. @param {string | null | undefined} stamp */
export const day = (stamp) => (stamp ? stamp.slice(0, 10) : "");
export const moment = (stamp) => (stamp ? `${stamp.slice(0, 16).replace("T", " ")} UTC` : "");

let catalogue = null;

/** Rules of the archive by id: their texts in both languages. */
export async function rules() {
  catalogue ??= call("GET", "/v1/rules", { open: true }).then((all) => new Map(all.items.map((r) => [r.id, r])));
  return catalogue;
}

const place = (found) => {
  const { sheet, cell } = { ...found, ...found.facts };
  return cell ? `${sheet ? `${sheet}: ` : ""}${cell}` : (found.where ?? "");
};

/** Findings grouped by severity: rule, place (sheet and cell), value, and how to mend. */
export async function findings(found, caption = t("findings.title")) {
  if (!found.length) return element("p", { class: "quiet" }, t("findings.none"));
  const known = language() === "zh" ? await rules() : new Map();
  const zh = (one, part) => known.get(one.rule)?.[part]?.zh;
  const severities = ["error", "warning", "hint"].filter((s) => found.some((f) => (f.severity ?? "error") === s));
  const parts = severities.map((severity) => {
    const rows = found.filter((f) => (f.severity ?? "error") === severity);
    const lines = rows.map((one) => [
      element("code", {}, place(one)),
      zh(one, "message") ? [zh(one, "message"), " ", element("span", { class: "quiet", lang: "en" }, one.message)] : one.message,
      one.value ? element("code", {}, String(one.value)) : "",
      zh(one, "mend") ?? one.mend ?? "",
      element("a", { href: `/v1/rules/${encodeURIComponent(one.rule)}` }, one.rule),
    ]);
    const title = `${caption}: ${t(`severity.${severity}`)} (${rows.length})`;
    const heads = ["where", "what", "value", "mend", "rule"].map((word) => t(`findings.${word}`));
    return element("div", { class: `findings ${severity}` }, table(title, heads, lines));
  });
  return element("div", {}, ...parts);
}
