// One field of the catalog as a labelled widget: its value in and out, the drop-down or list that fits its kind.

import { get } from "./api.js";
import { element } from "./dom.js";
import { field, quiet } from "./forms.js";
import { language, t } from "./texts.js";

const LONG = 1000; // characters from which a text gets several lines
const FEW = 40; // terms up to which a drop-down is handy; longer ones are lists to type into
let count = 0;

/**
 * @typedef {{spec: any, node: HTMLElement, read: () => any, inner: (pointer: string) => Array<[string, Widget]>}} Widget
 *   `read` gives undefined where nothing is said; `inner` the widgets inside it with their JSON pointers
 */

const labelOf = (spec) => (spec.label ?? {})[language()] ?? spec.label?.en ?? spec.name;
const hintOf = (spec) => {
  const help = (spec.help ?? {})[language()] ?? spec.help?.en ?? "";
  const example = spec.example ? `${language() === "zh" ? "例如" : "e.g."} ${spec.example}` : "";
  return [help, spec.unit, example].filter(Boolean).join(" · ");
};

/** @param {any} spec a field of GET /v1/members @param {any} value @param {any} around what the row offers to its fields */
export function widget(spec, value, around) {
  if (spec.kind === "items") return items(spec, value ?? [], around);
  const input = inputFor(spec, value, around);
  const node = field(labelOf(spec), input, { hint: hintOf(spec), must: Boolean(spec.required) });
  input.removeAttribute("required"); // the archive says what is missing, all at once
  if (spec.required) input.setAttribute("aria-required", "true");
  const made = { spec, node, input, read: () => read(spec, input), inner: () => [] };
  if (spec.kind === "taxon" || around.taxonFor(spec.name)) autocomplete(made, around);
  return made;
}

function inputFor(spec, value, around) {
  const text = value === undefined || value === null ? "" : Array.isArray(value) ? value : String(value);
  const terms = spec.terms ?? [];
  if (spec.multiple && terms.length) return choices(spec, text || []);
  if (terms.length && terms.length <= FEW && !spec.missing) return choices(spec, [text]);
  if (spec.max > LONG) {
    const area = element("textarea", { name: spec.name, rows: 3 });
    area.value = text;
    return area;
  }
  const numeric = ["integer", "taxon"].includes(spec.kind) ? { inputmode: "numeric" } : {};
  const made = element("input", { name: spec.name, autocomplete: "off", ...numeric });
  made.value = text;
  const offered = [...terms, ...(spec.missing_terms ?? [])];
  if (offered.length) offer(made, () => offered);
  if (spec.kind === "reference") offer(made, () => around.aliases(spec.to));
  return made;
}

function choices(spec, chosen) {
  const held = [chosen].flat();
  const options = spec.terms.map((term) => element("option", { value: term, selected: held.includes(term) }, term));
  const several = spec.multiple ? { multiple: true, size: Math.min(6, spec.terms.length) } : {};
  const none = spec.multiple ? [] : [element("option", { value: "" }, "")];
  return element("select", { name: spec.name, ...several }, ...none, ...options);
}

/** A list of proposals under a text field, made when it is looked at. @param {() => Iterable<string>} proposals */
function offer(input, proposals) {
  const list = element("datalist", { id: `list-${++count}` });
  input.setAttribute("list", list.id);
  const fill = () => list.replaceChildren(...[...proposals()].map((value) => element("option", { value })));
  input.addEventListener("focus", fill);
  queueMicrotask(() => input.after(list));
  return list;
}

function read(spec, input) {
  if (spec.multiple && input.tagName === "SELECT") {
    const chosen = [...input.selectedOptions].map((option) => option.value);
    return chosen.length ? chosen : undefined;
  }
  const text = input.value.trim();
  if (!text) return undefined;
  if (spec.multiple) return text.split(";").map((one) => one.trim()).filter(Boolean);
  const whole = ["integer", "taxon"].includes(spec.kind) && /^\d{1,15}$/.test(text);
  const decimal = spec.kind === "decimal" && /^-?\d+(\.\d+)?$/.test(text);
  return whole || decimal ? Number(text) : text;
}

/** Names of organisms from three letters on; the one that is chosen fills name and taxonomy id. */
function autocomplete(made, around) {
  const found = new Map();
  const list = offer(made.input, () => found.keys());
  let turn = 0;
  const ask = async () => {
    const text = made.input.value.trim();
    const chosen = found.get(text);
    if (chosen) return around.tookTaxon(made.spec, chosen);
    if (text.length < 3 || /^\d+$/.test(text)) return;
    const mine = ++turn;
    await new Promise((resolve) => setTimeout(resolve, 250));
    if (mine !== turn) return;
    const answer = await get("/v1/taxonomy", { q: text }).catch(() => ({ items: [] }));
    if (mine !== turn) return;
    found.clear();
    for (const taxon of answer.items) found.set(taxon.name, taxon);
    list.replaceChildren(
      ...answer.items.map((taxon) => element("option", { value: taxon.name, label: `${taxon.name} (${taxon.taxon_id})` })),
    );
  };
  made.input.addEventListener("input", ask);
}

/** A list of small objects inside an object: organisms, grants, publications. */
function items(spec, values, around) {
  const place = element("div");
  const rows = [];
  const add = (value = {}) => {
    const inner = spec.fields.map((one) => widget(one, value[one.name], beside(spec.fields, () => inner, around)));
    const row = { inner, node: element("div", { class: "object" }) };
    const off = quiet(t("form.remove", { what: labelOf(spec) }), () => {
      rows.splice(rows.indexOf(row), 1);
      row.node.remove();
    });
    row.node.append(element("div", { class: "grid" }, ...inner.map((one) => one.node)), off);
    rows.push(row);
    place.append(row.node);
    return row;
  };
  values.forEach((value) => add(value));
  const more = quiet(t("form.add", { what: labelOf(spec) }), () => add().node.querySelector("input, select, textarea")?.focus());
  const legend = element("legend", {}, labelOf(spec));
  const node = element("fieldset", {}, legend, place, more);
  const readRow = (row) => Object.fromEntries(row.inner.map((one) => [one.spec.name, one.read()]).filter(([, v]) => v !== undefined));
  const readAll = () => {
    const said = rows.map(readRow);
    return said.length ? said : undefined;
  };
  const inner = (pointer) =>
    rows.flatMap((row, n) => row.inner.map((one) => /** @type {[string, any]} */ ([`${pointer}/${n}/${one.spec.name}`, one])));
  return { spec, node, input: more, read: readAll, inner };
}

/** What fields of one row know of each other: the taxon's id fills its name and the other way round. */
export function beside(specs, widgets, around) {
  const taxon = specs.find((one) => one.kind === "taxon");
  return {
    ...around,
    taxonFor: (name) => taxon?.beside === name,
    tookTaxon: (_spec, chosen) => {
      for (const one of widgets()) {
        if (one.spec === taxon) one.input.value = String(chosen.taxon_id);
        if (one.spec.name === taxon?.beside) one.input.value = chosen.name;
      }
    },
  };
}
