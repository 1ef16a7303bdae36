// What uses a record: of a sample, every experiment with its dataset and runs, page by page.

import { uses } from "./api.js";
import { element, words } from "./dom.js";

const link = (accession) => element("a", { href: `#${accession}` }, accession);
const list = (links) => links.flatMap((one, at) => [at ? ", " : "", one]);

function line(one) {
  const cell = (label, ...children) => element("td", { "data-label": label }, ...children);
  return element(
    "tr",
    {},
    cell("Record", link(one.accession), ` ${one.type}`),
    cell("Title", one.title ?? ""),
    cell("Dataset", one.dataset ? link(one.dataset) : ""),
    cell("In turn used by", ...list(one.used_by.map((below) => element("span", {}, link(below.accession), ` ${words(below.type).toLowerCase()}`)))),
  );
}

/** The section, or nothing where nothing uses the record. @param {string} accession @param {(text: string) => void} say */
export async function usedBy(accession, say) {
  let page = await uses(accession, null).catch(() => ({ items: [], next_cursor: null }));
  if (!page.items.length && !page.next_cursor) return [];
  const body = element("tbody", {}, ...page.items.map(line));
  const heads = ["Record", "Title", "Dataset", "In turn used by"].map((text) => element("th", { scope: "col" }, text));
  const table = element("table", { id: "uses" }, element("thead", {}, element("tr", {}, ...heads)), body);
  const more = element("button", { class: "second", type: "button" }, "Show more uses");
  more.addEventListener("click", async () => {
    more.toggleAttribute("disabled", true);
    try {
      page = await uses(accession, page.next_cursor);
      body.append(...page.items.map(line));
      say(body.children.length === 1 ? "One use shown." : `${body.children.length} uses shown.`);
      if (!page.next_cursor) more.remove();
    } catch (problem) {
      say(problem.message);
    }
    more.toggleAttribute("disabled", false);
  });
  return [element("h3", {}, "Used by"), table, ...(page.next_cursor ? [more] : [])];
}
