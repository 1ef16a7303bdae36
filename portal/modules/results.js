// The list of hits, page by page.

import { get, search } from "./api.js";
import { element } from "./dom.js";
import { entire } from "./entire.js";

/** @param {{accession: string, title: string, type: string, released_at?: string, centre?: string}} hit */
function line(hit) {
  const from = hit.centre && hit.centre !== "own" ? `mirrored from ${hit.centre}` : "";
  const facts = [hit.accession, hit.type, from, hit.released_at && `released ${hit.released_at.slice(0, 10)}`];
  return element(
    "li",
    {},
    element("a", { href: `#${hit.accession}` }, hit.title || hit.accession),
    element("p", { class: "quiet" }, facts.filter(Boolean).join(" · ")),
  );
}

const DOI = /^(?:https?:..(?:dx\.)?doi\.org.|doi:)?(10\.\d{4,9}\/\S+)$/i;

/** Words of no title may name an article (a DOI) or a grant. @param {string} words */
async function namedBy(words) {
  const doi = DOI.exec(words)?.[1];
  const path = doi ? "/v1/publications" : `/v1/grants/${encodeURIComponent(words)}`;
  return /\s/.test(words) ? { items: [], next_cursor: null } : get(path, doi ? { doi } : {});
}

/**
 * Show the first page and let more be asked for.
 * @param {HTMLElement} place @param {string} words @param {(text: string) => void} say
 */
export async function showResults(place, words, say) {
  const list = element("ol", { class: "hits" });
  const hits = await search(words, null);
  const first = hits.items.length ? hits : await namedBy(words);
  if (!first.items.length) {
    place.replaceChildren();
    say(`Nothing public holds all of “${words}”. Try fewer words, or an accession.`);
    return;
  }
  place.replaceChildren(element("h2", {}, `Results for “${words}”`), list);
  let cursor = append(list, first);
  say(count(list, cursor));
  const more = element("button", { class: "second", type: "button", click: next }, "Show more");
  if (cursor) place.append(more);
  const all = `/v1/search.tsv?${new URLSearchParams({ q: words })}`;
  if (hits.items.length) place.append(element("p", {}, entire(all, "biotheca-hits.tsv", "All hits as TSV", say)));

  async function next() {
    more.toggleAttribute("disabled", true);
    try {
      const before = list.children.length;
      cursor = append(list, await search(words, cursor));
      say(count(list, cursor));
      list.children[before]?.querySelector("a")?.focus();
      if (!cursor) more.remove();
    } catch (problem) {
      say(problem.message);
    }
    more.toggleAttribute("disabled", false);
  }
}

/** @param {HTMLElement} list @param {{items: any[], next_cursor: string | null}} page */
function append(list, page) {
  list.append(...page.items.map(line));
  return page.next_cursor;
}

/** @param {HTMLElement} list @param {string | null} cursor */
function count(list, cursor) {
  const shown = list.children.length;
  if (cursor) return `The first ${shown} records; there are more.`;
  return shown === 1 ? "One record." : `${shown} records.`;
}
