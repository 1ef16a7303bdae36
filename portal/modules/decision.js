// A submission on the desk: take it up, look at metadata, files and warnings, decide, go on.

import { call, get, post } from "./api.js";
import { checkReport } from "./check_report.js";
import { checklistOf } from "./checklist.js";
import { element, size, words } from "./dom.js";
import { button, field, findings, form, input, moment, quiet, section, select, table } from "./forms.js";
import { numbersOf } from "./human_resources.js";
import { imagingOf } from "./imaging.js";
import { parts } from "./parts.js";
import { doing, go, reload } from "./shell.js";
import { language, stateWords, t } from "./texts.js";

const MOVABLE = ["metadata_review", "data_review", "revision_requested", "files_failed"];

const path = (id) => `/v1/curation/${encodeURIComponent(id)}`;
const fact = (name, value) => [element("dt", {}, name), element("dd", {}, value)];

/** @param {HTMLElement} place @param {string} id @param {any} me @returns {Promise<any>} what the desk knows */
export async function decide(place, id, me) {
  const [desk, notes, reasons] = await Promise.all([get(path(id)), get(`${path(id)}/notes`), get("/v1/return-reasons")]);
  const of = desk.submission;
  const curator = me.roles.includes("curator");
  const checks = checklistOf(desk, path(id), curator);
  place.append(
    element("p", {}, element("a", { href: "#queue/data" }, t("desk.back"))),
    standing(desk, of),
    element("p", { class: "acts" }, curator && desk.stage ? assignment(desk, id) : "", desk.stage ? priority(desk, id) : ""),
    checks.node,
    await filesOf(of),
    await imagingOf(of, curator ? desk : null),
    await numbersOf(of, true),
    metadata(of),
    ...(curator && desk.stage ? await decision(desk, id, reasons.items, checks) : []),
    curator && MOVABLE.includes(of.state) ? await move(of, id, desk.version) : "",
    written(notes.items, id, curator),
    keys(),
  );
  return desk;
}

function standing(desk, of) {
  const assigned = desk.assigned === "you" ? t("desk.you") : desk.assigned ? t("desk.another") : t("desk.nobody");
  return element(
    "dl",
    { class: "facts" },
    ...fact(t("submission.number"), element("code", {}, of.id)),
    ...fact(t("desk.member"), of.member.toUpperCase()),
    ...fact(t("desk.state"), element("span", { class: `state ${of.state}`, id: "state" }, stateWords(of))),
    ...fact(t("desk.since"), moment(desk.since)),
    ...fact(t("desk.order"), desk.priority === "priority" ? element("strong", {}, t("desk.priority")) : t("desk.normal")),
    ...fact(t("desk.assigned"), assigned),
    ...fact(t("submission.round"), of.round),
  );
}

function assignment(desk, id) {
  const act = (method, told) => (event) =>
    doing(event.target, async () => {
      await call(method, `${path(id)}/assignment`, method === "PUT" ? { body: {} } : {});
      go(`s/${id}`, told);
    });
  const mine = desk.assigned === "you";
  const take = button(`${t("desk.assign")} (m)`, act("PUT", t("desk.is_yours")), { id: "assign" });
  const back = quiet(t("desk.give_back"), act("DELETE", t("desk.given_back")));
  return mine ? back : take;
}

/** Before the normal ones, or back among them. */
function priority(desk, id) {
  const first = desk.priority === "priority";
  const change = (event) =>
    doing(event.target, async () => {
      await call("PUT", `${path(id)}/priority`, { body: { priority: first ? "normal" : "priority" } });
      go(`s/${id}`, t(first ? "desk.now_normal" : "desk.now_first"));
    });
  return quiet(t(first ? "desk.make_normal" : "desk.make_first"), change);
}

/** What the file checks counted and found. */
async function filesOf(of) {
  if (!of.files.length) return "";
  const rows = of.files.map((f) => [f.name, f.run, size(f.size_bytes), f.reads ?? "", f.bases ?? "", element("span", { class: `state ${f.state}` }, t(`file.${f.state}`)), checkReport(of.id, f)]);
  const heads = [t("files.name"), t("files.run"), t("files.size"), t("files.reads"), t("files.bases"), t("files.state"), t("files.report")];
  const found = of.files.flatMap((f) => f.findings);
  return section(t("files.checks"), table(t("files.checks"), heads, rows), found.length ? await findings(found) : "");
}

function metadata(of) {
  const shown = of.objects.map((o) => {
    const rows = Object.entries(o.attributes).flatMap(([name, value]) => fact(words(name), plain(value)));
    const title = `${o.type} ${o.alias}: ${o.attributes.title ?? ""}`;
    return element("details", { open: of.objects.length < 8 }, element("summary", {}, title), element("dl", { class: "facts" }, ...rows));
  });
  return section(t("submission.objects"), ...shown);
}

