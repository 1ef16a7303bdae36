// Words of the release gate (numbers of authorities) and of a move to another database, in English and Chinese.

/** @type {Record<string, [string, string]>} */
export const NUMBERS = {
  "desk.release": ["Release waits for numbers", "待核实编号"],
  "move.title": ["Move to another database", "转移到其他数据库"],
  "move.to": ["Database", "数据库"],
  "move.reason": ["Why it belongs there", "转移理由"],
  "move.document": ["Metadata for that database (JSON)", "目标数据库的元数据（JSON）"],
  "move.hint": ["Without it, what both databases know by the same names is carried over. Files stay; its owner hands it in there.", "不提供时沿用两库同名字段。文件保留，由提交者在目标库重新提交。"],
  "move.done": ["Moved; its owner is told.", "已转移，并已通知提交者。"],
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
