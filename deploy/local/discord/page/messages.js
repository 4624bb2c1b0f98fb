// The list of messages; a message is rendered again when it changes.

import { avatar, make } from "./dom.js";
import { components, embed } from "./components.js";
import { markdown } from "./markdown.js";
import { attachments, keepMedia } from "./media.js";
import { currentLocale, translate } from "./texts.js";

const EPHEMERAL = 64, LOADING = 128, TOKEN_MS = 900_000;
const QUICK_REACTIONS = ["🔁", "👍", "❤️", "🎉"];

export class Messages {
  /** `actions` holds what a member can do: press, react, dismiss, useCommand; and apps, names, me. */
  constructor(list, actions) {
    this.list = list;
    this.actions = actions;
    this.known = new Map();
  }

  reset(messages, welcome) {
    this.known = new Map(messages.map((message) => [message.id, message]));
    this.list.replaceChildren(
      make("li", { class: "welcome" }, make("h2", {}, welcome)),
      ...messages.map((message) => this.render(message)),
    );
    this.scrollToEnd();
  }

  put(message) {
    const atEnd = this.list.scrollHeight - this.list.scrollTop - this.list.clientHeight < 220;
    const old = this.find(message.id);
    const fresh = this.render(message);
    this.known.set(message.id, message);
    if (old) {
      const resume = keepMedia(old, fresh);
      old.replaceWith(fresh);
      resume();
    } else {
      this.list.append(fresh);
    }
    if (!atEnd) return;
    this.scrollToEnd();
    for (const image of fresh.querySelectorAll("img")) image.addEventListener("load", () => this.scrollToEnd());
  }

  remove(id) {
    this.known.delete(id);
    this.find(id)?.remove();
  }

  applyReaction({ message_id: id, user_id: user, emoji }, me, added) {
    const message = this.known.get(id);
    if (!message) return;
    const list = [...(message.reactions || [])];
    const at = list.findIndex((each) => each.emoji.name === emoji.name);
    const had = at < 0 ? { emoji, count: 0, me: false } : list[at];
    const mine = user === me ? added : had.me;
    const next = { ...had, count: had.count + (added ? 1 : -1), me: mine };
    list.splice(at < 0 ? list.length : at, 1, ...(next.count ? [next] : []));
    this.put({ ...message, reactions: list });
  }

  find = (id) => this.list.querySelector(`[data-message="${id}"]`);

  scrollToEnd() {
    requestAnimationFrame(() => this.list.scrollTo({ top: this.list.scrollHeight }));
  }

  render(message) {
    const { actions } = this;
    const ephemeral = Boolean(message.flags & EPHEMERAL);
    const mentionsMe = message.mentions.some((user) => user.id === actions.me());
    const className = `message${ephemeral ? " ephemeral" : ""}${mentionsMe ? " mentions-me" : ""}`;
    const body = make("div", { class: "body" }, this.head(message), ...this.content(message));
    if (message.reactions?.length) body.append(this.reactions(message));
    if (ephemeral) body.append(this.ephemeralNote(message));
    const parts = [this.replyLine(message), avatar(message.author), body, this.toolbar(message, ephemeral)];
    return make("li", { class: className, "data-message": message.id }, parts);
  }

  replyLine(message) {
    const cause = message.message_reference ? null : message.interaction;
    if (cause) {
      const who = cause.user.global_name || cause.user.username;
      const name = make("span", { class: "mention" }, message.type === 20 ? `/${cause.name}` : cause.name);
      return make("div", { class: "reply-line" }, make("b", {}, who), ` ${translate("used")} `, name);
    }
    if (!message.message_reference) return null;
    if (message.message_snapshots) return make("div", { class: "reply-line" }, translate("forwarded"));
    const referenced = this.known.get(message.message_reference.message_id);
    if (!referenced) return make("div", { class: "reply-line" }, translate("deleted"));
    const raw = referenced.content || referenced.embeds[0]?.title || "…";
    const text = markdown(raw.split("\n")[0], this.actions.names).textContent;
    return make("div", { class: "reply-line" }, make("b", {}, referenced.author.global_name), ` ${text.slice(0, 80)}`);
  }

  head(message) {
    const when = new Date(message.timestamp);
    const style = { hour: "2-digit", minute: "2-digit" };
    return make("div", { class: "head" },
      make("b", {}, message.author.global_name || message.author.username),
      message.author.bot ? make("span", { class: "tag" }, translate("app")) : null,
      make("time", { datetime: message.timestamp }, when.toLocaleTimeString(currentLocale(), style)));
  }

  content(message) {
    const { press, names } = this.actions;
    if (message.flags & LOADING) {
      const expired = Date.now() - Date.parse(message.timestamp) > TOKEN_MS;
      if (expired) return [make("div", { class: "error-text" }, translate("failed"))];
      const name = message.author.global_name;
      return [make("div", { class: "thinking" }, make("i"), make("i"), make("i"), ` ${name} ${translate("thinking")}`)];
    }
    const parts = [];
    if (message.content) parts.push(markdown(message.content, names));
    if (message.content && message.edited_timestamp) {
      parts.at(-1).lastElementChild?.append(make("span", { class: "edited" }, ` ${translate("edited")}`));
    }
    if (!(message.flags & 32768)) parts.push(attachments(message.attachments));
    for (const { message: forwarded } of message.message_snapshots ?? []) {
      if (forwarded.content) parts.push(markdown(forwarded.content, names));
      parts.push(attachments(forwarded.attachments), ...forwarded.embeds.map((each) => embed(each, names)));
    }
    parts.push(...message.embeds.map((each) => embed(each, names)));
    const act = (id, values, element) => press(message.id, id, values, element);
    if (message.components.length) parts.push(components(message.components, act, names));
    return parts;
  }

  reactions(message) {
    return make("div", { class: "reactions" }, message.reactions.map((each) =>
      make("button", {
        type: "button", class: each.me ? "reaction own" : "reaction", "aria-pressed": String(each.me),
        "aria-label": `${translate("react", { emoji: each.emoji.name })}, ${each.count}`,
        onclick: () => this.actions.react(message.id, each.emoji.name, !each.me),
      }, `${each.emoji.name} `, make("span", {}, String(each.count)))));
  }

  ephemeralNote(message) {
    const dismiss = make("button", { type: "button", class: "plain", onclick: () => this.actions.dismiss(message.id) }, translate("dismiss"));
    return make("div", { class: "ephemeral-note" }, `👁 ${translate("only_you")} • `, dismiss);
  }

  toolbar(message, ephemeral) {
    if (ephemeral) return null;
    const mine = (emoji) => message.reactions?.find((each) => each.emoji.name === emoji)?.me;
    const buttons = QUICK_REACTIONS.map((emoji) => make("button", {
      type: "button", "aria-label": translate("react", { emoji }),
      onclick: () => this.actions.react(message.id, emoji, !mine(emoji)),
    }, emoji));
    const apps = this.actions.apps().map((command) => make("button", {
      type: "button", class: "app", onclick: () => this.actions.useCommand(command, message.id),
    }, command.label));
    return make("div", { class: "toolbar", role: "toolbar", "aria-label": translate("apps") }, buttons, apps);
  }
}
