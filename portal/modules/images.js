// Released series of images: facets to choose by, with exact counts, and what has the chosen values. Each choice is a link.

import { get } from "./api.js";
import { element } from "./dom.js";
import { more } from "./paging.js";
import { t } from "./texts.js";

const FACETS = ["modality", "body_part", "disease", "manufacturer", "age_group", "sex", "collection"];
const SHOWN = 12; // values of a facet; the rest opens

/** @param {Record<string, string>} chosen */
const address = (chosen) => `?${new URLSearchParams({ images: "all", ...chosen })}`;

/** @param {HTMLElement} place @param {URLSearchParams} query of the page's address @param {(text: string) => void} say */
export async function showImages(place, query, say) {
  const chosen = Object.fromEntries(FACETS.map((name) => [name, query.get(name) ?? ""]).filter(([, value]) => value));
  const [counts, page] = await Promise.all([get("/v1/images/facets", chosen), get("/v1/images", { ...chosen, limit: "20" })]);
  const list = element("ul", { class: "series" }, ...page.items.map(hit));
  const told = t("images.count", { series: counts.series, images: counts.images });
  place.replaceChildren(
    element("h2", {}, t("images.title")),
    element("p", { id: "images-count" }, told),
    ...choices(chosen),
    element("div", { class: "images" }, element("nav", { "aria-label": t("images.facets") }, ...facets(counts.facets, chosen)), list),
  );
  if (page.next_cursor) list.after(more("/v1/images", { ...chosen, limit: "20" }, page.next_cursor, (items) => list.append(...items.map(hit)), say));
  const json = `/v1/images?${new URLSearchParams(chosen)}`;
  place.append(element("p", { class: "quiet" }, element("a", { href: json }, t("browse.json")), ` · ${t("images.dicomweb")}`));
  say(page.items.length ? "" : t("images.none"));
}

/** What is chosen, each a link that takes it back. */
function choices(chosen) {
  const names = Object.keys(chosen);
  if (!names.length) return [];
  const without = (name) => Object.fromEntries(Object.entries(chosen).filter(([other]) => other !== name));
  const link = (name) =>
    element("a", { href: address(without(name)), "aria-label": t("images.without", { value: chosen[name] }) }, `${chosen[name]} ✕`);
  return [element("p", { class: "chosen" }, ...names.flatMap((name) => [link(name), " "]))];
}

function facets(found, chosen) {
  return FACETS.filter((name) => found[name]?.length).map((name) => {
    const line = (row) => {
      const now = chosen[name] === row.value ? { "aria-current": "true" } : {};
      const link = element("a", { href: address({ ...chosen, [name]: row.value }), ...now }, row.value);
      return element("li", {}, link, ` ${row.series}`);
    };
    const rows = found[name].map(line);
    const rest = rows.slice(SHOWN);
    return element(
      "details",
      { open: true, "data-facet": name },
      element("summary", {}, t(`images.${name}`)),
      element("ul", {}, ...rows.slice(0, SHOWN)),
      rest.length ? element("details", {}, element("summary", {}, t("browse.more")), element("ul", {}, ...rest)) : null,
    );
  });
}

function hit(row) {
  const told = [row.modality, row.body_part, row.series_description || row.study_description].filter(Boolean).join(" · ");
  const of = [row.manufacturer, row.age, row.sex, t("images.images", { images: row.images })].filter(Boolean).join(" · ");
  return element(
    "li",
    {},
    element("p", {}, element("a", { href: `./#${row.accession}` }, row.accession), ` ${told}`),
    element("p", { class: "quiet" }, `${of} · `, element("a", { href: `./#${row.collection}` }, row.collection_title ?? row.collection)),
    row.access === "controlled" && element("p", { class: "quiet" }, t("images.controlled")),
    row.access !== "controlled" && row.strip && strip(row),
  );
}

function strip(row) {
  return element("img", { src: row.strip, alt: t("images.strip", { accession: row.accession }), class: "strip", loading: "lazy" });
}
