// What the rules of countries demand before a submission is released: what is missing for whom, and staff's word on each number.

import { get, post } from "./api.js";
import { element } from "./dom.js";
import { button, findings, input, quiet, section, table } from "./forms.js";
import { doing, reload } from "./shell.js";
import { language, t } from "./texts.js";

const OVER = ["released", "cancelled"];

/** @param {any} of a submission @param {boolean} staff whether the reader may verify numbers */
export async function numbersOf(of, staff) {
  if (OVER.includes(of.state) || !of.objects.length) return "";
  const path = `/v1/submissions/${encodeURIComponent(of.id)}/human-resources`;
  const gate = await get(path);
  if (!gate.applies) return "";
  const stands = element("p", { class: gate.open ? "quiet" : "note", id: "release-gate" }, t(gate.open ? "numbers.open" : "numbers.shut"));
  const why = gate.demands.map((one) => element("li", {}, one.title ? `${one.title[language()]}: ` : "", one.why[language()]));
  return section(
    t("numbers.title"),
    stands,
    why.length ? element("ul", {}, ...why) : "",
    gate.numbers.length ? stated(gate.numbers, staff ? (body, pressed) => doing(pressed, async () => (await post(path, body), reload())) : null) : "",
    gate.findings.length ? await findings(gate.findings) : "",
  );
}

/** The numbers that the submission states; `send` for those who may say whether they are right. */
function stated(numbers, send) {
  const rows = numbers.map((one) => [
    one.title[language()],
    element("code", {}, one.number),
    one.ends ? `${one.dated} – ${one.ends}` : one.dated,
    t(`numbers.${one.standing}`),
    ...(send ? [verdict(one, send)] : []),
  ]);
  const heads = [t("numbers.document"), t("numbers.number"), t("numbers.dated"), t("numbers.standing"), ...(send ? [t("action")] : [])];
  return table(t("numbers.title"), heads, rows);
}

function verdict(one, send) {
  const said = { document: one.document, number: one.number, dated: one.dated, ends: one.ends };
  const why = input("why", { "aria-label": t("numbers.reason"), placeholder: t("numbers.reason"), maxlength: 500 });
  const verify = button(t("numbers.verify"), () => send({ ...said, standing: "verified" }, verify));
  const refuse = quiet(t("numbers.refuse"), () => send({ ...said, standing: "refused", reason: why.value }, refuse));
  return element("span", {}, one.standing === "verified" ? "" : verify, " ", refuse, " ", why);
}
