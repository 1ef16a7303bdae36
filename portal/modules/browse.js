// Public datasets by their openness: a column to sort by, what each score is made of, and how long answers take.

import { get } from "./api.js";
import { element } from "./dom.js";
import { table } from "./forms.js";
import { openness } from "./openness.js";
import { more } from "./paging.js";
import { t } from "./texts.js";

const LISTS = ["controlled", "open", "unrated"];
const address = (access, order) => `?${new URLSearchParams({ browse: access, order })}`;

/**
 * @param {HTMLElement} place @param {string} asked one of LISTS @param {string | null} wanted the order
 * @param {(text: string) => void} say
 */
export async function showBrowse(place, asked, wanted, say) {
  const access = LISTS.includes(asked) ? asked : LISTS[0];
  const order = wanted === "lowest" ? "lowest" : "highest";
  const query = { access, order, limit: "50" };
  const [page, sharing] = await Promise.all([get("/v1/openness", query), get("/v1/statistics/sharing")]);
  const list = datasets(page.items, access, order);
  const body = list.querySelector("tbody");
  place.replaceChildren(element("h2", {}, t("browse.title")), tabs(access), list);
  if (page.next_cursor) place.append(more("/v1/openness", query, page.next_cursor, (items) => body.append(...datasets(items, access, order).querySelectorAll("tbody tr")), say));
  const json = `/v1/openness?${new URLSearchParams(query)}`;
  place.append(element("p", {}, element("a", { href: json }, t("browse.json"))), ...statistics(sharing));
  say(page.items.length ? "" : t("browse.none"));
}

function tabs(shown) {
  const link = (access) => {
    const now = access === shown ? { "aria-current": "page" } : {};
    return element("a", { href: address(access, "highest"), ...now }, t(`browse.${access}`));
  };
  return element("nav", { class: "lists", "aria-label": t("browse.title") }, ...LISTS.map(link));
}

function datasets(items, access, order) {
  const heads = [t("browse.dataset"), t("browse.member"), t("openness.title"), t("browse.since"), t("browse.made_of")];
  const made = table(t(`browse.${access}`), heads, items.map(cells));
  const column = made.querySelectorAll("th")[2];
  column.setAttribute("aria-sort", order === "highest" ? "descending" : "ascending");
  const other = order === "highest" ? "lowest" : "highest";
  const sort = element("a", { href: address(access, other), id: "sort" }, `${heads[2]} ${order === "highest" ? "↓" : "↑"}`);
  column.replaceChildren(sort);
  return made;
}

function cells(row) {
  const score = row.score === null ? t("browse.no_score") : t("openness.score", { score: row.score, stars: row.stars });
  return [
    [element("a", { href: `./#${row.accession}` }, row.accession), ` ${row.title}`],
    row.member,
    score,
    row.since,
    breakdown(row.accession),
  ];
}

/** Inputs, parts and day of a score, asked for when somebody opens it. */
function breakdown(accession) {
  const inside = element("div");
  const open = async (event) => {
    if (event.target.open && !inside.children.length) inside.replaceChildren(...(await openness(accession, "")));
  };
  return element("details", { toggle: open }, element("summary", {}, t("browse.show")), inside);
}

/** Datasets by access mode and the median time of an answer, by database and by committee. */
function statistics(found) {
  if (!found.day) return [];
  const days = (row) => (row.median_days === null ? "" : t("openness.days_value", { days: row.median_days }));
  const asked = (row) => [row.requests, row.decided, row.approvals, days(row)];
  const counts = (name, row) => [name, row.datasets, row.open_datasets, row.controlled_datasets, ...asked(row)];
  const heads = ["requests", "decided", "approvals", "median"].map((name) => t(`sharing.${name}`));
  const modes = ["datasets", "open", "controlled"].map((name) => t(`sharing.${name}`));
  const rows = [...found.members.map((row) => counts(row.member, row)), counts(t("sharing.total"), found.total)];
  const committees = found.committees.map((row) => [row.committee, ...asked(row)]);
  const nobody = committees.length ? [table(t("sharing.committees"), [t("sharing.committee"), ...heads], committees)] : [];
  return [
    element("h2", { id: "sharing" }, t("sharing.title")),
    element("p", { class: "quiet" }, t("sharing.as_of", { day: found.day })),
    table(t("sharing.members"), [t("browse.member"), ...modes, ...heads], rows),
    ...nobody,
  ];
}
