// Own records that have a number: filtered, released in bulk, and changed in bulk by a curator's leave.

import { all, get, post } from "./api.js";
import { element } from "./dom.js";
import { widget } from "./form_fields.js";
import { day, field, form, input, quiet, section, select, table } from "./forms.js";
import { doing, say } from "./shell.js";
import { language, t } from "./texts.js";

const MOST_AT_ONCE = 100; // of POST /v1/releases
const VISIBILITIES = ["private", "public", "suppressed", "replaced", "withdrawn"];
const NOT_IN_BULK = ["reference", "items"];
const nothing = { aliases: () => [], taxonFor: () => false };

/** @param {HTMLElement} place @param {string[]} rest the type, of the address @param {any} _me */
export async function own(place, [asked], _me) {
  const kinds = released((await get("/v1/members")).items);
  const kind = kinds.find((one) => one.type === asked) ?? kinds[0];
  const found = await all("/v1/records", { type: kind.type });
  place.append(tabs(kinds, kind), element("p", { class: "quiet" }, t("records.about")));
  if (!found.length) {
    place.append(element("p", {}, t("records.none")));
    return t("records.title");
  }
  const list = chooser(found, kind);
  place.append(list.node, release(list), change(list, kind));
  return t("records.title");
}

/** What a person releases: the objects of registries, and datasets. */
function released(members) {
  const kinds = members.flatMap((of) => of.objects.filter((kind) => !of.has_files || kind.type === of.dataset));
  return [...new Map(kinds.map((kind) => [kind.type, kind])).values()];
}

function tabs(kinds, shown) {
  const link = (kind) => {
    const now = kind === shown ? { "aria-current": "page" } : {};
    return element("a", { href: `#records/${kind.type}`, ...now }, kind.title[language()]);
  };
  return element("nav", { class: "tabs", "aria-label": t("records.title") }, ...kinds.map(link));
}

/** The list with its filter. `ticked`: the accessions that are ticked and shown; `tell`: what became of one. */
function chooser(found, kind) {
  const lines = found.map((one) => ({ one, box: input("record", { type: "checkbox", value: one.accession }), told: element("span", {}) }));
  const rows = lines.map(({ one, box, told }) => [
    element("label", { class: "box" }, box, one.accession),
    element("a", { href: `index.html#${one.accession}` }, one.title),
    element("span", { class: `state ${one.visibility}` }, t(`visibility.${one.visibility}`)),
    day(one.released_at ?? one.release_on),
    told,
  ]);
  const heads = [t("records.tick"), t("submission.title"), t("records.visibility"), t("release.when"), t("records.result")];
  const shown = table(kind.title[language()], heads, rows);
  const bodies = [...shown.querySelectorAll("tbody tr")];
  const words = input("words", { type: "search" });
  const options = [["", t("visibility.any")], ...VISIBILITIES.map((name) => [name, t(`visibility.${name}`)])];
  const visibility = select("visibility", /** @type {any} */ (options));
  const total = element("p", { class: "quiet", role: "status", id: "shown" });
  const filter = () => {
    const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
    lines.forEach(({ one, box }, n) => {
      const text = `${one.accession} ${one.title}`.toLowerCase();
      const fits = wanted.every((word) => text.includes(word)) && (!visibility.value || one.visibility === visibility.value);
      bodies[n].hidden = !fits;
      if (!fits) box.checked = false; // what is not seen is not released
    });
    total.textContent = t("records.shown", { there: bodies.filter((row) => !row.hidden).length, all: lines.length });
  };
  words.addEventListener("input", filter);
  visibility.addEventListener("change", filter);
  filter();
  const tick = quiet(t("tick_all"), () => {
    const seen = lines.filter((_, n) => !bodies[n].hidden);
    const on = seen.some(({ box }) => !box.checked);
    seen.forEach(({ box }) => (box.checked = on));
  });
  const fields = element("div", { class: "grid" }, field(t("records.filter"), words), field(t("records.visibility"), visibility));
  const tell = (accession, text, bad) => {
    const { told } = lines.find(({ one }) => one.accession === accession);
    told.textContent = text;
    told.classList.toggle("bad", bad);
  };
  const ticked = () => lines.filter(({ box }) => box.checked).map(({ one }) => one.accession);
  return { node: section(kind.title[language()], fields, total, shown, element("p", {}, tick)), ticked, tell };
}

const submit = (text) => element("button", { type: "submit" }, text);

function release(list) {
  const mode = select("mode", [["immediately", t("records.now")], ["on_date", t("release.on_date")]]);
  const date = field(t("release.date"), input("date", { type: "date" }), { hint: t("release.date_hint") });
  const show = () => date.toggleAttribute("hidden", mode.value !== "on_date");
  mode.addEventListener("change", show);
  show();
  const act = (values, pressed) =>
    each(list, pressed, async (accessions) => {
      const wanted = values.mode === "on_date" ? { mode: "on_date", date: values.date } : { mode: "immediately" };
      let done = 0;
      for (let from = 0; from < accessions.length; from += MOST_AT_ONCE) {
        const answer = await post("/v1/releases", { accessions: accessions.slice(from, from + MOST_AT_ONCE), release: wanted });
        for (const row of answer.items) {
          done += row.done ? 1 : 0;
          list.tell(row.accession, row.done ? t("saved") : `${t("records.refused")} ${row.detail}`, !row.done);
        }
      }
      say(t("records.released", { count: done }), done < accessions.length);
    });
  return section(t("records.release"), form(t("records.release"), act, field(t("release.when"), mode), date, submit(t("records.release"))));
}

/** One field, one new value, for each ticked record a correction that a curator decides on. */
function change(list, kind) {
  const fields = kind.fields.filter((spec) => !NOT_IN_BULK.includes(spec.kind));
  const which = select("field", fields.map((spec) => [spec.name, spec.label[language()]]));
  const slot = element("div");
  let made = null;
  const show = () => {
    const spec = fields.find((one) => one.name === which.value);
    made = widget({ ...spec, label: { en: t("records.value"), zh: t("records.value") } }, undefined, nothing);
    slot.replaceChildren(made.node);
  };
  which.addEventListener("change", show);
  show();
  const act = (values, pressed) =>
    each(list, pressed, async (accessions) => {
      let done = 0;
      for (const accession of accessions) {
        try {
          const changes = { [which.value]: made.read() ?? null };
          await post(`/v1/records/${encodeURIComponent(accession)}/corrections`, { changes, text: values.why });
          list.tell(accession, t("saved"), false);
          done += 1;
        } catch (problem) {
          list.tell(accession, `${t("records.refused")} ${problem.message}`, true);
        }
      }
      say(t("records.asked", { count: done }), done < accessions.length);
    });
  const why = input("why", { maxlength: 2000 });
  const parts = [field(t("records.field"), which), slot, field(t("records.why"), why), submit(t("records.change_ask"))];
  return section(t("records.change"), form(t("records.change"), act, ...parts));
}

function each(list, pressed, act) {
  const accessions = list.ticked();
  return accessions.length ? doing(pressed, () => act(accessions)) : say(t("records.tick_one"), true);
}
