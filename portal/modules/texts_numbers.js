// Words of the release gate: numbers of authorities and what staff say of them, in English and Chinese.

/** @type {Record<string, [string, string]>} */
export const NUMBERS = {
  "desk.release": ["Release waits for numbers", "待核实编号"],
  "numbers.title": ["Rules on human genetic resources", "人类遗传资源管理要求"],
  "numbers.open": ["Nothing keeps the release back.", "目前不影响发布。"],
  "numbers.shut": ["The release waits: mend what is listed here. Before you hand in, in the metadata; after it is archived, by a correction of the study.", "暂不能发布：请处理下列问题。提交前请修改元数据；归档后请申请更正研究信息。"],
  "numbers.document": ["Document", "文件"],
  "numbers.number": ["Number", "编号"],
  "numbers.dated": ["Date", "日期"],
  "numbers.standing": ["Verification", "核实情况"],
  "numbers.declared": ["not verified yet", "尚未核实"],
  "numbers.verified": ["verified", "已核实"],
  "numbers.refused": ["could not be verified", "未能核实"],
  "numbers.verify": ["Verify", "核实通过"],
  "numbers.refuse": ["Refuse", "不予核实"],
  "numbers.reason": ["Why it is refused", "不予核实的理由"],
};
