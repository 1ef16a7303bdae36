// Texts of the openness score, in English and Chinese.

/** @type {Record<string, [string, string]>} */
export const OPENNESS = {
  "openness.approved": ["Approved", "已批准"],
  "openness.as_of": ["As of {day}, formula {formula}", "截至 {day}，公式版本 {formula}"],
  "openness.days": ["Mean time of an answer", "平均处理时间"],
  "openness.days_value": ["{days} days", "{days} 天"],
  "openness.decided": ["Answered", "已处理"],
  "openness.late": ["Unanswered for more than 14 days", "超过 14 天未处理"],
  "openness.open": ["Open data: nobody has to ask.", "开放数据，无需申请。"],
  "openness.of": ["{count} of {counted}", "{counted} 个申请中的 {count} 个"],
  "openness.raise": ["What would raise it", "如何提高"],
  "openness.score": ["{score} of 100, {stars} of 5 stars", "{score} 分（满分 100），{stars} 星（最高 5 星）"],
  "openness.step": ["{words} Then {score}.", "{words}将为 {score} 分。"],
  "openness.title": ["Openness", "开放度"],
  "openness.unrated": ["Not rated yet: no request counts so far.", "尚未评分：暂无可计入的申请。"],
  "openness.waiting": ["Waiting now", "等待处理"],
};
