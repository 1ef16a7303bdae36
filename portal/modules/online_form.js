// Metadata by a form that is made from GET /v1/members: sections, rows, fields; findings stand at their fields.

import { all, call, get } from "./api.js";
import { element } from "./dom.js";
import { beside, widget } from "./form_fields.js";
import { button, findings, quiet, section } from "./forms.js";
import { doing, go, say } from "./shell.js";
import { language, t } from "./texts.js";

const path = (id) => `/v1/submissions/${encodeURIComponent(id)}`;
const ALIAS = { name: "alias", kind: "text", required: true, label: { en: "Alias", zh: "别名" } };
const FILE = [
  { name: "name", kind: "text", required: true, label: { en: "File name", zh: "文件名" }, example: "reads_1.fastq.gz" },
  { name: "md5", kind: "text", required: true, label: { en: "MD5", zh: "MD5" }, help: { en: "As md5sum prints it.", zh: "md5sum 的输出。" } },
];

/** @param {HTMLElement} place @param {string} id */
export async function byForm(place, id) {
  const [found, members, objects, files] = await Promise.all([
    get(path(id)),
    get("/v1/members"),
    all(`${path(id)}/objects`),
    all(`${path(id)}/files`),
  ]);
  const member = members.items.find((one) => one.id === found.member);
  const sections = [];
  const around = { aliases: (type) => sections.filter((s) => s.kind.type === type).flatMap((s) => s.aliases()), taxonFor: () => false };
  for (const kind of member.objects) {
    const held = objects.filter((o) => o.type === kind.type).map((o) => entry(o, kind, files));
    sections.push(objectSection(kind, held, around));
  }
  const others = element("div", { id: "others" });
  const document_ = () => Object.fromEntries(sections.map((s) => [s.kind.section, s.read()]).filter(([, v]) => v !== undefined));
  const check = button(t("form.check"), () => doing(check, () => look(id, sections, document_(), others)), { id: "check" });
  const store = button(t("metadata.store"), () =>
    doing(store, async () => {
      if (!(await look(id, sections, document_(), others))) return;
      await call("PUT", `${path(id)}/metadata`, { body: document_() });
      go(`s/${id}`, t("metadata.stored"));
    }), { id: "store" });
  place.append(
    element("p", {}, element("a", { href: `#s/${id}` }, t("back_to", { title: found.title }))),
    element("p", { class: "quiet" }, t("form.hint")),
    ...sections.map((one) => one.node),
    others,
    element("p", { class: "acts" }, check, store),
  );
  return t("metadata.by_form");
}

/** An object as its document has it, with its files. */
function entry(object, kind, files) {
  const own = files.filter((f) => f.run === object.alias).map((f) => ({ name: f.name, md5: f.md5 }));
  return { alias: object.alias, ...object.attributes, ...(kind.files ? { files: own } : {}) };
}

function objectSection(kind, held, around) {
  const title = kind.title[language()];
  const place = element("div");
  const rows = [];
  const add = (value = {}) => {
    const row = objectRow(kind, value, around);
    if (kind.many) {
      row.node.append(
        quiet(t("form.remove", { what: title }), () => {
          rows.splice(rows.indexOf(row), 1);
          row.node.remove();
        }),
      );
    }
    rows.push(row);
    place.append(row.node);
    return row;
  };
  held.forEach((value) => add(value));
  if (!held.length && !kind.optional) add();
  const more = quiet(t("form.add", { what: title }), () => {
    add().node.querySelector("input")?.focus();
    if (!kind.many) more.remove();
  });
  const node = section(title, place, kind.many || !rows.length ? more : "");
  const aliases = () => rows.map((row) => row.read().alias).filter(Boolean);
  const readAll = () => (kind.many ? rows.map((row) => row.read()) : rows[0]?.read());
  const base = (n) => (kind.many ? `/${kind.section}/${n}` : `/${kind.section}`);
  const pointers = () => rows.flatMap((row, n) => row.pointers(base(n)));
  return { kind, node, read: readAll, aliases, pointers };
}

