// Who else may see a submission, and when everybody may: release date, reviewer links, group.

import { call, get, post } from "./api.js";
import { element } from "./dom.js";
import { day, field, form, input, quiet, section, select, table } from "./forms.js";
import { doing, go, reload, say } from "./shell.js";
import { t } from "./texts.js";

const submit = (text) => element("button", { type: "submit" }, text);
const OVER = ["released", "cancelled"];

/** @param {any} of a submission @param {any} me */
export async function sharing(of, me) {
  const place = element("div");
  if (!OVER.includes(of.state) && of.access !== "open") place.append(await deciders(of));
  if (!OVER.includes(of.state)) place.append(releaseDate(of), group(of, me));
  if (of.dataset && of.state === "archived") place.append(await reviewers(of));
  return place;
}

/** Which committee decides on requests to what is not open. */
async function deciders(of) {
  const mine = (await get("/v1/committees")).items.filter((one) => one.standing === "joined");
  const act = (values, pressed) =>
    doing(pressed, async () => {
      await call("PUT", `/v1/submissions/${encodeURIComponent(of.id)}/committee`, { body: { committee: values.committee } });
      go(`s/${of.id}`, t("saved"));
    });
  const options = mine.map((one) => [one.number, `${one.name} (${one.number})`]);
  const choice = field(t("share.committee"), select("committee", /** @type {any} */ (options), of.committee ?? ""), { hint: t("share.committee_about") });
  const another = element("p", {}, element("a", { href: "access.html#new" }, t("committee.form")));
  const chosen = mine.length ? form(t("share.committee"), act, choice, submit(t("save"))) : element("p", { class: "quiet" }, t("share.committee_about"));
  return section(t("share.committee"), chosen, another);
}

function releaseDate(of) {
  const modes = [["immediately", t("release.immediately")], ["on_date", t("release.on_date")]];
  const mode = select("mode", modes, of.release.mode);
  const date = input("date", { type: "date", value: of.release.date ?? "" });
  const act = (values, pressed) =>
    doing(pressed, async () => {
      const body = values.mode === "on_date" ? { mode: "on_date", date: values.date } : { mode: "immediately" };
      await call("PUT", `/v1/submissions/${encodeURIComponent(of.id)}/release`, { body });
      go(`s/${of.id}`, t("saved"));
    });
  const fields = [field(t("release.when"), mode), field(t("release.date"), date, { hint: t("release.date_hint") })];
  return section(t("release.title"), form(t("release.title"), act, ...fields, submit(t("save"))));
}

function group(of, me) {
  const mine = me.groups.filter((one) => one.standing !== "invited");
  if (!mine.length) return section(t("share.title"), element("p", { class: "quiet" }, t("share.no_group")));
  const act = (values, pressed) =>
    doing(pressed, async () => {
      await call("PUT", `/v1/submissions/${encodeURIComponent(of.id)}/group`, { body: { group: values.group || null } });
      say(t("saved"));
    });
  const options = [["", t("share.nobody")], ...mine.map((one) => [one.id, one.name])];
  const choice = field(t("share.with"), select("group", /** @type {any} */ (options)));
  return section(t("share.title"), form(t("share.title"), act, choice, submit(t("save"))));
}

async function reviewers(of) {
  const path = `/v1/records/${encodeURIComponent(of.dataset)}/reviewer-links`;
  const links = (await get(path)).items;
  const shown = element("div", { "aria-live": "polite", id: "new-link" });
  const make = (values, pressed) =>
    doing(pressed, async () => {
      const body = { label: values.label, days: Number(values.days), data: "data" in values };
      const made = await post(path, body);
      // The secret stands after the #: browsers never send that part.
      const address = `${location.origin}/review.html#${made.token}`;
      shown.replaceChildren(element("p", { class: "note" }, t("review.once"), " ", element("code", {}, address)));
    });
  const revoke = (id) => (event) =>
    doing(event.target, async () => {
      await call("DELETE", `${path}/${encodeURIComponent(id)}`);
      reload();
    });
  const rows = links.map((one) => [
    one.label,
    one.data ? t("yes") : t("no"),
    day(one.expires_at),
    t("review.uses", { count: one.uses }),
    one.revoked_at ? t("review.revoked") : quiet(t("revoke"), revoke(one.id)),
  ]);
  const heads = [t("label"), t("review.with_files"), t("expires"), t("review.used"), t("action")];
  return section(
    t("review.links"),
    links.length ? table(t("review.links"), heads, rows) : element("p", { class: "quiet" }, t("review.none")),
    form(
      t("review.make"),
      make,
      field(t("label"), input("label", { maxlength: 200 }), { must: true, hint: t("review.label_hint") }),
      field(t("days"), input("days", { type: "number", min: 1, max: 366, value: 90 }), { must: true }),
      element("label", { class: "box" }, input("data", { type: "checkbox" }), ` ${t("review.files_too")}`),
      submit(t("review.make")),
    ),
    shown,
  );
}
