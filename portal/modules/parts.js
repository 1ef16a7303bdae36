// A part of a submission: the runs that a curator ticks are accepted now, the others stay under review or go back.

import { all, get } from "./api.js";
import { element, size } from "./dom.js";
import { button, field, quiet, section, select, table } from "./forms.js";
import { doing, go, say } from "./shell.js";
import { t } from "./texts.js";

/**
 * Nothing where fewer than two wait: then all is decided at once.
 * @param {any} desk @param {{guard: any}} checks the checklist @param {(body: any) => Promise<any>} send the decision
 * @param {() => any[]} reasons that are chosen for a return
 */
export async function parts(desk, checks, send, reasons) {
  const waiting = desk.stage === "data" ? await thatWait(desk.submission) : [];
  if (waiting.length < 2) return "";
  const rows = waiting.map(({ object, files }) => {
    const box = element("input", { type: "checkbox", name: "run", value: object.alias });
    return [
      element("label", { class: "box" }, box, object.alias),
      String(object.attributes.title ?? ""),
      files.map((f) => f.name).join(", "),
      size(files.reduce((sum, f) => sum + (f.size_bytes ?? 0), 0)),
    ];
  });
  const shown = table(t("parts.title"), [t("parts.accept"), t("submission.title"), t("files.title"), t("files.size")], rows);
  const boxes = [...shown.querySelectorAll("input")];
  const tick = quiet(t("tick_all"), () => {
    const on = boxes.some((box) => !box.checked);
    boxes.forEach((box) => (box.checked = on));
  });
  const rest = select("rest", [["keep", t("parts.keep")], ["return", t("parts.return")]]);
  const accept = button(t("parts.accept_ticked"), () => {}, { id: "accept-part", class: "second" });
  checks.guard(accept, () => {
    const runs = boxes.filter((box) => box.checked).map((box) => box.value);
    if (!runs.length || runs.length === boxes.length) return say(t("parts.some"), true);
    return doing(accept, async () => {
      const back = rest.value === "return";
      await send({ decision: "accept", runs, rest: rest.value, ...(back ? { reasons: reasons() } : {}) });
      go("queue/data", t("parts.accepted", { count: runs.length }));
    });
  });
  return section(
    t("parts.title"),
    element("p", { class: "quiet" }, t("parts.about")),
    shown,
    element("p", {}, tick),
    field(t("parts.rest"), rest),
    element("p", {}, accept),
  );
}

/** The objects with files that have no number yet, each with its files. */
async function thatWait(of) {
  if (new Set(of.files.map((f) => f.run)).size < 2) return [];
  const member = (await get("/v1/members")).items.find((one) => one.id === of.member);
  const path = `/v1/submissions/${encodeURIComponent(of.id)}`;
  const kinds = member.objects.filter((kind) => kind.files);
  const [files, ...objects] = await Promise.all([
    all(`${path}/files`),
    ...kinds.map((kind) => all(`${path}/objects`, { type: kind.type })),
  ]);
  const open = objects.flat().filter((object) => !object.accession);
  return open.map((object) => ({ object, files: files.filter((f) => f.run === object.alias) }));
}
