// The page: one member in one channel, and the events there.

import { Member } from "./api.js";
import { Composer } from "./composer.js";
import { avatar, make } from "./dom.js";
import { refreshRelativeTimes } from "./markdown.js";
import { Messages } from "./messages.js";
import { openModal } from "./modal.js";
import { localized, setLocale, translate } from "./texts.js";

const byId = (id) => document.getElementById(id);
const query = new URLSearchParams(location.search);
const CATEGORY = 4;
let state, me, channel, source, commands = [];

const names = {
  user: (id) => [...state.members, state.bot].find((user) => user.id === id)?.global_name ?? id,
  channel: (id) => state.channels.find((each) => each.id === id)?.name ?? id,
  people: () => state.members.map((user) => ({ value: user.id, label: user.global_name })),
  roles: () => state.guild.roles.map((each) => ({ value: each.id, label: each.name.replace(/^@?/, "@") })),
  role: (id) => state.guild.roles.find((each) => each.id === id)?.name ?? id,
  channels: (types) => state.channels
    .filter((each) => each.name && (types?.includes(each.type) ?? each.type !== CATEGORY))
    .map((each) => ({ value: each.id, label: each.type === CATEGORY ? each.name : `#${each.name}` })),
};

const title = (each) => each.name ?? names.user(state.bot.id);
const prefix = (each) => (each.name ? "#" : "@");
const fullTitle = (each) => prefix(each) + title(each);

function showError(text) {
  byId("notice").textContent = text;
  byId("notice").hidden = false;
  clearTimeout(showError.timer);
  showError.timer = setTimeout(() => (byId("notice").hidden = true), 6000);
}

async function act(action) {
  const answer = await me.act(action);
  if (answer.kind === "failed") throw new Error(translate("failed"));
  if (answer.kind === "modal") {
    const submit = (values) => act({ type: "modal", interaction: answer.interaction, values });
    openModal(byId("modal"), answer.modal, { submit, names, upload: me.upload.bind(me) });
  }
  return answer;
}

async function press(message, customId, values, element) {
  element.classList.add("pending");
  try {
    await act({ type: "component", message, custom_id: customId, values });
  } catch (error) {
    showError(error.message);
  } finally {
    element.classList.remove("pending");
  }
}

const showErrors = (promise) => promise.catch((error) => showError(error.message));

const messages = new Messages(byId("messages"), {
  me: () => me.id,
  names,
  press,
  react: (message, emoji, on) => showErrors(me.react(message, emoji, on)),
  dismiss: (message) => showErrors(me.dismiss(message)),
  apps: () => commands.filter((each) => each.type === 3).map((each) => ({ ...each, label: localized(each, "name") })),
  useCommand: (command, message) => showErrors(act({ type: "message_command", channel: channel.id, name: command.id, message })),
});

const composer = new Composer(byId("composer"), {
  names,
  showError,
  channel: () => (channel ? fullTitle(channel) : ""),
  upload: (file) => me.upload(file),
  post: (content, files) => me.post(channel.id, content, files),
  command: (command, options) => act({ type: "command", channel: channel.id, name: command.id, options }),
});

const handlers = {
  MESSAGE_CREATE: (message) => { byId("typing").textContent = ""; messages.put(message); },
  MESSAGE_UPDATE: (message) => messages.put({ ...message, reactions: messages.known.get(message.id)?.reactions }),
  MESSAGE_DELETE: ({ id }) => messages.remove(id),
  MESSAGE_REACTION_ADD: (reaction) => messages.applyReaction(reaction, me.id, true),
  MESSAGE_REACTION_REMOVE: (reaction) => messages.applyReaction(reaction, me.id, false),
  TYPING_START: ({ user_id: user }) => { byId("typing").textContent = `${names.user(user)} ${translate("typing")}`; },
};

function onEvent(event) {
  if (event.type === "BOT") showPresence(event.data.online);
  if (event.type === "COMMANDS" || event.type === "BOT") loadCommands();
  if (event.type === "STATE") loadState();
  if (event.channel === channel.id) handlers[event.type]?.(event.data);
}

function showPresence(online) {
  byId("presence").textContent = `${state.bot.global_name} · ${translate(online ? "online" : "offline")}`;
  byId("presence").classList.toggle("online", online);
}

async function loadCommands() {
  commands = await me.commands(channel.id);
  composer.setCommands(commands);
}

async function loadState() {
  state = await me.state();
  setLocale(state.members.find((user) => user.id === me.id).locale);
  byId("guild-name").textContent = state.guild.name;
  byId("locale").value = document.documentElement.lang;
  byId("member").replaceChildren(...state.members.map((user) => {
    const option = make("option", { value: user.id }, user.global_name);
    option.selected = user.id === me.id;
    return option;
  }));
  byId("self-avatar").replaceWith(Object.assign(avatar(state.members.find((user) => user.id === me.id)), { id: "self-avatar" }));
  const places = state.channels.filter((each) => each.type !== CATEGORY);
  byId("channels").replaceChildren(...places.map((each) => make("button", {
    type: "button", class: each.name ? "channel" : "channel direct", "aria-current": each.id === channel?.id ? "page" : null,
    onclick: () => openChannel(each.id),
  }, make("span", { "aria-hidden": true }, prefix(each)), ` ${title(each)}`)));
  showPresence(state.bot.online);
}

async function openChannel(id) {
  channel = state.channels.find((each) => each.id === id) ?? state.channels[0];
  query.set("member", me.id);
  query.set("channel", channel.id);
  history.replaceState(null, "", `?${query}`);
  await loadState();
  byId("channel-name").textContent = `${prefix(channel)} ${title(channel)}`;
  byId("topic").textContent = channel.topic ?? "";
  document.title = `${title(channel)} · ${state.guild.name}`;
  await loadCommands();
  composer.showTextInput();
  messages.reset(await me.history(channel.id), translate("welcome", { channel: fullTitle(channel) }));
  source?.close();
  source = me.subscribe(state.event, onEvent);
}

async function switchMember(id) {
  me = new Member(id);
  state = await me.state();
  if (!state.channels.some((each) => !each.name)) await me.openDirectChannel();
  state = await me.state();
  await openChannel(channel?.name ? channel.id : query.get("channel"));
}

byId("member").addEventListener("change", (event) => switchMember(event.target.value));
byId("locale").addEventListener("change", async (event) => {
  await me.setLocale(event.target.value);
  await openChannel(channel.id);
});
setInterval(refreshRelativeTimes, 10_000);
const first = await new Member("").state();
await switchMember(query.get("member") ?? first.guild.owner_id);
