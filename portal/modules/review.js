// What a reviewer sees. The secret comes in the fragment of the address, leaves it at once, and travels in a header.

import { call } from "./api.js";
import { element, size, words } from "./dom.js";
import { button, field, form, input, quiet, section, table } from "./forms.js";
import { doing, start } from "./shell.js";
import { t } from "./texts.js";

const KEPT = "biotheca.reviewer";
const [given] = location.hash.slice(1).split("/");
if (given) {
  sessionStorage.setItem(KEPT, given);
  history.replaceState(null, "", location.pathname);
}
const secret = () => sessionStorage.getItem(KEPT) ?? "";
const ask = (path, query = {}) => call("GET", `/v1/review${path}`, { headers: { "x-reviewer-token": secret() }, query, open: true });

async function review(place) {
  if (!secret()) return enter(place);
  const found = await ask("").catch((problem) => {
    sessionStorage.removeItem(KEPT);
    throw problem;
  });
  // What a submitter calls an object inside tells a reviewer nothing: links are shown by their numbers.
  const inside = ["title", "alias", ...Object.keys(found.links ?? {})];
  const own = Object.entries(found.attributes ?? {}).filter(([name, value]) => typeof value !== "object" && !inside.includes(name));
  const links = Object.entries(found.links ?? {}).filter(([, to]) => to.length && !to.includes(found.accession));
  const facts = [...links.map(([name, to]) => [name, to.join(", ")]), ...own];
  place.append(
    element("p", { class: "note" }, t("review.about")),
    element(
      "dl",
      { class: "facts" },
      ...[["accession", found.accession], ...facts].flatMap(([n, v]) => [element("dt", {}, words(n)), element("dd", {}, v)]),
    ),
    await samples(),
    await files(),
    quiet(t("review.leave"), () => {
      sessionStorage.removeItem(KEPT);
      location.reload();
    }),
  );
  return found.title;
}

async function enter(place) {
  const act = (values) => {
    sessionStorage.setItem(KEPT, values.secret.trim().split("#").pop());
    location.reload();
  };
  const secretField = input("secret", { type: "password", autocomplete: "off" });
  const submit = element("button", { type: "submit" }, t("open"));
  place.append(form(t("review.enter"), act, field(t("review.secret"), secretField, { must: true, hint: t("review.secret_hint") }), submit));
  return t("review.enter");
}

async function samples() {
  const found = (await ask("/objects/sample")).items;
  const rows = found.map((one) => [one.accession, one.title, String(one.attributes?.organism ?? "")]);
  if (!rows.length) return "";
  return section(t("review.samples"), table(t("review.samples"), [t("submission.accession"), t("submission.title"), t("review.organism")], rows));
}

async function files() {
  const found = await ask("/files").catch(() => ({ items: [] }));
  if (!found.items.length) return section(t("files.title"), element("p", { class: "quiet" }, t("review.no_files")));
  const fetchOne = (name) => (event) =>
    doing(event.target, async () => {
      const link = await ask(`/files/${encodeURIComponent(name)}`, { redirect: "false" });
      location.assign(link.url);
    });
  const rows = found.items.map((f) => [f.name, size(f.size_bytes), f.md5, button(t("download"), fetchOne(f.name), { class: "second" })]);
  return section(t("files.title"), table(t("files.title"), [t("files.name"), t("files.size"), "MD5", t("action")], rows));
}

start({ review }, { open: ["review"] });
