// The page of a submission's files: choose files or a folder, matched by name, sent with progress, paused, gone on.

import { all, get, post } from "./api.js";
import { element, size } from "./dom.js";
import { button, field, quiet, section } from "./forms.js";
import { doing, follow, go, say } from "./shell.js";
import { t } from "./texts.js";
import { Upload } from "./uploader.js";

const EDITABLE = ["draft", "files_failed", "revision_requested"];
const path = (id) => `/v1/submissions/${encodeURIComponent(id)}`;

/** Uploads of this page by the file's id; they go on while other parts of the page are shown. */
const uploads = new Map();
const running = () => [...uploads.values()].some((one) => one.state === "sending" || one.state === "waiting");
addEventListener("beforeunload", (event) => running() && event.preventDefault());

/** @param {HTMLElement} place @param {string} id */
export async function filesPage(place, id) {
  const [found, files] = await Promise.all([get(path(id)), all(`${path(id)}/files`)]);
  const rows = new Map(files.map((file) => [file.id, fileRow(file)]));
  const heads = [t("files.name"), t("files.size"), t("files.state"), t("files.progress"), t("action")];
  const shown = element(
    "table",
    {},
    element("caption", {}, t("files.title")),
    element("thead", {}, element("tr", {}, ...heads.map((text) => element("th", { scope: "col" }, text)))),
    element("tbody", {}, ...[...rows.values()].map((row) => row.line)),
  );
  const total = element("p", { id: "arrived", role: "status" });
  const unmatched = element("div", { id: "unmatched" });
  const count = () => {
    const there = files.filter((file) => !["declared", "uploading", "qc_failed"].includes(rows.get(file.id).state)).length;
    total.textContent = t("files.arrived", { there, all: files.length });
  };
  const chosen = (list) => {
    const others = match(files, rows, list);
    unmatched.replaceChildren(others.length ? notNamed(others) : "");
    queue();
  };
  place.append(
    element("p", {}, element("a", { href: `#s/${id}` }, t("back_to", { title: found.title }))),
    section(t("files.choose"), chooser("file", t("files.files"), false, chosen), chooser("folder", t("files.folder"), true, chosen)),
    unmatched,
    section(t("files.title"), total, element("p", { class: "acts" }, ...controls()), shown),
    EDITABLE.includes(found.state) ? handIn(id) : "",
  );
  for (const upload of uploads.values()) rows.get(upload.declared.id)?.show(upload);
  count();
  follow(place, async () => {
    const now = await all(`${path(id)}/files`);
    const moved = now.some((file) => rows.get(file.id)?.arrived(file));
    count();
    return moved;
  });
  return t("files.send");
}

function chooser(kind, label, folder, chosen) {
  const input = element("input", { type: "file", multiple: true, webkitdirectory: folder, id: `choose-${kind}` });
  input.addEventListener("change", () => chosen([...input.files]));
  return field(label, input, { hint: t(folder ? "files.folder_hint" : "files.files_hint") });
}

/** Give each chosen file to the declared file of its name; the others come back. */
function match(files, rows, chosen) {
  const byName = new Map(files.map((file) => [file.name, file]));
  return chosen.filter((file) => {
    const declared = byName.get(file.name);
    if (!declared) return true;
    const before = uploads.get(declared.id);
    if (!before || ["failed", "paused"].includes(before.state)) {
      uploads.set(declared.id, new Upload(declared, file, (upload) => rows.get(declared.id).show(upload)));
    }
    return false;
  });
}

const notNamed = (others) =>
  element("p", { class: "note" }, t("files.unmatched", { count: others.length }), " ", others.slice(0, 20).map((f) => f.name).join(", "));

let working = false;

/** Two files at a time, each with several parts at a time. */
async function queue() {
  if (working) return;
  working = true;
  const next = () => [...uploads.values()].find((one) => one.state === "waiting");
  const worker = async () => {
    for (let upload = next(); upload; upload = next()) await upload.run();
  };
  await Promise.all([worker(), worker()]);
  working = false;
  const failed = [...uploads.values()].filter((one) => one.state === "failed");
  if (failed.length) say(t("files.some_failed", { count: failed.length }), true);
  else if ([...uploads.values()].every((one) => one.state === "done")) say(t("files.all_sent"));
}

function controls() {
  const pauseAll = quiet(t("files.pause_all"), () => uploads.forEach((one) => one.pause()));
  const goOn = quiet(t("files.go_on"), () => {
    for (const one of uploads.values()) if (["paused", "failed"].includes(one.state)) one.state = "waiting";
    queue();
  });
  return [pauseAll, " ", goOn];
}

function handIn(id) {
  const submit = button(t("submission.hand_in"), () =>
    doing(submit, async () => {
      await post(`${path(id)}/submit`);
      go(`s/${id}`, t("submission.handed_in"));
    }),
  );
  return section(t("submission.hand_in"), element("p", { class: "quiet" }, t("files.hand_in_hint")), submit);
}

function fileRow(file) {
  const bar = element("progress", { max: 100, value: 0, "aria-label": t("files.progress_of", { name: file.name }) });
  const told = element("span", { class: `state ${file.state}` });
  const many = element("span", { class: "quiet" });
  const pause = quiet(t("files.pause"), () => {
    const upload = uploads.get(file.id);
    if (upload?.state === "sending") upload.pause();
    else if (upload) {
      upload.state = "waiting";
      queue();
    }
  });
  pause.hidden = true;
  const cell = (label, ...children) => element("td", { "data-label": label }, ...children);
  const line = element(
    "tr",
    {},
    cell(t("files.name"), file.name),
    cell(t("files.size"), many),
    cell(t("files.state"), told),
    cell(t("files.progress"), bar),
    cell(t("action"), pause),
  );
  const row = { line, state: file.state, show, arrived };
  many.textContent = file.size_bytes ? size(file.size_bytes) : "";
  stands(file.state);
  return row;

  function stands(state) {
    told.textContent = state === "uploading" && !uploads.has(file.id) ? t("files.choose_again") : t(`file.${state}`);
    told.className = `state ${state}`;
    if (!["declared", "uploading", "qc_failed"].includes(state)) bar.value = 100;
  }

  function show(upload) {
    bar.value = upload.file.size ? (100 * upload.bytes) / upload.file.size : 0;
    many.textContent = `${size(upload.bytes)} / ${size(upload.file.size)}`;
    told.textContent = upload.problem ? `${t("upload.failed")} ${upload.problem.message}` : t(`upload.${upload.state}`);
    told.className = `state ${upload.state}`;
    pause.hidden = !["sending", "paused", "failed"].includes(upload.state);
    pause.textContent = upload.state === "sending" ? t("files.pause") : t("files.go_on");
  }

  function arrived(now) {
    const moved = now.state !== row.state;
    row.state = now.state;
    const upload = uploads.get(file.id);
    if (moved && (!upload || upload.state === "done")) stands(now.state);
    return moved;
  }
}
