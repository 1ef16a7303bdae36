// Texts of the page of own records, in English and Chinese.

/** @type {Record<string, [string, string]>} */
export const RECORDS = {
  "records.about": ["Records of yours that have a number. Tick some, then release them or ask for a change.", "您已有编号的记录。勾选后可公开或申请更改。"],
  "records.asked": ["A change of {count:record is|records is} asked for; a curator decides.", "已为 {count} 条记录申请更改，等待审核员决定。"],
  "records.change": ["Change a field of the ticked ones", "更改勾选记录的字段"],
  "records.change_ask": ["Ask for the change", "申请更改"],
  "records.field": ["Field", "字段"],
  "records.filter": ["Words of title or number", "标题或编号中的词"],
  "records.none": ["You have no such records.", "您没有此类记录。"],
  "records.refused": ["refused:", "被拒绝："],
  "records.release": ["Release the ticked ones", "公开勾选的记录"],
  "records.released": ["Release is set for {count:record|records}.", "已设置 {count} 条记录的公开时间。"],
  "records.shown": ["{there} of {all:record|records} shown", "显示 {all} 条中的 {there} 条"],
  "records.tick": ["Tick", "勾选"],
  "records.tick_one": ["Tick a record first.", "请先勾选记录。"],
  "records.title": ["My samples and records", "我的样本和记录"],
  "records.value": ["New value", "新值"],
  "records.visibility": ["Visibility", "可见性"],
  "records.why": ["Why", "原因"],
  "visibility.any": ["any", "全部"],
  "visibility.private": ["private", "未公开"],
  "visibility.public": ["public", "已公开"],
  "visibility.replaced": ["replaced", "已替换"],
  "visibility.suppressed": ["suppressed", "已屏蔽"],
  "visibility.withdrawn": ["withdrawn", "已撤回"],
};
