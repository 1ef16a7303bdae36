// One request: its form while it can be filled in, what was said, the committee's decision, the grant.

import { call, get, post } from "./api.js";
import { element } from "./dom.js";
import { widget } from "./form_fields.js";
import { button, day, field, form, moment, quiet, section, table } from "./forms.js";
import { doing, go, reload, tell } from "./shell.js";
import { language, t } from "./texts.js";

const AROUND = { taxonFor: () => false, aliases: () => [] };
const path = (name) => `/v1/requests/${encodeURIComponent(name)}`;
const facts = (rows) =>
  element("dl", { class: "facts" }, ...rows.flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, value)]));

/** @param {HTMLElement} place @param {string[]} rest */
export async function one(place, [name], me) {
  const found = await get(path(name));
  const own = found.requester === null;
  const title = t("access.request", { number: found.number ?? "" });
  const rows = [
    [t("access.state"), element("strong", { id: "state" }, t(`access_state.${found.state}`))],
    [t("access.dataset"), element("a", { href: `index.html#${found.dataset}` }, found.dataset)],
    [t("access.committee"), found.committee],
  ];
  if (found.waiting) rows.push([t("access.asked_at"), `${moment(found.submitted_at)}; ${t("access.waits", found.waiting)}`]);
  if (found.reason) rows.push([t("access.reason"), found.reason]);
  if (found.grant) rows.push([t("access.grant"), `${t(`access_state.${found.grant.state}`)}, ${t("access.until")} ${day(found.grant.ends_at)}`]);
  if (!own) rows.push([t("committee.requester"), [found.requester.name, found.requester.organisation, found.requester.email].filter(Boolean).join(", ")]);
  place.append(facts(rows));
  const editable = own && ["draft", "returned"].includes(found.state);
  const asked = await get(`/v1/records/${encodeURIComponent(found.dataset)}/request-form`, { form: found.form });
  if (editable) place.append(filling(found, asked));
  else place.append(answers(found, asked));
  if (found.data_use_match) place.append(dataUse(found.data_use_match));
  if (own && ["draft", "submitted", "returned"].includes(found.state)) place.append(quiet(t("access.withdraw"), act(found, "withdraw")));
  if (own && ["live", "expired"].includes(found.grant?.state)) place.append(closing(found));
  if (!own && found.state === "submitted") place.append(deciding(found, me));
  if (!own && found.grant?.state === "live") place.append(revoking(found));
  return title;
}

const act = (found, verb, body = {}) => (event) =>
  doing(event.target, async () => {
    await post(`${path(found.id)}/${verb}`, body);
    reload();
  });

const labelOf = (spec) => spec.label?.[language()] ?? spec.name;

function answers(found, asked) {
  const known = new Map(asked.fields.map((spec) => [spec.name, labelOf(spec)]));
  const rows = Object.entries(found.answers).map(([name, value]) => [known.get(name) ?? name, [value].flat().join(", ")]);
  return section(t("access.said"), facts(rows));
}

/** What the saved answers say about each data use code; a person decides. */
function dataUse(match) {
  const verdict = (word) => element("span", { class: `state ${word}` }, t(`data_use.${word}`));
  const rows = match.codes.map((one) => [`${one.title[language()] ?? one.code} (${one.shorthand || one.code})`, verdict(one.verdict), one.why[language()] ?? one.why.en]);
  const title = t("data_use.title");
  return section(
    title,
    element("p", { class: "quiet" }, t("data_use.about")),
    table(title, [t("data_use.code"), t("data_use.verdict"), t("data_use.why")], rows),
    element("p", {}, `${t("data_use.all")} `, element("strong", { id: "data-use" }, t(`data_use.${match.verdict}`))),
  );
}

