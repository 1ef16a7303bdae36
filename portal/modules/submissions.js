// The submitter's pages: the list, a new submission, and one submission with its metadata and files.

import { all, get, post } from "./api.js";
import { element } from "./dom.js";
import { button, day, field, form, input, section, select, table } from "./forms.js";
import { byForm } from "./online_form.js";
import { filesPage } from "./files.js";
import { own as records } from "./records.js";
import { one } from "./submission.js";
import { doing, go, start } from "./shell.js";
import { language, stateWords, t } from "./texts.js";
import { byWorkbook } from "./workbook.js";

const inside = { metadata: byWorkbook, form: byForm, files: filesPage };

/** #s/ID shows a submission, #s/ID/metadata, /form and /files its parts. */
const submission = (place, [id, part], me) => (inside[part] ?? one)(place, id, me);

async function list(place, _rest, me) {
  let page = await get("/v1/submissions", { limit: 50 });
  const groups = me.groups.filter((group) => group.standing !== "invited");
  const shared = await Promise.all(groups.map((g) => all(`/v1/groups/${encodeURIComponent(g.id)}/submissions`)));
  place.append(element("p", {}, element("a", { class: "button", href: "#new" }, t("submission.new")), " ", element("a", { href: "#records" }, t("records.title"))));
  const own = section(t("submission.own"));
  place.append(own);
  if (!page.items.length) own.append(element("p", { class: "quiet" }, t("submission.none")));
  else own.append(listed(t("submission.own"), page.items));
  const more = button(t("more"), () =>
    doing(more, async () => {
      page = await get("/v1/submissions", { limit: 50, cursor: page.next_cursor });
      own.querySelector("tbody").append(...listed("", page.items).querySelectorAll("tbody tr"));
      if (!page.next_cursor) more.remove();
    }),
  );
  if (page.next_cursor) own.append(more);
  groups.forEach((group, n) => {
    const found = shared[n];
    const inner = found.length ? listed(group.name, found) : element("p", { class: "quiet" }, t("submission.none_shared"));
    place.append(section(t("submission.of_group", { name: group.name }), inner));
  });
  return t("submission.list");
}

const heads = () => ["title", "member", "state", "todo", "changed"].map((name) => t(`submission.${name}`));

/** @param {string} caption @param {any[]} items */
function listed(caption, items) {
  const rows = items.map((s) => [
    element("a", { href: `#s/${s.id}` }, s.title),
    s.member.toUpperCase(),
    element("span", { class: `state ${s.state}` }, stateWords(s)),
    t(`todo.${s.state}`),
    day(s.updated_at),
  ]);
  return table(caption, heads(), rows);
}

async function opened(place) {
  const members = (await get("/v1/members")).items;
  const title = field(t("submission.title"), input("title", { maxlength: 300, minlength: 3 }), {
    must: true,
    hint: t("submission.title_hint"),
  });
  const date = field(t("release.date"), input("date", { type: "date" }), { hint: t("release.date_hint") });
  const mode = select("mode", [["immediately", t("release.immediately")], ["on_date", t("release.on_date")]]);
  const show = () => date.toggleAttribute("hidden", mode.value !== "on_date");
  mode.addEventListener("change", show);
  show();
  const act = (values, pressed) =>
    doing(pressed, async () => {
      const release = values.mode === "on_date" ? { mode: "on_date", date: values.date } : { mode: "immediately" };
      const made = await post("/v1/submissions", { member: values.member, title: values.title, release });
      go(`s/${made.id}`, t("submission.opened"));
    });
  const choice = element("fieldset", { class: "members" }, element("legend", {}, t("submission.which")), ...members.map(member));
  const submit = element("button", { type: "submit" }, t("submission.open"));
  place.append(form(t("submission.new"), act, choice, title, field(t("release.when"), mode), date, submit));
  return t("submission.new");
}

function member(of, n) {
  const id = `member-${of.id}`;
  const radio = input("member", { type: "radio", value: of.id, id, checked: n === 0, required: true });
  const lines = [
    element("strong", {}, `${of.title[language()]} (${of.id.toUpperCase()})`),
    element("span", { class: "quiet" }, of.purpose[language()]),
    element("span", { class: "quiet" }, of.objects.map((kind) => kind.title[language()]).join(" · ")),
  ];
  return element("label", { class: "member", for: id }, radio, element("span", {}, ...lines));
}

start({ new: opened, records, s: submission, list });
