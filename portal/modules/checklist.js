// The curator's checklist: open warnings, those that must be decided first (private content, human reads). While one is open nothing is accepted.

import { call } from "./api.js";
import { element } from "./dom.js";
import { button, section, select, table } from "./forms.js";
import { doing, say } from "./shell.js";
import { t } from "./texts.js";

/**
 * @param {any} desk what GET /v1/curation/{id} tells @param {string} path of the desk @param {boolean} curator
 * @returns {{node: Node, closed: () => string, gate: HTMLElement, guard: (button: HTMLElement, act: () => any) => HTMLElement}}
 *   `closed`: why nothing can be accepted now, or nothing; `guard`: a button that then says so and leads to the open row
 */
export function checklistOf(desk, path, curator) {
  let rows = desk.checklist;
  const gate = element("p", { class: "note", id: "gate" });
  const guarded = [];
  const closed = () => {
    const open = rows.filter((row) => row.must_be_decided && !row.decision).length;
    const back = rows.filter((row) => row.decision === "return").length;
    if (open) return t("checklist.undecided", { count: open });
    return back ? t("checklist.goes_back", { count: back }) : "";
  };
  const shown = rows.length ? table(t("checklist.title"), heads(), rows.map((row) => line(row, curator))) : null;
  const refresh = () => {
    gate.textContent = closed();
    gate.hidden = !closed();
    for (const one of guarded) one.setAttribute("aria-disabled", String(Boolean(closed())));
  };
  const guard = (pressed, act) => {
    pressed.setAttribute("aria-describedby", gate.id);
    pressed.addEventListener("click", () => {
      if (!closed()) return act();
      say(closed(), true);
      return firstOpen(shown)?.focus();
    });
    guarded.push(pressed);
    refresh();
    return pressed;
  };
  const store = button(t("checklist.store"), () =>
    doing(store, async () => {
      const chosen = [...shown.querySelectorAll("select")].filter((one) => one.value);
      const decisions = chosen.map((one) => ({ finding: one.dataset.finding, decision: one.value }));
      if (!decisions.length) return say(t("checklist.nothing_chosen"), true);
      rows = (await call("PUT", `${path}/checklist`, { body: { decisions } })).checklist;
      refresh();
      say(closed() || t("saved"));
    }),
  );
  refresh();
  const inside = shown ? [shown, curator && desk.stage ? store : ""] : [element("p", { class: "quiet" }, t("checklist.none"))];
  return { node: section(t("checklist.title"), ...inside), closed, gate, guard };
}

const heads = () => [t("findings.rule"), t("findings.where"), t("findings.what"), t("findings.value"), t("checklist.decision")];
const firstOpen = (shown) => {
  const all = [...shown.querySelectorAll("select")];
  return all.find((one) => one.dataset.must && !one.value) ?? all.find((one) => one.value === "return") ?? all[0];
};

function line(row, curator) {
  const options = [["", t("checklist.open")], ["harmless", t("checklist.harmless")], ["return", t("checklist.return")]];
  const label = t("checklist.decision_on", { where: row.found.where });
  const must = row.must_be_decided ? { "data-must": "yes" } : {};
  const more = { "aria-label": label, "data-finding": row.finding, ...must };
  return [
    row.must_be_decided ? element("strong", {}, t("checklist.must", { rule: row.found.rule })) : row.found.rule,
    element("code", {}, row.found.where),
    row.found.message,
    row.found.value ? element("code", {}, String(row.found.value)) : "",
    curator ? select("decision", /** @type {any} */ (options), row.decision ?? "", more) : (row.decision ?? ""),
  ];
}
