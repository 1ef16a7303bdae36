// What a de-identification made and set aside: counts, cleaned texts, pictures of what has text in its pixels.

import { Problem, get, post } from "./api.js";
import { element } from "./dom.js";
import { field, form, input, quiet, section, table } from "./forms.js";
import { doing, go, say } from "./shell.js";
import { t } from "./texts.js";

const fact = (name, value) => [element("dt", {}, name), element("dd", {}, value)];

/**
 * The report of the latest round, for owner and staff; nothing where images are not made of what was sent.
 * @param {any} of a submission @param {any} [desk] what the desk knows, for a curator who may ask to blank
 */
export async function imagingOf(of, desk) {
  if (!of.de_identified) return "";
  const path = `/v1/submissions/${encodeURIComponent(of.id)}/deidentification`;
  const told = await get(path).catch(missing);
  if (!told) return "";
  const aside = Object.entries(told.quarantined).map(([reason, count]) => [reasonWords(reason), element("code", {}, reason), count]);
  return section(
    t("imaging.title"),
    element(
      "dl",
      { class: "facts" },
      ...fact(t("imaging.inputs"), told.inputs),
      ...fact(t("imaging.released"), told.released),
      ...fact(t("imaging.copies"), told.copies),
      ...["individuals", "studies", "series", "images"].flatMap((level) => fact(t(`imaging.${level}`), told.made[level])),
      ...(told.faces ? fact(t("imaging.faces"), told.faces) : []),
      ...fact(t("imaging.refused"), Object.keys(told.refused).length),
    ),
    aside.length ? table(t("imaging.aside"), [t("imaging.reason"), t("imaging.code"), t("imaging.files")], aside) : element("p", { class: "quiet" }, t("imaging.none_aside")),
    textsOf(path, told.texts_total),
    desk ? await picturesOf(of, desk) : "",
  );
}

/** Nothing was de-identified, or the reader may not see it: the page has no such part. @param {any} problem */
function missing(problem) {
  if (problem instanceof Problem && problem.status === 404) return null;
  throw problem;
}

function reasonWords(reason) {
  const key = `aside.${reason}`;
  const text = t(key);
  return text === key ? reason.replaceAll("_", " ") : text;
}

/** The distinct texts, sought and leafed through. */
function textsOf(path, total) {
  const place = element("div", { "aria-live": "polite" });
  const list = async (sought, cursor, into) => {
    const page = await get(`${path}/texts`, { q: sought, limit: 50, ...(cursor ? { cursor } : {}) });
    const rows = page.items.map((row) => [element("code", {}, `(${row.tag.slice(0, 4)},${row.tag.slice(4)})`), row.text, row.files]);
    const shown = table(t("imaging.texts"), [t("imaging.tag"), t("imaging.text"), t("imaging.files")], rows);
    if (into) into.querySelector("tbody").append(...shown.querySelectorAll("tbody tr"));
    else place.replaceChildren(rows.length ? shown : element("p", { class: "quiet" }, t("imaging.no_text")));
    place.querySelector("button")?.remove();
    const more = quiet(t("more"), () => doing(more, () => list(sought, page.next_cursor, place.querySelector("table"))));
    if (page.next_cursor) place.append(more);
  };
  const seek = form(
    t("imaging.seek"),
    (values, pressed) => doing(pressed, () => list(values.q, null, null)),
    field(t("imaging.seek"), input("q", { type: "search", maxlength: 100 })),
    element("button", { type: "submit", class: "second" }, t("imaging.show")),
  );
  return element("details", { id: "texts" }, element("summary", {}, t("imaging.texts_of", { count: total })), element("p", { class: "quiet" }, t("imaging.texts_hint")), seek, place);
}

