// One record: what it is, what it belongs to, its files.

import { download, files, show } from "./api.js";
import { beside } from "./cite.js";
import { element, size, words } from "./dom.js";
import { mirrored, showMirrored } from "./mirrored.js";
import { openness } from "./openness.js";

const ACCESSION = /^[A-Z]{3,6}\d{2,}[A-Z0-9-]*$/;

/** @param {string[]} accessions */
function links(accessions) {
  return accessions.flatMap((one, at) => [at ? ", " : "", element("a", { href: `#${one}` }, one)]);
}

/** A value as people read it; of small objects their values. @param {any} value @returns {string} */
function plain(value) {
  if (Array.isArray(value)) return value.map(plain).join(", ");
  return value !== null && typeof value === "object" ? Object.values(value).map(plain).join(" ") : String(value ?? "");
}

/** A link to another database, as one to follow where it has an address of the web. @param {any} one */
function external(one) {
  const text = [one.database, one.accession].filter(Boolean).join(" ");
  const there = URL.canParse(one.url ?? "") && ["http:", "https:"].includes(new URL(one.url).protocol);
  return there ? element("a", { href: one.url, rel: "noreferrer external" }, text || one.url) : text;
}

/** Of lists that name databases, links; of everything else, text. @param {any} value */
function shown(value) {
  const named = Array.isArray(value) && value.length && value.every((one) => one?.database);
  return named ? value.flatMap((one, at) => [at ? ", " : "", external(one)]) : [plain(value)];
}

/** @param {any} found */
function facts(found) {
  const rows = [];
  const row = (name, ...value) => rows.push(element("dt", {}, words(name)), element("dd", {}, ...value));
  row("accession", found.accession);
  row("type", found.type);
  if (found.released_at) row("released", found.released_at.slice(0, 10));
  if (found.dataset && found.dataset !== found.accession) row("dataset", ...links([found.dataset]));
  for (const [name, value] of Object.entries(found.links ?? {})) row(name, ...links(value));
  for (const [name, value] of Object.entries(found.attributes ?? {})) {
    if (name !== "title" && !(name in (found.links ?? {}))) row(name, ...shown(value));
  }
  return element("dl", { class: "facts" }, ...rows);
}

/** @param {string} accession @param {any} file */
function fileRow(accession, file) {
  const cell = (label, kind, ...children) => element("td", { "data-label": label, class: kind }, ...children);
  const run = ACCESSION.test(file.run ?? "") && file.run !== accession ? links([file.run]) : [file.run ?? ""];
  const beside = file.statistics; // the name of what its check counted
  return element(
    "tr",
    {},
    element("td", {}, element("a", { href: download(accession, file.name), download: file.name }, file.name)),
    cell("Run", "", ...run),
    cell("Size", "number", size(file.size_bytes)),
    cell("MD5", "mono", file.md5 ?? ""),
    cell("Statistics", "", beside ? element("a", { href: download(accession, beside), download: beside }, "JSON") : ""),
  );
}

/** @param {string} command @param {(text: string) => void} say */
function copyable(command, say) {
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(command);
      say("The command is copied.");
    } catch {
      say("The browser did not allow copying; select the command by hand.");
    }
  };
  const button = element("button", { class: "second", type: "button", click: copy }, "Copy command");
  return element("div", { class: "copy" }, element("pre", {}, element("code", {}, command)), button);
}

/** @param {HTMLElement} place @param {string} accession @param {(text: string) => void} say */
async function showFiles(place, accession, say) {
  let page = await files(accession, null);
  if (!page.items.length) return false;
  const body = element("tbody", {}, ...page.items.map((file) => fileRow(accession, file)));
  const heads = ["File", "Run", "Size", "MD5", "Statistics"].map((text) => element("th", { scope: "col" }, text));
  const table = element("table", {}, element("thead", {}, element("tr", {}, ...heads)), body);
  const server = location.origin;
  place.append(element("h3", {}, "Files"), table);
  if (page.next_cursor) {
    const more = element("button", { class: "second", type: "button" }, "Show more files");
    more.addEventListener("click", async () => {
      more.toggleAttribute("disabled", true);
      try {
        page = await files(accession, page.next_cursor);
        body.append(...page.items.map((file) => fileRow(accession, file)));
        say(`${body.children.length} files shown.`);
        if (!page.next_cursor) more.remove();
      } catch (problem) {
        say(problem.message);
      }
      more.toggleAttribute("disabled", false);
    });
    place.append(more);
  }
  place.append(element("h3", {}, "All files by one command"));
  place.append(copyable(`BIOTHECA_SERVER=${server} biotheca download ${accession}`, say));
  return true;
}

/** What is said instead of files that are not for everybody. @param {any} found */
function controlled(found) {
  const dataset = encodeURIComponent(found.dataset ?? found.accession);
  const decides = found.committee ? ` ${found.committee.name} (${found.committee.number}) decides on requests.` : "";
  return [
    element("h3", {}, "Files"),
    element("p", { class: "note" }, `The access to the files is ${found.access}.${decides}`),
    element("p", {}, element("a", { class: "button", href: `access.html#ask/${dataset}` }, "Ask for access")),
    element("p", {}, element("a", { href: `access.html#files/${dataset}` }, "Files, if you hold a grant")),
  ];
}

/** @param {HTMLElement} place @param {string} accession @param {(text: string) => void} say */
export async function showRecord(place, accession, say) {
  let found;
  try {
    found = await show(accession);
  } catch (problem) {
    if (problem.status !== 404) throw problem;
    const there = await mirrored(accession).catch(() => null); // not one of ours: one of INSDC's, or nobody's
    if (!there) throw problem;
    return showMirrored(place, there, say);
  }
  const title = element("h2", { tabindex: "-1" }, found.title || found.accession);
  place.replaceChildren(title, facts(found));
  document.title = `${found.accession}: ${found.title} - Biotheca`;
  say("");
  title.focus();
  const closed = found.access && found.access !== "open";
  if (closed) place.append(...controlled(found));
  if (found.dataset === found.accession) place.append(...(await openness(found.accession)));
  const dataset = closed ? false : await showFiles(place, found.accession, say);
  await beside(place, found, dataset, say);
}
