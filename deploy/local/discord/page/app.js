// The page: one member in one channel, and everything that happens there.

import { Member } from "./api.js";
import { Composer } from "./composer.js";
import { avatar, make } from "./dom.js";
import { refreshMoments } from "./markdown.js";
import { Messages } from "./messages.js";
import { openModal } from "./modal.js";
import { localized, say, speak } from "./words.js";

const at = (id) => document.getElementById(id);
const remembered = new URLSearchParams(location.search);
let state, me, channel, source, commands = [];

const names = {
  user: (id) => [...state.members, state.bot].find((user) => user.id === id)?.global_name ?? id,
  channel: (id) => state.channels.find((each) => each.id === id)?.name ?? id,
  people: () => state.members.map((user) => ({ value: user.id, label: user.global_name })),
  channels: () => state.channels.filter((each) => each.name).map((each) => ({ value: each.id, label: `#${each.name}` })),
};

const title = (each) => each.name ?? names.user(state.bot.id);
const mark = (each) => (each.name ? "#" : "@");
const marked = (each) => mark(each) + title(each);

function fail(text) {
  at("notice").textContent = text;
  at("notice").hidden = false;
  clearTimeout(fail.timer);
  fail.timer = setTimeout(() => (at("notice").hidden = true), 6000);
}

async function act(wish) {
  const answer = await me.act(wish);
  if (answer.kind === "failed") throw new Error(say("failed"));
  if (answer.kind === "modal") {
    const submit = (values) => act({ type: "modal", interaction: answer.interaction, values });
    openModal(at("modal"), answer.modal, { submit, names, upload: me.upload.bind(me) });
  }
  return answer;
}

async function press(message, customId, values, element) {
  element.classList.add("busy");
  try {
    await act({ type: "component", message, custom_id: customId, values });
  } catch (error) {
    fail(error.message);
  } finally {
    element.classList.remove("busy");
  }
}

const gently = (wanted) => wanted.catch((error) => fail(error.message));

const messages = new Messages(at("messages"), {
  me: () => me.id,
  names,
  press,
  react: (message, emoji, on) => gently(me.react(message, emoji, on)),
  dismiss: (message) => gently(me.dismiss(message)),
  apps: () => commands.filter((each) => each.type === 3).map((each) => ({ ...each, label: localized(each, "name") })),
  use: (command, message) => gently(act({ type: "message_command", channel: channel.id, name: command.id, message })),
});

const composer = new Composer(at("composer"), {
  names,
  fail,
  channel: () => (channel ? marked(channel) : ""),
  upload: (file) => me.upload(file),
  say: (content, files) => me.say(channel.id, content, files),
  command: (command, options) => ({ sent: act({ type: "command", channel: channel.id, name: command.id, options }) }),
});

const hears = {
  MESSAGE_CREATE: (message) => { at("typing").textContent = ""; messages.put(message); },
  MESSAGE_UPDATE: (message) => messages.put({ ...message, reactions: messages.known.get(message.id)?.reactions }),
  MESSAGE_DELETE: ({ id }) => messages.drop(id),
  MESSAGE_REACTION_ADD: (reaction) => messages.react(reaction, me.id, true),
  MESSAGE_REACTION_REMOVE: (reaction) => messages.react(reaction, me.id, false),
  TYPING_START: ({ user_id: who }) => { at("typing").textContent = `${names.user(who)} ${say("typing")}`; },
};

function hear(event) {
  if (event.type === "BOT") showPresence(event.data.online);
  if (event.type === "COMMANDS" || event.type === "BOT") loadCommands();
  if (event.type === "STATE") loadState();
  if (event.channel === channel.id) hears[event.type]?.(event.data);
}

function showPresence(online) {
  at("presence").textContent = `${state.bot.global_name} · ${say(online ? "online" : "offline")}`;
  at("presence").classList.toggle("online", online);
}

async function loadCommands() {
  commands = await me.commands(channel.id);
  composer.offer(commands);
}

async function loadState() {
  state = await me.state();
  speak(state.members.find((user) => user.id === me.id).locale);
  at("guild-name").textContent = state.guild.name;
  at("locale").value = document.documentElement.lang;
  at("member").replaceChildren(...state.members.map((user) => {
    const option = make("option", { value: user.id }, user.global_name);
    option.selected = user.id === me.id;
    return option;
  }));
  at("self-avatar").replaceWith(Object.assign(avatar(state.members.find((user) => user.id === me.id)), { id: "self-avatar" }));
  at("channels").replaceChildren(...state.channels.map((each) => make("button", {
    type: "button", class: each.name ? "channel" : "channel direct", "aria-current": each.id === channel?.id ? "page" : null,
    onclick: () => enter(each.id),
  }, make("span", { "aria-hidden": true }, mark(each)), ` ${title(each)}`)));
  showPresence(state.bot.online);
}

async function enter(id) {
  channel = state.channels.find((each) => each.id === id) ?? state.channels[0];
  remembered.set("member", me.id);
  remembered.set("channel", channel.id);
  history.replaceState(null, "", `?${remembered}`);
  await loadState();
  at("channel-name").textContent = `${mark(channel)} ${title(channel)}`;
  at("topic").textContent = channel.topic ?? "";
  document.title = `${title(channel)} · ${state.guild.name}`;
  composer.plain();
  await loadCommands();
  messages.reset(await me.history(channel.id), say("welcome", { channel: marked(channel) }));
  source?.close();
  source = me.follow(state.event, hear);
}

async function become(id) {
  me = new Member(id);
  state = await me.state();
  if (!state.channels.some((each) => !each.name)) await me.direct();
  state = await me.state();
  await enter(channel?.name ? channel.id : remembered.get("channel"));
}

at("member").addEventListener("change", (event) => become(event.target.value));
at("locale").addEventListener("change", async (event) => {
  await me.speak(event.target.value);
  await enter(channel.id);
});
setInterval(refreshMoments, 10_000);
const first = await new Member("").state();
await become(remembered.get("member") ?? first.guild.owner_id);
