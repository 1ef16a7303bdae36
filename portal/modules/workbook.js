// Metadata by workbook: template, dry run with every finding and the difference, annotated copy back, then stored.

import { call, get } from "./api.js";
import { element, save } from "./dom.js";
import { button, field, findings, quiet, section, select, table } from "./forms.js";
import { doing, go, say } from "./shell.js";
import { language, t } from "./texts.js";

const KINDS = {
  xlsx: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
  tsv: "text/tab-separated-values",
  json: "application/json",
  xml: "application/xml",
};
const path = (id) => `/v1/submissions/${encodeURIComponent(id)}/metadata`;

/** @param {HTMLElement} place @param {string} id */
export async function byWorkbook(place, id) {
  const found = await get(`/v1/submissions/${encodeURIComponent(id)}`);
  const members = (await get("/v1/members")).items;
  const member = members.find((one) => one.id === found.member);
  const verdict = element("div", { id: "verdict" });
  const chosen = (file) => file && doing(null, () => look(verdict, found, file), t("metadata.checking"));
  place.append(
    element("p", {}, element("a", { href: `#s/${id}` }, t("back_to", { title: found.title }))),
    template(member),
    section(t("metadata.send"), drop(chosen)),
    verdict,
  );
  return t("metadata.by_workbook");
}

function template(member) {
  const packages = member.objects.flatMap((kind) => kind.packages ?? []);
  const options = [["", t("metadata.all_packages")], ...packages.map((one) => [one.id, one.title[language()]])];
  const choice = select("package", /** @type {any} */ (options));
  const link = element("a", { class: "button", download: "" }, t("metadata.template"));
  const point = () => {
    const query = new URLSearchParams({ lang: language(), ...(choice.value ? { package: choice.value } : {}) });
    link.setAttribute("href", `/v1/members/${encodeURIComponent(member.id)}/template?${query}`);
  };
  choice.addEventListener("change", point);
  point();
  return section(
    t("metadata.template_title"),
    element("p", { class: "quiet" }, t("metadata.template_hint")),
    packages.length ? field(t("metadata.package"), choice) : "",
    link,
  );
}

/** A place to drop a file on, which is a plain file field for everybody else. @param {(file: File) => void} chosen */
function drop(chosen) {
  const input = element("input", { type: "file", accept: ".xlsx,.tsv,.json,.xml" });
  input.addEventListener("change", () => {
    chosen(input.files[0]);
    input.value = "";
  });
  const area = element("div", { class: "drop" }, field(t("metadata.file"), input, { hint: t("metadata.file_hint") }));
  const over = (on) => (event) => {
    event.preventDefault();
    area.classList.toggle("over", on);
    if (event.type === "drop") chosen(event.dataTransfer.files[0]);
  };
  area.addEventListener("dragover", over(true));
  area.addEventListener("dragleave", over(false));
  area.addEventListener("drop", over(false));
  return area;
}

/** The dry run: what the archive would say and change; nothing is stored. */
async function look(place, of, file) {
  const type = KINDS[file.name.toLowerCase().split(".").pop()];
  if (!type) return say(t("metadata.kind", { name: file.name }), true);
  const body = await file.arrayBuffer();
  const said = await call("POST", `${path(of.id)}/check`, { body, type });
  const taken = said.verdict === "taken";
  const store = button(t("metadata.store"), () =>
    doing(store, async () => {
      await call("PUT", path(of.id), { body, type });
      go(`s/${of.id}`, t("metadata.stored"));
    }),
  );
  const annotated = quiet(t("metadata.annotated"), () =>
    doing(annotated, async () => {
      const marked = await call("POST", `${path(of.id)}/annotated`, { body, type, query: { lang: language() }, as: "blob" });
      save(marked, `${of.id}-findings.xlsx`);
    }),
  );
  const marked = said.findings_total > 0 && (type === KINDS.xlsx || type === KINDS.tsv);
  const summary = taken ? t("metadata.taken", { name: file.name }) : t("metadata.refused", { name: file.name, count: said.errors_total });
  place.replaceChildren(
    section(
      t("metadata.verdict"),
      element("p", { class: taken ? "good" : "bad", id: "summary" }, summary),
      element("p", { class: "acts" }, taken && store, " ", marked && annotated),
      groups(said.groups),
      await findings(said.findings.slice(0, 500)),
      said.findings_total > 500 && element("p", { class: "quiet" }, t("findings.first", { count: 500, total: said.findings_total })),
    ),
    said.difference ? difference(said.difference) : "",
  );
  say(summary, !taken);
}

/** Findings of one rule in one column are one line, however many rows they have. */
function groups(found) {
  if (found.length < 2) return "";
  const rows = found.map((g) => [g.rule, t(`severity.${g.severity}`), g.count, [g.sheet, g.column].filter(Boolean).join(" "), g.mend]);
  const heads = ["rule", "severity", "count", "where", "mend"].map((word) => t(`findings.${word}`));
  return element("details", {}, element("summary", {}, t("findings.groups")), table(t("findings.groups"), heads, rows));
}

function difference(of) {
  const name = (one) => `${one.type} ${one.alias}`;
  const list = (title, items) =>
    items.length ? [element("h3", {}, title), element("ul", {}, ...items.map((one) => element("li", {}, name(one))))] : [];
  const changes = of.changed.flatMap((one) =>
    one.fields.map((change) => [name(one), change.field, shown(change.old), shown(change.new)]),
  );
  const heads = ["object", "field", "before", "after"].map((word) => t(`difference.${word}`));
  return section(
    t("difference.title"),
    element("p", { class: "quiet" }, t("difference.unchanged", { count: of.unchanged })),
    ...list(t("difference.added"), of.added),
    ...list(t("difference.removed"), of.removed),
    changes.length ? table(t("difference.changed"), heads, changes) : "",
  );
}

const shown = (value) => (value === undefined ? "" : typeof value === "string" ? value : JSON.stringify(value));
