// The curators' desk: queues, the next one, people who ask to be verified. One submission: decision.js.

import { all, get, post } from "./api.js";
import { decide, keys } from "./decision.js";
import { element } from "./dom.js";
import { button, day, input, moment, quiet, section, table } from "./forms.js";
import { doing, go, reload, start } from "./shell.js";
import { stateWords, t } from "./texts.js";

const VIEWS = ["data", "metadata", "mine", "release", "checks", "failed", "held"];

async function queue(place, [asked], me) {
  const view = VIEWS.includes(asked) ? asked : "data";
  const rows = element("div");
  let page = await get("/v1/curation/queue", { view, limit: 50 });
  const stage = view === "metadata" ? "metadata" : "data";
  const next = button(`${t("desk.next")} (n)`, () => takeNext(next, stage), { id: "next" });
  rows.append(page.items.length ? listed(page.items, view) : element("p", { class: "quiet" }, t("desk.empty")));
  const more = quiet(t("more"), () =>
    doing(more, async () => {
      page = await get("/v1/curation/queue", { view, limit: 50, cursor: page.next_cursor });
      rows.querySelector("tbody").append(...listed(page.items, view).querySelectorAll("tbody tr"));
      if (!page.next_cursor) more.remove();
    }),
  );
  place.append(tabs(view), me.roles.includes("curator") ? element("p", {}, next) : "", rows, page.next_cursor ? more : "", keys());
  shortcuts(place, { n: () => next.click(), q: () => go("queue/data") });
  return t("desk.title");
}

/** The desk's views as links, the one that is shown marked. */
function tabs(view) {
  const link = (name) => element("a", { href: `#queue/${name}`, ...(name === view ? { "aria-current": "page" } : {}) }, t(`desk.${name}`));
  const people = element("a", { href: "#people" }, t("desk.people"));
  return element("nav", { class: "tabs", "aria-label": t("desk.views") }, ...VIEWS.map(link), people);
}

function listed(items, view) {
  const rows = items.map((one) => [
    element("a", { href: `#s/${one.id}` }, one.title),
    one.member.toUpperCase(),
    element("span", { class: `state ${one.state}` }, stateWords(one)),
    moment(one.since),
    one.priority === "priority" ? element("strong", {}, t("desk.priority")) : t("desk.normal"),
    one.assigned === "you" ? t("desk.you") : one.assigned ? t("desk.another") : t("desk.nobody"),
    one.warnings,
  ]);
  const heads = ["submission", "member", "state", "since", "order", "assigned", "warnings"].map((word) => t(`desk.${word}`));
  return table(t(`desk.${view}`), heads, rows);
}

const takeNext = (pressed, stage) =>
  doing(pressed, async () => {
    const desk = await post(`/v1/curation/next?stage=${stage}`);
    go(`s/${desk.submission.id}`);
  });

async function one(place, [id], me) {
  const found = await decide(place, id, me);
  shortcuts(place, {
    n: () => takeNext(null, found.stage ?? "data"),
    q: () => go("queue/data"),
    m: () => place.querySelector("#assign")?.click(),
    a: () => place.querySelector("#accept")?.focus(),
    r: () => place.querySelector("#reason")?.focus(),
  });
  return found.submission.title;
}

/** Single keys, as long as nobody is writing and no other key is held. */
function shortcuts(place, acts) {
  const pressed = (event) => {
    if (!place.isConnected) return removeEventListener("keydown", pressed);
    const writing = /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName ?? "");
    if (writing || event.ctrlKey || event.metaKey || event.altKey || !(event.key in acts)) return;
    event.preventDefault();
    acts[event.key]();
  };
  setTimeout(() => addEventListener("keydown", pressed), 0);
}

/** Principal investigators who wait for their verification. */
async function people(place) {
  const path = "/v1/accounts/principal-investigators";
  const waiting = await all(path);
  place.append(tabs("people"));
  if (!waiting.length) place.append(element("p", { class: "quiet" }, t("desk.no_people")));
  for (const person of waiting) {
    const why = input("why", { "aria-label": t("desk.refusal"), placeholder: t("desk.refusal"), maxlength: 300 });
    const act = (decision) => (event) =>
      doing(event.target, async () => {
        const reasons = decision === "refuse" && why.value ? [why.value] : [];
        await post(`${path}/${encodeURIComponent(person.subject)}/decision`, { decision, reasons });
        reload();
      });
    const facts = ["email", "organisation", "department", "title", "country", "homepage", "orcid"];
    const shown = facts.flatMap((name) => [element("dt", {}, t(`account.${name}`)), element("dd", {}, person[name] || "-")]);
    const acts = [button(t("desk.verify"), act("verify")), " ", quiet(t("desk.refuse"), act("refuse"))];
    place.append(section(person.name, element("p", { class: "quiet" }, day(person.asked_at)), element("dl", { class: "facts" }, ...shown), why, element("p", {}, ...acts)));
  }
  return t("desk.people");
}

start({ s: one, people, queue });
