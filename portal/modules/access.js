// Controlled data for those who ask for it: requests, grants, files. A request: access_request.js; committees: committee.js.

import { all, get, post } from "./api.js";
import { one } from "./access_request.js";
import { committee, newCommittee } from "./committee.js";
import { element, size } from "./dom.js";
import { button, day, moment, quiet, section, table } from "./forms.js";
import { doing, go, reload, start } from "./shell.js";
import { t } from "./texts.js";

const stateOf = (one) => element("span", { class: `state ${one.state}` }, t(`access_state.${one.state}`));
const none = (key) => element("p", { class: "quiet" }, t(key));

async function mine(place) {
  const [requests, grants, committees] = await Promise.all([all("/v1/requests"), all("/v1/access-grants"), all("/v1/committees")]);
  const asked = requests.map((r) => [
    element("a", { href: `#r/${r.number ?? r.id}` }, r.number ?? r.id),
    r.dataset,
    stateOf(r),
    r.waiting ? t("access.waits", r.waiting) : "",
    moment(r.submitted_at),
  ]);
  const heads = ["number", "dataset", "state", "form", "asked_at"].map((word) => t(`access.${word}`));
  heads[3] = "";
  place.append(
    element("p", { class: "quiet" }, t("access.about")),
    section(t("access.requests"), asked.length ? table(t("access.requests"), heads, asked) : none("access.no_requests")),
    section(t("access.grants"), grants.length ? table(t("access.grants"), grantHeads(), grants.map(grantRow)) : none("access.no_grants")),
    section(
      t("committee.mine"),
      committees.length
        ? table(t("committee.mine"), [t("access.number"), t("committee.name"), t("committee.standing")], committees.map(committeeRow))
        : none("committee.none"),
      element("p", {}, element("a", { class: "button", href: "#new" }, t("committee.form"))),
    ),
  );
  return t("access.mine");
}

const grantHeads = () => [t("access.number"), t("access.dataset"), t("access.state"), t("access.until"), t("action")];

function grantRow(grant) {
  const prolong = (event) =>
    doing(event.target, async () => {
      const made = await post("/v1/requests", { dataset: grant.dataset, renews: grant.request });
      go(`r/${made.id}`);
    });
  const acts = [];
  if (grant.state === "live") acts.push(element("a", { href: `#files/${grant.dataset}` }, t("access.download")), " ");
  if (["live", "expired"].includes(grant.state)) acts.push(quiet(t("access.prolong"), prolong));
  return [element("a", { href: `#r/${grant.request}` }, grant.request), grant.dataset, stateOf(grant), day(grant.ends_at), acts];
}

function committeeRow(one) {
  const accept = (event) =>
    doing(event.target, async () => {
      await post(`/v1/committees/${encodeURIComponent(one.number)}/join`);
      reload();
    });
  const joined = one.standing === "joined";
  const number = joined ? element("a", { href: `#c/${one.number}` }, one.number) : one.number;
  return [number, one.name, joined ? t("committee.joined") : quiet(t("committee.accept"), accept)];
}

/** Begin a request for a dataset, and go on with its form. */
async function ask(place, [dataset]) {
  const path = `/v1/records/${encodeURIComponent(dataset)}`;
  const form = await get(`${path}/request-form`);
  const begin = (event) =>
    doing(event.target, async () => {
      const made = await post("/v1/requests", { dataset: form.dataset });
      go(`r/${made.id}`);
    });
  const named = `${form.committee.name} (${form.committee.number})`;
  const facts = [[t("access.dataset"), form.dataset], [t("access.committee"), named]];
  place.append(
    element("dl", { class: "facts" }, ...facts.flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, value)])),
    button(t("access.ask"), begin, { id: "begin" }),
  );
  return t("access.ask");
}

/** The files of a dataset for whoever holds a grant: a link is taken with the session, one by one. */
async function files(place, [dataset]) {
  const path = `/v1/records/${encodeURIComponent(dataset)}/files`;
  const found = await all(path);
  const take = (name) => (event) =>
    doing(event.target, async () => location.assign((await get(`${path}/${encodeURIComponent(name)}`, { redirect: "false" })).url));
  const rows = found.map((f) => [f.name, size(f.size_bytes), f.md5, button(t("access.download"), take(f.name), { class: "second" })]);
  const title = t("access.files", { dataset });
  place.append(
    element("p", { class: "quiet" }, t("access.files_about")),
    table(title, [t("files.name"), t("files.size"), "MD5", t("action")], rows),
  );
  return title;
}

start({ ask, files, r: one, c: committee, new: newCommittee, mine });
