// The account page: sign in with or without a second factor, register, confirm, new password; then the rest.

import { call, post } from "./api.js";
import { element } from "./dom.js";
import { field, form, input } from "./forms.js";
import { notices } from "./notices.js";
import { profile } from "./profile.js";
import { backTo, forget, held, keep } from "./session.js";
import { doing, go, head, say, start } from "./shell.js";
import { language, t } from "./texts.js";

const submit = (text) => element("button", { type: "submit" }, text);
const email = (value = "") => {
  const made = input("email", { type: "email", autocomplete: "username", maxlength: 254, value });
  return field(t("account.email"), made, { must: true });
};
const password = (label, autocomplete, hint = "") =>
  field(label, input("password", { type: "password", autocomplete, maxlength: 256 }), { must: true, hint });
const code = (hint) => {
  const made = input("code", { inputmode: "numeric", autocomplete: "one-time-code", maxlength: 64, pattern: "[0-9]{6}" });
  return field(t("account.code"), made, { must: true, hint });
};
const links = (...names) =>
  element("p", {}, ...names.flatMap((n) => [element("a", { href: `#${n}` }, t(`account.to_${n}`)), "  "]));

// The address of somebody between two steps; nothing secret, gone with the page.
let known = "";

async function signIn(place) {
  if (held()) {
    place.append(element("p", {}, t("account.signed_in_as", { email: held().email })), links("profile"));
    return t("account.sign_in");
  }
  const act = (values, button) =>
    doing(button, async () => {
      const tokens = await call("POST", "/v1/sign-in", { body: values, open: true });
      if (tokens.challenge === "mfa") return place.replaceChildren(secondFactor(values.email, tokens.session));
      arrive(tokens, values.email);
    });
  const fields = [email(known), password(t("account.password"), "current-password"), submit(t("account.sign_in"))];
  place.append(form(t("account.sign_in"), act, ...fields), links("register", "forgot"));
  return t("account.sign_in");
}

function secondFactor(address, session) {
  const act = (values, button) =>
    doing(button, async () => {
      const body = { email: address, session, code: values.code };
      arrive(await call("POST", "/v1/sign-in/mfa", { body, open: true }), address);
    });
  const made = form(t("account.mfa"), act, code(t("account.mfa_hint")), submit(t("account.sign_in")));
  requestAnimationFrame(() => made.querySelector("input").focus());
  return made;
}

function arrive(tokens, address) {
  keep(tokens, address);
  location.assign(backTo());
}

async function register(place) {
  const act = (values, button) =>
    doing(button, async () => {
      await call("POST", "/v1/register", { body: { ...values, language: language() }, open: true });
      known = values.email;
      location.hash = "confirm";
    });
  place.append(
    form(
      t("account.register"),
      act,
      email(),
      password(t("account.password"), "new-password", t("account.password_hint")),
      field(t("account.name"), input("name", { autocomplete: "name", maxlength: 200 }), { must: true }),
      field(t("account.organisation"), input("organisation", { autocomplete: "organization", maxlength: 200 }), { must: true }),
      field(t("account.country"), input("country", { autocomplete: "country-name", maxlength: 300 })),
      submit(t("account.register")),
    ),
    links("sign-in"),
  );
  return t("account.register");
}

async function confirm(place) {
  const act = (values, button) =>
    doing(button, async () => {
      await call("POST", "/v1/register/confirm", { body: values, open: true });
      known = values.email;
      go("sign-in", t("account.confirmed"));
    });
  const again = async (event) => {
    const address = place.querySelector("[name=email]").value;
    await doing(event.target, () => call("POST", "/v1/register/resend", { body: { email: address }, open: true }));
    say(t("account.sent"));
  };
  const resend = element("button", { type: "button", class: "second", click: again }, t("account.resend"));
  place.append(
    element("p", {}, t("account.sent")),
    form(t("account.confirm"), act, email(known), code(""), submit(t("account.confirm")), " ", resend),
    links("sign-in"),
  );
  return t("account.confirm");
}

async function forgot(place) {
  const set = (values, button) =>
    doing(button, async () => {
      await call("POST", "/v1/password/reset", { body: values, open: true });
      go("sign-in", t("account.password_set"));
    });
  const ask = (values, button) =>
    doing(button, async () => {
      await call("POST", "/v1/password/forgot", { body: values, open: true });
      known = values.email;
      const fresh = password(t("account.new_password"), "new-password", t("account.password_hint"));
      place.replaceChildren(
        element("p", {}, t("account.sent")),
        form(t("account.new_password"), set, email(known), code(""), fresh, submit(t("account.set_password"))),
      );
    });
  place.append(form(t("account.forgot"), ask, email(known), submit(t("account.send_code"))), links("sign-in"));
  return t("account.forgot");
}

/** Ends every session of the person, on every machine. */
async function signOut(place) {
  if (held()) await post("/v1/sign-out").catch(() => null);
  forget();
  head(null);
  place.append(element("p", {}, t("account.signed_out")), links("sign-in"));
  return t("account.sign_out");
}

const open = ["sign-in", "register", "confirm", "forgot", "sign-out"];
const views = { "sign-in": signIn, register, confirm, forgot, "sign-out": signOut, notices, profile };
start(views, { open });
