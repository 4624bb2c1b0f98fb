// The page's own texts, by the member's locale.

const TEXTS = {
  "en-US": {
    member: "Member", language: "Language", online: "online", offline: "offline",
    thinking: "is thinking…", typing: "is typing…", used: "used", app: "APP",
    only_you: "Only you can see this", dismiss: "Dismiss message", edited: "(edited)",
    write: "Message {channel}, or / for commands", send: "Send", cancel: "Cancel",
    add_file: "Add a picture", choose_file: "Choose or drop a picture", remove: "Remove",
    react: "React with {emoji}", apps: "Apps", optional: "optional", submit: "Submit",
    failed: "The application did not respond", commands: "Commands", choose: "Choose…",
    welcome: "This is the beginning of {channel}.", yes: "True", no: "False", more: "More",
    deleted: "Original message was deleted", to: "to",
    spoiler: "Spoiler; click to see it", forwarded: "↪ Forwarded",
  },
  "zh-CN": {
    member: "成员", language: "语言", online: "在线", offline: "离线",
    thinking: "正在思考…", typing: "正在输入…", used: "使用了", app: "应用",
    only_you: "只有你能看到此消息", dismiss: "关闭消息", edited: "（已编辑）",
    write: "在 {channel} 发消息，或输入 / 使用命令", send: "发送", cancel: "取消",
    add_file: "添加图片", choose_file: "选择或拖入图片", remove: "移除",
    react: "用 {emoji} 回应", apps: "应用", optional: "可选", submit: "提交",
    failed: "该应用未响应", commands: "命令", choose: "请选择…",
    welcome: "这里是 {channel} 的开端。", yes: "是", no: "否", more: "更多",
    deleted: "原消息已删除", to: "至",
    spoiler: "剧透内容，点击查看", forwarded: "↪ 已转发",
  },
};

let locale = "en-US";

export function setLocale(next) {
  locale = next in TEXTS ? next : "en-US";
  document.documentElement.lang = locale;
  for (const element of document.querySelectorAll("[data-text]")) {
    element.textContent = translate(element.dataset.text);
  }
  for (const element of document.querySelectorAll("[data-label]")) {
    element.setAttribute("aria-label", translate(element.dataset.label));
  }
}

export function translate(key, values = {}) {
  return TEXTS[locale][key].replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}

/** A command's, option's or choice's own text in the member's language. */
export function localized(thing, name) {
  return thing[`${name}_localizations`]?.[locale] || thing[name];
}

export const currentLocale = () => locale;
