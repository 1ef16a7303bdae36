// All that hangs on a record, by type: of a person, samples, experiments, runs and images of every database.

import { get } from "./api.js";
import { element, words } from "./dom.js";

const link = (accession) => element("a", { href: `#${accession}` }, accession);

/** The section, or nothing where there is one kind of thing at most. @param {string} accession */
export async function hanging(accession) {
  const found = await get(`/v1/records/${encodeURIComponent(accession)}/below`).catch(() => null);
  const kinds = new Map();
  for (const one of found?.items ?? []) kinds.set(one.type, [...(kinds.get(one.type) ?? []), one]);
  if (kinds.size < 2) return [];
  const line = (one) => element("li", {}, link(one.accession), ` ${one.title}`);
  const kind = ([type, items]) => [
    element("h4", {}, `${words(type)}: ${items.length}`),
    element("ul", { class: "below" }, ...items.map(line)),
  ];
  const more = found.complete ? "" : element("p", { class: "quiet" }, "There is more; the API lists what each of these is used by.");
  return [element("h3", { id: "below" }, "Everything of this record"), ...[...kinds].flatMap(kind), more];
}
