// A committee's desk: its requests, its members, who is away; and how one is formed.

import { call, get, post } from "./api.js";
import { element } from "./dom.js";
import { field, form, input, moment, quiet, section, select, table } from "./forms.js";
import { doing, go, reload, say } from "./shell.js";
import { t } from "./texts.js";

const RULES = ["one", "contact", "majority", "all"];
const rule = (name) => t(`committee.rule.${name}`);
const ruleChoice = (chosen) => select("rule", RULES.map((one) => /** @type {[string, string]} */ ([one, rule(one)])), chosen);
const submit = (text) => element("button", { type: "submit" }, text);
const path = (number) => `/v1/committees/${encodeURIComponent(number)}`;

/** @param {HTMLElement} place */
export async function newCommittee(place) {
  const make = (values, pressed) =>
    doing(pressed, async () => {
      const made = await post("/v1/committees", values);
      go(`c/${made.number}`);
    });
  const about = element("textarea", { name: "description", rows: 3 });
  place.append(
    form(
      t("committee.form"),
      make,
      field(t("committee.name"), input("name", { maxlength: 200 }), { must: true }),
      field(t("committee.description"), about),
      field(t("committee.rule"), ruleChoice("one")),
      submit(t("committee.form")),
    ),
  );
  return t("committee.form");
}

/** @param {HTMLElement} place @param {string[]} rest @param {any} me */
export async function committee(place, [number], me) {
  const [found, asked] = await Promise.all([get(path(number)), get(`${path(number)}/requests`)]);
  const contact = found.members.some((one) => one.subject === me.subject && one.contact);
  place.append(
    element("p", { class: "quiet" }, `${found.number}. ${t("committee.rule")}: ${rule(found.rule)}. ${found.description}`),
    section(t("committee.requests"), asked.items.length ? requests(asked.items) : element("p", { class: "quiet" }, t("committee.empty"))),
    section(t("committee.members"), members(found, contact, me)),
    away(found, me),
    contact ? inviting(found) : "",
  );
  return found.name;
}

function requests(items) {
  const rows = items.map((one) => [
    element("a", { href: `#r/${one.number}` }, one.number),
    one.dataset,
    element("span", { class: `state ${one.state}` }, t(`access_state.${one.state}`)),
    one.waiting ? t("access.waits", one.waiting) : "",
    moment(one.submitted_at),
  ]);
  const heads = [t("access.number"), t("access.dataset"), t("access.state"), "", t("access.asked_at")];
  return table(t("committee.requests"), heads, rows);
}

function members(found, contact, me) {
  const remove = (subject) => (event) =>
    doing(event.target, async () => {
      await call("DELETE", `${path(found.number)}/members/${encodeURIComponent(subject)}`);
      if (subject === me.subject) go("mine");
      else reload();
    });
  const rows = found.members.map((one) => {
    const roles = [t(`committee.${one.standing}`), one.contact && t("committee.contact"), one.deputy && t("committee.deputy")];
    const mayGo = contact || one.subject === me.subject;
    const act = mayGo ? quiet(t("committee.remove"), remove(one.subject)) : "";
    return [one.name || one.subject, one.organisation, roles.filter(Boolean).join(", "), one.away_until ?? "", act];
  });
  const heads = [t("account.name"), t("account.organisation"), t("committee.standing"), t("committee.away"), t("action")];
  return table(t("committee.members"), heads, rows);
}

function away(found, me) {
  const own = found.members.find((one) => one.subject === me.subject);
  const set = (values, pressed) =>
    doing(pressed, async () => {
      const body = { away_until: values.until };
      await call("PATCH", `${path(found.number)}/members/${encodeURIComponent(me.subject)}`, { body });
      reload();
    });
  const until = input("until", { type: "date", value: own?.away_until ?? "" });
  return section(t("committee.away"), form(t("committee.away"), set, field(t("committee.away"), until), submit(t("save"))));
}

function inviting(found) {
  const invite = (values, pressed) =>
    doing(pressed, async () => {
      await post(`${path(found.number)}/invitations`, { email: values.email, contact: "contact" in values, deputy: "deputy" in values });
      say(t("committee.told"));
    });
  const box = (name) => element("label", { class: "box" }, input(name, { type: "checkbox" }), ` ${t(`committee.${name}`)}`);
  const email = field(t("account.email"), input("email", { type: "email" }), { must: true });
  return section(t("committee.invite"), form(t("committee.invite"), invite, email, box("contact"), box("deputy"), submit(t("committee.invite"))));
}