/** The form: saved as it is, and looked at when it is handed in; findings stand at their fields. */
function filling(found, asked) {
  const widgets = asked.fields.map((spec) => widget(spec, found.answers[spec.name], AROUND));
  const boxes = asked.documents.map((one) => {
    const accepted = found.documents[one.name] === one.version;
    const box = element("input", { type: "checkbox", name: one.name, checked: accepted });
    const text = t("access.agree", { title: one.title[language()], version: one.version });
    const link = element("a", { href: `/v1/documents/${one.name}`, target: "_blank", rel: "noopener" }, text);
    return { one, box, node: element("label", { class: "box" }, box, " ", link) };
  });
  const filled = () => ({
    answers: Object.fromEntries(widgets.map((w) => [w.spec.name, w.read()]).filter(([, v]) => v !== undefined)),
    files: found.files,
    documents: Object.fromEntries(boxes.filter((b) => b.box.checked).map((b) => [b.one.name, b.one.version])),
  });
  const save = () => call("PUT", path(found.id), { body: filled() });
  const saved = (event) => doing(event.target, async () => void (await save()), t("saved"));
  const handIn = (_values, pressed) =>
    doing(pressed, async () => {
      await save();
      try {
        const done = await post(`${path(found.id)}/submit`);
        go(`r/${done.number}`, t("access.handed_in"));
      } catch (problem) {
        mark(widgets, problem);
        tell(problem);
      }
    });
  return section(
    t("access.form"),
    form(
      t("access.form"),
      handIn,
      ...widgets.map((one) => one.node),
      ...boxes.map((one) => one.node),
      element("p", {}, element("button", { type: "submit" }, t("access.hand_in")), " ", quiet(t("access.save"), saved)),
    ),
  );
}

function mark(widgets, problem) {
  for (const one of widgets) {
    one.node.querySelector(".wrong")?.remove();
    const wrong = problem.findings.find((f) => f.where.split("/")[2] === one.spec.name);
    one.input.toggleAttribute("aria-invalid", Boolean(wrong));
    if (wrong) one.node.append(element("p", { class: "wrong" }, wrong.message));
  }
  widgets.find((one) => one.node.querySelector(".wrong"))?.input.focus();
}

function deciding(found) {
  const why = element("textarea", { name: "reason", rows: 3, id: "reason" });
  const vote = (decision) => (event) => act(found, "votes", { decision, reason: why.value })(event);
  const voices = { yes: found.votes.filter((v) => v.approve).length, no: found.votes.filter((v) => !v.approve).length };
  return section(
    t("committee.decide"),
    element("p", { class: "quiet" }, t("committee.voices", voices)),
    field(t("access.reason"), why, { hint: t("committee.reason_hint") }),
    element(
      "p",
      {},
      button(t("committee.approve"), vote("approve")),
      " ",
      quiet(t("committee.reject"), vote("reject")),
      " ",
      quiet(t("committee.back"), (event) => act(found, "return", { reason: why.value })(event)),
      " ",
      quiet(t("committee.conflict"), act(found, "conflicts")),
    ),
  );
}

function revoking(found) {
  const why = element("textarea", { name: "revoke", rows: 2 });
  const revoke = (event) =>
    doing(event.target, async () => {
      await post(`/v1/access-grants/${encodeURIComponent(found.number)}/revoke`, { reason: why.value });
      reload();
    });
  return section(t("committee.revoke"), field(t("access.reason"), why), quiet(t("committee.revoke"), revoke));
}

function closing(found) {
  const deleted = element("input", { type: "checkbox", name: "deleted" });
  const report = element("textarea", { name: "report", rows: 3 });
  const send = (_values, pressed) =>
    doing(pressed, async () => {
      const body = { deleted: deleted.checked, report: report.value };
      await post(`/v1/access-grants/${encodeURIComponent(found.number)}/closing`, body);
      go(`r/${found.number}`, t("access.closed"));
    });
  const box = element("label", { class: "box" }, deleted, ` ${t("access.deleted")}`);
  const submit = element("button", { type: "submit" }, t("access.close"));
  return section(t("access.close"), form(t("access.close"), send, field(t("access.report"), report), box, submit));
}
