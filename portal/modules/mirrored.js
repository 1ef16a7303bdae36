// One mirrored record of INSDC: what its archive says of it, its attributes and files.

import { get } from "./api.js";
import { element, size, words } from "./dom.js";

const ACCESSION = /^(?:[SED]R[APSXRZ]\d{6,}|SAM[NED][A-Z]?\d+|PRJ[NED][A-Z]\d+)$/;
const APART = ["acc", "title", "status", "archive", "source", "attributes", "files", "jattr", "file_names", "file_md5"];
const STATUS = {
  suppressed: "Suppressed at its archive: no search finds it, its accession still leads here.",
  withdrawn: "Withdrawn at its archive. Nothing of its content is kept here.",
};

/** @param {string} accession */
export const mirrored = (accession) => get(`/v1/mirror/records/${encodeURIComponent(accession)}`);

/** A value as people read it; accessions of INSDC as links. @param {any} value @returns {(string | HTMLElement)[]} */
function shown(value) {
  if (Array.isArray(value)) return value.flatMap((one, at) => [at ? ", " : "", ...shown(one)]);
  if (value !== null && typeof value === "object") return [Object.values(value).filter(Boolean).map(String).join(" ")];
  const text = String(value);
  return ACCESSION.test(text) && location.hash !== `#${text}` ? [element("a", { href: `#${text}` }, text)] : [text];
}

/** @param {any} value */
const empty = (value) => value === null || value === undefined || value === "" || value.length === 0;

/** @param {[string, any][]} rows */
function facts(rows) {
  const told = rows.filter(([, value]) => !empty(value));
  return element(
    "dl",
    { class: "facts" },
    ...told.flatMap(([name, value]) => [element("dt", {}, words(name)), element("dd", {}, ...shown(value))]),
  );
}

/** @param {any} file */
function fileRow(file) {
  const cell = (label, kind, ...children) => element("td", { "data-label": label, class: kind }, ...children);
  const web = URL.canParse(file.url ?? "") && new URL(file.url).protocol === "https:";
  const name = file.name ?? "";
  return element(
    "tr",
    {},
    element("td", {}, web ? element("a", { href: file.url, rel: "noreferrer external" }, name) : name),
    cell("Size", "number", empty(file.bytes) ? "" : size(file.bytes)),
    cell("MD5", "mono", file.md5 ?? ""),
  );
}

/** @param {HTMLElement} place @param {any[]} files */
function showFiles(place, files) {
  const heads = ["File", "Size", "MD5"].map((text) => element("th", { scope: "col" }, text));
  const body = element("tbody", {}, ...files.map(fileRow));
  place.append(element("h3", {}, "Files at their archive"));
  place.append(element("table", {}, element("thead", {}, element("tr", {}, ...heads)), body));
}

/** @param {HTMLElement} place @param {any} found @param {(text: string) => void} say */
export function showMirrored(place, found, say) {
  const fields = found.fields ?? {};
  const title = element("h2", { tabindex: "-1" }, found.title || found.accession);
  const from = `A record of ${found.archive || "INSDC"}, mirrored here as of ${String(found.batch).slice(0, 8).replace(/(....)(..)/, "$1-$2-")}.`;
  place.replaceChildren(title, element("p", { class: "quiet" }, from));
  if (STATUS[found.status]) place.append(element("p", {}, STATUS[found.status]));
  const rest = Object.entries(fields).filter(([name]) => !APART.includes(name));
  place.append(facts([["accession", found.accession], ["type", found.entity], ["status", found.status], ...rest]));
  const attributes = (fields.attributes ?? []).filter((one) => one?.k);
  if (attributes.length) {
    place.append(element("h3", {}, "Attributes"));
    place.append(facts(attributes.map((one) => [one.k, [one.v, one.unit].filter(Boolean).join(" ")])));
  }
  const files = (fields.files ?? []).filter((file) => file?.name);
  if (files.length) showFiles(place, files);
  if (found.shortened) place.append(element("p", {}, "The record is longer; the lake has all of it."));
  document.title = `${found.accession}: ${found.title} - Biotheca`;
  say("");
  title.focus();
}
