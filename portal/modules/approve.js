// Approval from a mail. The secret comes in the fragment of the address and leaves it at once; opening changes nothing.

import { call } from "./api.js";
import { element } from "./dom.js";
import { button } from "./forms.js";
import { doing, say, start } from "./shell.js";
import { t } from "./texts.js";

const [secret] = location.hash.slice(1).split("/");
if (secret) history.replaceState(null, "", location.pathname);

async function approve(place) {
  const body = { token: secret };
  if (!secret) {
    place.append(element("p", { class: "note" }, t("approve.none")));
    return t("approve.title");
  }
  const found = await call("POST", "/v1/approvals/look", { body, open: true });
  const facts = [
    [t("access.number"), found.number],
    [t("access.dataset"), element("a", { href: `index.html#${found.dataset}` }, found.dataset)],
    [t("access.committee"), found.committee],
    [t("access.said"), found.purpose],
  ];
  const confirmed = (event) =>
    doing(event.target, async () => {
      const done = await call("POST", "/v1/approvals", { body, open: true });
      place.replaceChildren();
      say(t("approve.done", { state: t(`access_state.${done.state}`) }));
    });
  place.append(
    element("p", { class: "note" }, t("approve.about", { committee: found.committee })),
    element("dl", { class: "facts" }, ...facts.flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, value)])),
    button(t("approve.confirm"), confirmed, { id: "approve" }),
  );
  return t("approve.title");
}

start({ approve }, { open: ["approve"] });