/** Images with text in their pixels: a picture on demand, boxes of one's own, and the wish to blank. */
async function picturesOf(of, desk) {
  const path = `/v1/curation/${encodeURIComponent(of.id)}`;
  const place = element("ul", { class: "pictures" });
  const list = async (cursor) => {
    const page = await get(`${path}/pictures`, { limit: 20, ...(cursor ? { cursor } : {}) });
    place.append(...page.items.map((row) => pictured(path, row, desk.stage === "data")));
    const more = quiet(t("more"), () => doing(more, async () => (more.remove(), await list(page.next_cursor))));
    if (page.next_cursor) place.after(more);
    return page.items;
  };
  const first = await list(null);
  if (!first.length) return "";
  const send = async (body) => {
    await post(`${path}/blanking`, body);
    go("queue/data", t("imaging.asked"));
  };
  const ticked = () => [...place.querySelectorAll("li")].filter((one) => one.querySelector("input[type=checkbox]")?.checked);
  const some = quiet(t("imaging.blank"), () => {
    if (!ticked().length) return say(t("imaging.tick"), true);
    doing(some, () => send({ images: ticked().map((one) => ({ mark: one.dataset.mark, boxes: boxesOf(one.querySelector("input[type=text]").value) })) }));
  });
  const all = quiet(t("imaging.blank_all"), () => doing(all, () => send({ reasons: ["pixel_text_confirmed"] })));
  const asks = desk.stage === "data" && first.some((row) => row.reason);
  return element(
    "section",
    { "aria-label": t("imaging.pictures") },
    element("h3", {}, t("imaging.pictures")),
    element("p", { class: "note" }, t("imaging.private")),
    place,
    asks ? element("p", { class: "acts" }, some, " ", first.some((row) => row.reason === "pixel_text_confirmed") ? all : "") : "",
  );
}

function pictured(path, row, asks) {
  const shown = element("div", { class: "pair" });
  const state = row.blanked ? t("imaging.blanked", { count: row.blanked }) : reasonWords(row.reason);
  const name = t("imaging.image", { mark: row.mark.slice(0, 8) });
  const moments = ["before", "after"].filter((moment) => row[moment]);
  const show = quiet(t(row.after ? "imaging.look_both" : "imaging.look"), () =>
    doing(show, async () => {
      const parts = moments.map(async (moment) => {
        const link = await get(`${path}/pictures/${row.mark}/${moment}`);
        return element("figure", {}, await drawn(link.url, `${name}: ${t(`imaging.${moment}`)}`), element("figcaption", {}, t(`imaging.${moment}`)));
      });
      shown.replaceChildren(...(await Promise.all(parts)));
      show.remove();
    }),
  );
  const boxes = input("boxes", { type: "text", pattern: "[0-9,; ]*", placeholder: "10,10,200,40" });
  const choice = element("label", {}, element("input", { type: "checkbox", value: row.mark }), " ", t("imaging.choose", { name }));
  return element(
    "li",
    { class: "card", "data-mark": row.mark },
    element("h4", {}, name),
    element("p", {}, state, row.words ? element("span", { class: "quiet" }, ` ${row.words}`) : ""),
    moments.length ? show : element("p", { class: "quiet" }, t("imaging.no_picture")),
    shown,
    asks && row.reason ? element("div", {}, choice, field(t("imaging.boxes"), boxes, { hint: t("imaging.boxes_hint") })) : "",
  );
}

/** "left,top,right,bottom; ..." as numbers; what is no box is left out. @param {string} text */
function boxesOf(text) {
  const boxes = text.split(";").map((part) => part.split(",").map((n) => Number.parseInt(n, 10)));
  return boxes.filter((box) => box.length === 4 && box.every((n) => n >= 0));
}

/** A picture of the store on a canvas: the page's own policy lets no image of elsewhere in. */
async function drawn(address, name) {
  const answer = await fetch(address, { referrerPolicy: "no-referrer" });
  if (!answer.ok) throw new Problem(answer.status, { detail: t("imaging.no_picture") });
  const picture = await createImageBitmap(await answer.blob());
  const canvas = element("canvas", { role: "img", "aria-label": name, width: picture.width, height: picture.height });
  canvas.getContext("2d").drawImage(picture, 0, 0);
  return canvas;
}
