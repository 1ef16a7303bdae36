// One submission: where it stands, what to do now, what was found, its objects, files and history.

import { call, get, post } from "./api.js";
import { checkReport } from "./check_report.js";
import { element, save, size } from "./dom.js";
import { button, findings, moment, quiet, section, table } from "./forms.js";
import { numbersOf } from "./human_resources.js";
import { imagingOf } from "./imaging.js";
import { sharing } from "./sharing.js";
import { doing, follow, go, reload } from "./shell.js";
import { language, stateWords, t } from "./texts.js";

const EDITABLE = ["draft", "files_failed", "revision_requested"];
const MOVING = ["submitted", "metadata_review", "metadata_accepted", "files_expected", "files_checking", "accepted", "data_review"];
const HANDED = ["submitted", "metadata_review", "metadata_accepted", "files_expected"];
const XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

const path = (id) => `/v1/submissions/${encodeURIComponent(id)}`;

/** @param {HTMLElement} place @param {string} id @param {any} me */
export async function one(place, id, me) {
  const [found, history, reasons] = await Promise.all([
    get(path(id)),
    get(`${path(id)}/history`, { limit: 200 }),
    get("/v1/return-reasons"),
  ]);
  const own = !me.roles.includes("curator") || found.state === "draft";
  place.append(
    standing(found),
    found.reasons.length ? returned(found.reasons, reasons.items) : "",
    steps(found),
    await findingsOf(found),
    await numbersOf(found, false),
    objects(found),
    filesOf(found),
    await imagingOf(found),
    happened(history.items),
    own ? await sharing(found, me) : "",
  );
  follow(place, async () => {
    const now = await get(path(id));
    if (now.updated_at === found.updated_at && now.state === found.state) return MOVING.includes(now.state) ? false : null;
    if (!place.contains(document.activeElement) || now.state !== found.state) reload();
    return null;
  });
  return found.title;
}

const fact = (name, ...value) => [element("dt", {}, name), element("dd", {}, ...value)];

function standing(of) {
  const place = of.queue;
  const queue = place
    ? [
        ...fact(t("queue.place"), t("queue.of", { position: place.position, length: place.length })),
        ...fact(t("queue.expected"), place.expected_on ?? t("queue.unknown")),
      ]
    : [];
  const dataset = of.dataset
    ? fact(t("submission.accession"), element("a", { href: `index.html#${of.dataset}` }, of.dataset))
    : [];
  const when = of.release.mode === "on_date" ? of.release.date : t("release.immediately");
  return element(
    "div",
    {},
    element("p", { class: "now", id: "state" }, element("strong", { class: `state ${of.state}` }, stateWords(of))),
    element("p", { class: "note", id: "todo" }, element("strong", {}, t("submission.todo"), ": "), t(`todo.${of.state}`)),
    element(
      "dl",
      { class: "facts" },
      ...fact(t("submission.member"), of.member.toUpperCase()),
      ...fact(t("submission.number"), element("code", {}, of.id)),
      ...dataset,
      ...queue,
      ...fact(t("release.when"), when),
      ...fact(t("submission.round"), of.round),
    ),
  );
}

/** The curator's reasons, in the reader's language where the code has one. */
export function returned(reasons, known) {
  const texts = new Map(known.map((row) => [row.code, row]));
  const lines = reasons.map((reason) => {
    const row = texts.get(reason.code);
    const said = row ? element("strong", {}, row.text[language()]) : element("code", {}, reason.code);
    const own = row && Object.values(row.text).includes(reason.text) ? "" : reason.text; // the code's words are said already
    return element("li", {}, said, own ? ` ${own}` : "");
  });
  return section(t("submission.reasons"), element("ul", { class: "reasons" }, ...lines));
}

/** What the person can do now, in the order in which it is done. */
function steps(of) {
  const link = (part, key) => element("a", { class: "button", href: `#s/${of.id}/${part}` }, t(key));
  const workbook = (event) =>
    doing(event.target, async () => {
      const query = { lang: language() };
      save(new Blob([await call("GET", `${path(of.id)}/workbook`, { query, as: "blob" })], { type: XLSX }), `${of.id}.xlsx`);
    });
  const submit = (event) =>
    doing(event.target, async () => {
      await post(`${path(of.id)}/submit`);
      go(`s/${of.id}`, t("submission.handed_in"));
    });
  const cancel = (event) =>
    doing(event.target, async () => {
      if (!confirm(t("submission.cancel_sure"))) return;
      await call("DELETE", path(of.id));
      go("list", t("submission.cancelled"));
    });
  const editable = EDITABLE.includes(of.state);
  const described = of.objects.length > 0;
  const uploads = editable || HANDED.includes(of.state);
  return section(
    t("submission.steps"),
    element(
      "ul",
      { class: "acts" },
      ...[
        editable && link("metadata", "metadata.by_workbook"),
        editable && link("form", "metadata.by_form"),
        uploads && of.files.length > 0 && link("files", "files.send"),
        editable && described && button(t("submission.hand_in"), submit),
        described && quiet(t("metadata.download"), workbook),
        editable && quiet(t("submission.cancel"), cancel),
      ]
        .filter(Boolean)
        .map((child) => element("li", {}, child)),
    ),
  );
}

async function findingsOf(of) {
  if (!of.findings.length) return "";
  return section(t("findings.title"), await findings(of.findings));
}

function objects(of) {
  if (!of.objects.length) return section(t("submission.objects"), element("p", { class: "quiet" }, t("submission.no_objects")));
  const rows = of.objects.map((o) => [
    o.type,
    o.alias,
    String(o.attributes.title ?? ""),
    o.accession ? element("a", { href: `index.html#${o.accession}` }, o.accession) : "",
  ]);
  const heads = [t("submission.type"), t("submission.alias"), t("submission.title"), t("submission.accession")];
  const shown = table(t("submission.objects"), heads, rows);
  const total = Object.values(of.counts ?? {}).filter(Number.isFinite);
  const cut = of.objects.length >= 200 && total.length ? element("p", { class: "quiet" }, t("submission.first", { count: 200 })) : "";
  return section(t("submission.objects"), shown, cut);
}

function filesOf(of) {
  if (!of.files.length) return "";
  const rows = of.files.map((f) => [f.name, f.run, size(f.size_bytes), element("span", { class: `state ${f.state}` }, t(`file.${f.state}`)), checkReport(of.id, f)]);
  const heads = [t("files.name"), t("files.run"), t("files.size"), t("files.state"), t("files.report")];
  return section(t("files.title"), table(t("files.title"), heads, rows));
}

function happened(lines) {
  const shown = lines.map((line) =>
    element("li", {}, element("span", { class: "quiet" }, moment(line.at), "  ", line.actor, "  "), line.words),
  );
  return section(t("submission.history"), element("ol", { class: "history" }, ...shown));
}