/** One object: mandatory fields first; of a type with packages, the fields of the chosen one; the others folded. */
function objectRow(kind, value, around) {
  const specs = [ALIAS, ...kind.fields, ...(kind.files ? [files()] : [])];
  const known = new Set(specs.map((one) => one.name));
  const kept = Object.fromEntries(Object.entries(value).filter(([name]) => !known.has(name)));
  const widgets = specs.map((spec) => widget(spec, value[spec.name], beside(specs, () => widgets, around)));
  const first = element("div", { class: "grid" });
  const rest = element("div", { class: "grid" });
  const chooser = widgets.find((one) => one.spec.name === kind.package_field);
  const sort = () => {
    const chosen = kind.packages?.find((one) => one.id === chooser?.read());
    const wanted = new Set(chosen ? [...chosen.mandatory, ...chosen.groups.flat(), ...chosen.recommended] : []);
    const near = (one) => one.spec.required || one.spec.recommended || one.spec.required_if || one.spec.required_unless
      || one.spec === ALIAS || wanted.has(one.spec.name) || value[one.spec.name] !== undefined || one.spec.name === "files";
    const named = new Set((kind.packages ?? []).flatMap((p) => [...p.mandatory, ...p.groups.flat(), ...p.recommended, ...p.optional]));
    const fits = (one) => !chosen || !named.has(one.spec.name) || wanted.has(one.spec.name) || chosen.optional.includes(one.spec.name);
    for (const one of widgets) {
      one.node.hidden = !fits(one) && value[one.spec.name] === undefined;
      (near(one) ? first : rest).append(one.node);
    }
  };
  chooser?.input.addEventListener("change", sort);
  sort();
  const folded = rest.childElementCount ? element("details", {}, element("summary", {}, t("form.attribute_more")), rest) : "";
  const node = element("div", { class: "object" }, first, folded);
  const readRow = () => ({ ...kept, ...Object.fromEntries(widgets.map((one) => [one.spec.name, one.read()]).filter(([, v]) => v !== undefined)) });
  const pointers = (base) =>
    widgets.flatMap((one) => [[`${base}/${one.spec.name}`, one], ...one.inner(`${base}/${one.spec.name}`)]);
  return { node, read: readRow, pointers };
}

const files = () => ({ name: "files", kind: "items", fields: FILE, label: { en: t("form.files"), zh: t("form.files") } });

/** The dry run; every finding at its field, the others below. Whether it may be stored. */
async function look(id, sections, document_, others) {
  const said = await call("POST", `${path(id)}/metadata/check`, { body: document_ });
  const places = new Map(sections.flatMap((one) => one.pointers()));
  for (const one of places.values()) clear(one);
  const homeless = said.findings.filter((found) => !mark(places, found));
  others.replaceChildren(homeless.length ? await findings(homeless) : "");
  const taken = said.verdict === "taken";
  say(said.findings_total ? t("form.found", { count: said.findings_total }) : t("form.clean"), !taken);
  document.querySelector("[aria-invalid=true]")?.closest("details")?.setAttribute("open", "");
  if (!taken) document.querySelector("[aria-invalid=true]")?.focus();
  return taken;
}

function clear(one) {
  one.node.querySelectorAll(":scope > .wrong").forEach((old) => old.remove());
  one.input.removeAttribute("aria-invalid");
}

function mark(places, found) {
  let pointer = found.where;
  while (pointer && !places.has(pointer)) pointer = pointer.slice(0, pointer.lastIndexOf("/"));
  const one = places.get(pointer);
  if (!one) return false;
  const id = `${(one.input.id ||= `w-${pointer.replaceAll("/", "-")}`)}-wrong`;
  one.node.append(element("p", { class: "wrong", id }, found.message, " ", found.mend ?? ""));
  if ((found.severity ?? "error") === "error") one.input.setAttribute("aria-invalid", "true");
  const described = (one.input.getAttribute("aria-describedby") ?? "").split(" ").filter((name) => name && !name.endsWith("-wrong"));
  one.input.setAttribute("aria-describedby", [...described, id].join(" "));
  one.node.hidden = false;
  one.node.closest("details")?.setAttribute("open", "");
  return true;
}

