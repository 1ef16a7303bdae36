// How openly a dataset is shared: its score, of when, what went into it, and what would raise it.

import { get } from "./api.js";
import { element } from "./dom.js";
import { language, t } from "./texts.js";

/** The section of a dataset; nothing of what has no score. @param {string} accession @param {string} [id] of its heading */
export async function openness(accession, id = "openness") {
  const found = await get(`/v1/records/${encodeURIComponent(accession)}/openness`).catch(() => null);
  if (!found) return [];
  const { score, stars, access, inputs } = found;
  const words = score === null ? t("openness.unrated") : t("openness.score", { score, stars });
  const of = t("openness.as_of", { day: found.as_of.slice(0, 10), formula: found.formula });
  return [
    id ? element("h3", { id }, t("openness.title")) : "",
    element("p", {}, element("strong", {}, words), ` ${of}`),
    ...(access === "open" ? [element("p", { class: "quiet" }, t("openness.open"))] : []),
    ...(inputs ? [facts(inputs), parts(found.parts)] : []),
    ...raised(found.would_raise),
  ];
}

function facts(inputs) {
  const rows = [
    ["decided", t("openness.of", { count: inputs.decided, counted: inputs.counted })],
    ["approved", t("openness.of", { count: inputs.approved, counted: inputs.counted })],
    ["waiting", inputs.waiting],
    ["late", inputs.late],
  ];
  if (inputs.mean_days !== null) rows.push(["days", t("openness.days_value", { days: inputs.mean_days.toFixed(1) })]);
  const lines = rows.flatMap(([name, value]) => [element("dt", {}, t(`openness.${name}`)), element("dd", {}, value)]);
  return element("dl", { class: "facts" }, ...lines);
}

/** The three parts with the points that each gives. */
function parts(found) {
  const line = (part) => element("li", {}, t(`openness.part.${part.name}`, { points: part.points.toFixed(1), most: 100 * part.weight }));
  return element("ul", { class: "parts" }, ...found.map(line));
}

function raised(steps) {
  if (!steps.length) return [];
  const line = (step) => element("li", {}, t("openness.step", { words: step.words[language()], score: step.score }));
  return [element("h4", {}, t("openness.raise")), element("ul", { class: "raise" }, ...steps.map(line))];
}
