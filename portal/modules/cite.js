// What stands beside a public record: citation in five formats, certificate, articles, versions, lists to take away.

import { call, get } from "./api.js";
import { element } from "./dom.js";
import { entire } from "./entire.js";
import { hanging } from "./below.js";
import { usedBy } from "./uses.js";

const FORMATS = { text: "Text", bibtex: "BibTeX", ris: "RIS", csl: "CSL JSON", datacite: "DataCite" };
const path = (accession) => `/v1/records/${encodeURIComponent(accession)}`;

/** Parts that an archive may not have for a record are left out, not shown as broken. */
const orNothing = (asking) => asking.catch(() => null);

/**
 * @param {HTMLElement} place @param {any} record @param {boolean} dataset whether it has files
 * @param {(text: string) => void} say
 */
export async function beside(place, record, dataset, say) {
  const { accession } = record;
  const [articles, versions, datasets, used, all] = await Promise.all([
    orNothing(get(`${path(accession)}/publications`)),
    orNothing(get(`${path(accession)}/versions`)),
    record.type === "project" ? orNothing(get(`${path(accession)}/datasets`)) : null,
    dataset ? [] : usedBy(accession, say),
    dataset ? [] : hanging(accession),
  ]);
  place.append(
    ...(datasets?.items.length ? listed("Datasets of this project", datasets.items.map(recordLink)) : []),
    ...used,
    ...all,
    ...citation(accession, say),
    ...(articles?.items.length ? publications(articles.items) : []),
    ...(versions && versions.items.length > 1 ? listed("Versions", versions.items.map(version)) : []),
    element("h3", {}, "To take away"),
    takeAway(record, dataset, say),
  );
}

const listed = (title, lines) => [
  element("h3", {}, title),
  element("ul", {}, ...lines.map((line) => element("li", {}, ...[line].flat()))),
];
const recordLink = (one) => [element("a", { href: `#${one.accession}` }, one.accession), ` ${one.title ?? ""}`];
const version = (one) => `${one.version}: ${one.title ?? ""}${one.until ? `, until ${one.until.slice(0, 10)}` : ", in force"}`;

/** The table of publications; of an article in press its title is all there is. */
function publications(items) {
  const heads = ["Title", "Journal", "Year", "DOI", "PMID"].map((text) => element("th", { scope: "col" }, text));
  const cell = (label, value) => element("td", { "data-label": label }, value ?? "");
  const line = (one) =>
    element(
      "tr",
      {},
      cell("Title", one.title ?? (one.status === "unknown" ? "Not known under this number" : "Title not known yet")),
      cell("Journal", one.journal),
      cell("Year", one.year),
      cell("DOI", one.doi),
      cell("PMID", one.pmid),
    );
  const body = element("tbody", {}, ...items.map(line));
  const table = element("table", { id: "publications" }, element("thead", {}, element("tr", {}, ...heads)), body);
  return [element("h3", {}, "Articles"), table];
}

function citation(accession, say) {
  const shown = element("pre", { id: "citation", tabindex: "0", "aria-label": "Citation" });
  const choice = element(
    "select",
    { id: "citation-format" },
    ...Object.entries(FORMATS).map(([value, name]) => element("option", { value }, name)),
  );
  const show = async () => {
    try {
      const text = await call("GET", `${path(accession)}/citation`, { query: { format: choice.value }, as: "text" });
      shown.replaceChildren(element("code", {}, text.trim()));
    } catch (problem) {
      say(problem.message);
    }
  };
  choice.addEventListener("change", show);
  show();
  return [element("h3", {}, "How to cite"), element("label", { for: choice.id }, "Format"), choice, shown];
}

function takeAway(record, dataset, say) {
  const base = path(record.accession);
  const links = [
    [`${base}/certificate`, "Certificate of deposit"],
    [`${base}/xml`, "SRA XML"],
    [base, "JSON"],
  ].map(([href, name]) => element("a", { href }, name));
  const lists = [["md5sum.txt", "md5sum.txt"], ["files.tsv", "All files as TSV"], ["runs.csv", "All runs as CSV"]];
  if (dataset) links.push(...lists.map(([file, name]) => entire(`${base}/${file}`, `${record.accession}-${file}`, name, say)));
  return element("ul", { class: "take" }, ...links.map((link) => element("li", {}, link)));
}
