// The list of messages, each redrawn when it changes.

import { avatar, make } from "./dom.js";
import { components, embed } from "./components.js";
import { markdown } from "./markdown.js";
import { attachments, keep } from "./media.js";
import { currentLocale, say } from "./words.js";

const EPHEMERAL = 64, LOADING = 128, TOKEN_MS = 900_000;
const QUICK = ["🔁", "👍", "❤️", "🎉"];

export class Messages {
  /** `does` holds what a member can do: press, react, dismiss, apps, names. */
  constructor(list, does) {
    this.list = list;
    this.does = does;
    this.known = new Map();
  }

  reset(messages, welcome) {
    this.known = new Map(messages.map((message) => [message.id, message]));
    this.list.replaceChildren(
      make("li", { class: "welcome" }, make("h2", {}, welcome)),
      ...messages.map((message) => this.draw(message)),
    );
    this.toEnd();
  }

  put(message) {
    const near = this.list.scrollHeight - this.list.scrollTop - this.list.clientHeight < 220;
    const old = this.find(message.id);
    const fresh = this.draw(message);
    this.known.set(message.id, message);
    if (old) {
      const resume = keep(old, fresh);
      old.replaceWith(fresh);
      resume();
    } else {
      this.list.append(fresh);
    }
    if (!near) return;
    this.toEnd();
    for (const image of fresh.querySelectorAll("img")) image.addEventListener("load", () => this.toEnd());
  }

  drop(id) {
    this.known.delete(id);
    this.find(id)?.remove();
  }

  react({ message_id: id, user_id: user, emoji }, me, added) {
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

  toEnd() {
    requestAnimationFrame(() => this.list.scrollTo({ top: this.list.scrollHeight }));
  }

  draw(message) {
    const { does } = this;
    const hidden = Boolean(message.flags & EPHEMERAL);
    const pings = message.mentions.some((user) => user.id === does.me());
    const look = `message${hidden ? " ephemeral" : ""}${pings ? " pings" : ""}`;
    const body = make("div", { class: "body" }, this.head(message), ...this.content(message));
    if (message.reactions?.length) body.append(this.reactions(message));
    if (hidden) body.append(this.whisper(message));
    const parts = [this.above(message), avatar(message.author), body, this.tools(message, hidden)];
    return make("li", { class: look, "data-message": message.id }, parts);
  }

  above(message) {
    const cause = message.message_reference ? null : message.interaction;
    if (cause) {
      const who = cause.user.global_name || cause.user.username;
      const name = make("span", { class: "mention" }, message.type === 20 ? `/${cause.name}` : cause.name);
      return make("div", { class: "above" }, make("b", {}, who), ` ${say("used")} `, name);
    }
    if (!message.message_reference) return null;
    const quoted = this.known.get(message.message_reference.message_id);
    if (!quoted) return make("div", { class: "above" }, say("deleted"));
    const raw = quoted.content || quoted.embeds[0]?.title || "…";
    const text = markdown(raw.split("\n")[0], this.does.names).textContent;
    return make("div", { class: "above" }, make("b", {}, quoted.author.global_name), ` ${text.slice(0, 80)}`);
  }

  head(message) {
    const when = new Date(message.timestamp);
    const style = { hour: "2-digit", minute: "2-digit" };
    return make("div", { class: "head" },
      make("b", {}, message.author.global_name || message.author.username),
      message.author.bot ? make("span", { class: "tag" }, say("app")) : null,
      make("time", { datetime: message.timestamp }, when.toLocaleTimeString(currentLocale(), style)));
  }

  content(message) {
    const { press, names } = this.does;
    if (message.flags & LOADING) {
      const dead = Date.now() - Date.parse(message.timestamp) > TOKEN_MS;
      if (dead) return [make("div", { class: "problem" }, say("failed"))];
      const name = message.author.global_name;
      return [make("div", { class: "thinking" }, make("i"), make("i"), make("i"), ` ${name} ${say("thinking")}`)];
    }
    const parts = [];
    if (message.content) parts.push(markdown(message.content, names));
    if (message.content && message.edited_timestamp) {
      parts.at(-1).lastElementChild?.append(make("span", { class: "edited" }, ` ${say("edited")}`));
    }
    if (!(message.flags & 32768)) parts.push(attachments(message.attachments));
    parts.push(...message.embeds.map((each) => embed(each, names)));
    const act = (id, values, element) => press(message.id, id, values, element);
    if (message.components.length) parts.push(components(message.components, act, names));
    return parts;
  }

  reactions(message) {
    return make("div", { class: "reactions" }, message.reactions.map((each) =>
      make("button", {
        type: "button", class: each.me ? "reaction mine" : "reaction", "aria-pressed": String(each.me),
        "aria-label": `${say("react", { emoji: each.emoji.name })}, ${each.count}`,
        onclick: () => this.does.react(message.id, each.emoji.name, !each.me),
      }, `${each.emoji.name} `, make("span", {}, String(each.count)))));
  }

  whisper(message) {
    const dismiss = make("button", { type: "button", class: "plain", onclick: () => this.does.dismiss(message.id) }, say("dismiss"));
    return make("div", { class: "whisper" }, `👁 ${say("only_you")} • `, dismiss);
  }

  tools(message, hidden) {
    if (hidden) return null;
    const mine = (emoji) => message.reactions?.find((each) => each.emoji.name === emoji)?.me;
    const buttons = QUICK.map((emoji) => make("button", {
      type: "button", "aria-label": say("react", { emoji }),
      onclick: () => this.does.react(message.id, emoji, !mine(emoji)),
    }, emoji));
    const apps = this.does.apps().map((command) => make("button", {
      type: "button", class: "app", onclick: () => this.does.use(command, message.id),
    }, command.label));
    return make("div", { class: "tools", role: "toolbar", "aria-label": say("apps") }, buttons, apps);
  }
}
