// The page that a file's check left, shown in a tab of its own by an address that is good for minutes.

import { get } from "./api.js";
import { quiet } from "./forms.js";
import { doing } from "./shell.js";
import { t } from "./texts.js";

/** @param {string} submission @param {any} file @returns {Node | string} a button, nothing where there is no report */
export function checkReport(submission, file) {
  if (!file.has_report) return "";
  const path = `/v1/submissions/${encodeURIComponent(submission)}/files/${encodeURIComponent(file.id)}/report`;
  const open = (event) =>
    doing(event.target, async () => {
      const tab = window.open("", "_blank"); // at once: later the browser would take it for an advertisement
      try {
        const link = await get(path, { format: "link" });
        if (tab) tab.opener = null;
        (tab ?? window).location.replace(link.url);
      } catch (problem) {
        tab?.close();
        throw problem;
      }
    });
  return quiet(t("files.report"), open, { "aria-label": t("files.report_of", { name: file.name }) });
}
