// Profile, verification as principal investigator, second factor, personal tokens, groups.

import { call, get, post } from "./api.js";
import { element } from "./dom.js";
import { button, day, field, form, input, quiet, section, select, table } from "./forms.js";
import { held } from "./session.js";
import { doing, go, reload, say } from "./shell.js";
import { t } from "./texts.js";

const submit = (text) => element("button", { type: "submit" }, text);
const LINES = ["name", "organisation", "department", "title", "country", "homepage", "orcid"];

/** @param {HTMLElement} place @param {string[]} _rest @param {any} me */
export async function profile(place, _rest, me) {
  const [tokens, groups] = await Promise.all([get("/v1/me/tokens"), get("/v1/groups")]);
  place.append(
    element("p", {}, t("account.signed_in_as", { email: me.email }), " ", element("a", { href: "#sign-out" }, t("account.sign_out"))),
    element("p", { class: "quiet" }, t("account.roles"), " ", me.roles.join(", ") || "-"),
    about(me.profile),
    investigator(me.profile),
    secondFactor(),
    personalTokens(tokens.items),
    ownGroups(groups.items),
  );
  return t("account.profile");
}

function about(of) {
  const act = (values, pressed) =>
    doing(pressed, async () => {
      await call("PATCH", "/v1/me", { body: values });
      say(t("saved"));
    });
  const fields = LINES.map((name) => {
    const must = name === "name" || name === "organisation";
    return field(t(`account.${name}`), input(name, { value: of[name], maxlength: 300 }), { must });
  });
  const languages = select("language", [["en", "English"], ["zh", "中文"]], of.language);
  const mail = field(t("account.mail_language"), languages);
  return section(t("account.profile"), form(t("account.profile"), act, ...fields, mail, submit(t("save"))));
}

function investigator(of) {
  const state = of.principal_investigator;
  const reasons = of.principal_investigator_reasons.map((reason) => element("li", {}, reason));
  const ask = (event) =>
    doing(event.target, async () => {
      await post("/v1/me/principal-investigator");
      go("profile", t("account.pi_asked"));
    });
  return section(
    t("account.pi"),
    element("p", {}, t("account.pi_state"), " ", element("strong", {}, state)),
    element("ul", {}, ...reasons),
    element("p", { class: "quiet" }, t("account.pi_hint")),
    ["pending", "verified"].includes(state) ? null : button(t("account.pi_ask"), ask),
  );
}

function secondFactor() {
  const place = element("div");
  const confirm = (values, pressed) =>
    doing(pressed, async () => {
      await post("/v1/me/mfa/confirm", { access_token: held().access_token, code: values.code });
      place.replaceChildren(element("p", {}, t("account.mfa_on")));
    });
  const begin = (event) =>
    doing(event.target, async () => {
      const made = await post("/v1/me/mfa", { access_token: held().access_token });
      const answer = input("code", { inputmode: "numeric", autocomplete: "one-time-code", pattern: "[0-9]{6}" });
      place.replaceChildren(
        element("p", {}, t("account.mfa_secret"), " ", element("code", {}, made.secret)),
        form(t("account.mfa"), confirm, field(t("account.code"), answer, { must: true }), submit(t("account.mfa_switch_on"))),
      );
    });
  const end = (event) =>
    doing(event.target, async () => {
      await call("DELETE", "/v1/me/mfa");
      say(t("account.mfa_off"));
    });
  place.append(button(t("account.mfa_begin"), begin), " ", quiet(t("account.mfa_end"), end));
  return section(t("account.mfa"), element("p", { class: "quiet" }, t("account.mfa_about")), place);
}

function personalTokens(tokens) {
  const shown = element("div", { "aria-live": "polite" });
  const revoke = (id) => (event) =>
    doing(event.target, async () => {
      await call("DELETE", `/v1/me/tokens/${encodeURIComponent(id)}`);
      reload();
    });
  const make = (values, pressed) =>
    doing(pressed, async () => {
      const scopes = ["read", "submit", "curate"].filter((scope) => scope in values);
      const made = await post("/v1/me/tokens", { label: values.label, scopes, expires_in_days: Number(values.days) });
      shown.replaceChildren(element("p", { class: "note" }, t("account.token_once"), " ", element("code", {}, made.token)));
    });
  const rows = tokens.map((one) => [one.label, one.scopes.join(", "), day(one.expires_at), quiet(t("revoke"), revoke(one.id))]);
  const heads = [t("label"), t("account.scopes"), t("expires"), t("action")];
  const boxes = ["read", "submit", "curate"].map((scope) =>
    element("label", { class: "box" }, input(scope, { type: "checkbox", checked: scope !== "curate" }), ` ${scope}`),
  );
  return section(
    t("account.tokens"),
    tokens.length ? table(t("account.tokens"), heads, rows) : element("p", { class: "quiet" }, t("account.no_tokens")),
    form(
      t("account.make_token"),
      make,
      field(t("label"), input("label", { maxlength: 200 }), { must: true }),
      element("fieldset", {}, element("legend", {}, t("account.scopes")), ...boxes),
      field(t("days"), input("days", { type: "number", min: 1, max: 366, value: 90 }), { must: true }),
      submit(t("account.make_token")),
    ),
    shown,
  );
}

function ownGroups(groups) {
  const join = (id) => (event) =>
    doing(event.target, async () => {
      await post(`/v1/groups/${encodeURIComponent(id)}/join`);
      reload();
    });
  const invite = (id) => (values, pressed) =>
    doing(pressed, async () => {
      await post(`/v1/groups/${encodeURIComponent(id)}/invitations`, { email: values.email });
      say(t("group.invited"));
    });
  const members = (id, place) => async (event) => {
    if (!event.target.open || place.childElementCount) return;
    const found = await get(`/v1/groups/${encodeURIComponent(id)}`);
    place.append(element("ul", {}, ...found.members.map((m) => element("li", {}, `${m.email} (${m.standing})`))));
  };
  const lines = groups.map((one) => {
    if (one.standing === "invited") return element("li", {}, one.name, " ", button(t("group.join"), join(one.id)));
    const place = element("div");
    const address = field(t("account.email"), input("email", { type: "email" }), { must: true });
    const asking = form(t("group.invite"), invite(one.id), address, submit(t("group.invite")));
    const summary = element("summary", {}, `${one.name} (${one.standing})`);
    return element("li", {}, element("details", { toggle: members(one.id, place) }, summary, place, one.standing === "owner" ? asking : null));
  });
  const open = (values, pressed) =>
    doing(pressed, async () => {
      await post("/v1/groups", values);
      reload();
    });
  const name = field(t("group.name"), input("name", { maxlength: 200 }), { must: true });
  return section(
    t("group.title"),
    groups.length ? element("ul", {}, ...lines) : element("p", { class: "quiet" }, t("group.none")),
    form(t("group.open"), open, name, submit(t("group.open"))),
  );
}