function plain(value) {
  if (Array.isArray(value)) return value.map(plain).join(", ");
  return value !== null && typeof value === "object" ? Object.values(value).map(plain).join(" ") : String(value ?? "");
}

/** To the database where it belongs: with the document that that one wants, or what both know by the same names. */
async function move(of, id, version) {
  const others = (await get("/v1/members")).items.filter((one) => one.id !== of.member);
  const act = (values, pressed) =>
    doing(pressed, async () => {
      const sheet = /** @type {any} */ (pressed.form.elements.namedItem("document")).files[0];
      const metadata = sheet ? JSON.parse(await sheet.text()) : null;
      await call("PUT", `${path(id)}/member`, { body: { member: values.member, reason: values.reason, metadata, version } });
      go("queue/data", t("move.done"));
    });
  const choice = select("member", /** @type {any} */ (others.map((one) => [one.id, one.title[language()]])));
  return section(
    t("move.title"),
    form(
      t("move.title"),
      act,
      field(t("move.to"), choice),
      field(t("move.reason"), input("reason", { maxlength: 2000, minlength: 3 }), { must: true }),
      field(t("move.document"), input("document", { type: "file", accept: "application/json,.json" }), { hint: t("move.hint") }),
      element("button", { type: "submit" }, t("move.title")),
    ),
  );
}

async function decision(desk, id, known, checks) {
  const send = (body) => post(`${path(id)}/decision`, { ...body, version: desk.version });
  const accept = button(`${t("desk.accept")} (a)`, () => {}, { id: "accept" });
  checks.guard(accept, () =>
    doing(accept, async () => {
      await send({ decision: "accept" });
      go("queue/data", t("desk.accepted"));
    }),
  );
  const options = [["", t("desk.choose_reason")], ...known.map((row) => [row.code, `${row.code}: ${row.text[language()]}`])];
  const chosen = [];
  const list = element("ul", { class: "reasons", "aria-live": "polite" });
  const code = select("code", /** @type {any} */ (options), "", { id: "reason" });
  const text = element("textarea", { name: "text", rows: 2, maxlength: 2000 });
  const add = () => {
    if (!code.value) return;
    const row = known.find((one) => one.code === code.value);
    const reason = { code: code.value, text: text.value.trim() || row.text[language()] };
    const line = element("li", {}, element("strong", {}, row.text[language()]), " ", text.value.trim(), " ");
    line.append(quiet(t("remove"), () => (chosen.splice(chosen.indexOf(reason), 1), line.remove())));
    chosen.push(reason);
    list.append(line);
    code.value = text.value = "";
  };
  const back = (_values, pressed) =>
    doing(pressed, async () => {
      add();
      await send({ decision: "return", reasons: chosen });
      go("queue/data", t("desk.returned"));
    });
  const ofPart = await parts(desk, checks, send, () => (add(), chosen));
  const whole = section(
    t("desk.decide"),
    checks.gate,
    element("p", {}, accept),
    form(
      t("desk.return"),
      back,
      field(t("desk.reason"), code),
      field(t("desk.reason_text"), text, { hint: t("desk.reason_hint") }),
      list,
      quiet(t("desk.add_reason"), add),
      " ",
      element("button", { type: "submit", class: "second" }, t("desk.return")),
    ),
  );
  return [ofPart, whole];
}

/** What curators write to each other; submitters never see it. */
function written(notes, id, curator) {
  const lines = notes.map((n) => element("li", {}, element("span", { class: "quiet" }, moment(n.at), "  ", n.actor, "  "), n.text ?? n.words ?? ""));
  const act = (values, pressed) =>
    doing(pressed, async () => {
      await post(`${path(id)}/notes`, { text: values.note });
      reload();
    });
  const text = element("textarea", { name: "note", rows: 2, maxlength: 4000 });
  const submit = element("button", { type: "submit", class: "second" }, t("desk.write"));
  const asking = form(t("desk.write"), act, field(t("desk.note"), text, { must: true }), submit);
  return section(t("desk.notes"), element("ol", { class: "history" }, ...lines), curator ? asking : "");
}

/** The keyboard's keys, for those who look for them. */
export function keys() {
  const rows = ["n", "q", "m", "a", "r"].map((key) => element("li", {}, element("kbd", {}, key), " ", t(`key.${key}`)));
  return element("details", { class: "keys" }, element("summary", {}, t("key.title")), element("ul", {}, ...rows));
}
