// The members' side of the local Discord.

export class Refusal extends Error {}

async function ask(method, path, body) {
  const form = body instanceof FormData;
  const response = await fetch(path, {
    method,
    body: form ? body : body && JSON.stringify(body),
    headers: form || !body ? {} : { "Content-Type": "application/json" },
  });
  if (response.status === 204) return null;
  const answer = await response.json();
  if (!response.ok) throw new Refusal(answer.message);
  return answer;
}

export class Member {
  constructor(id) {
    this.id = id;
  }

  state = () => ask("GET", `/local/state?member=${this.id}`);
  commands = (channel) => ask("GET", `/local/commands?member=${this.id}&channel=${channel}`);
  history = (channel) => ask("GET", `/local/channels/${channel}/messages?member=${this.id}`);
  direct = () => ask("POST", "/local/direct", { member: this.id });
  dismiss = (message) => ask("DELETE", `/local/messages/${message}?member=${this.id}`);
  speak = (locale) => ask("PATCH", `/local/members/${this.id}`, { locale });

  async upload(file) {
    const form = new FormData();
    form.append("files[0]", file, file.name);
    return (await ask("POST", `/local/attachments?member=${this.id}`, form))[0];
  }

  act = (wish) => ask("POST", "/local/interactions?wait=1", { ...wish, member: this.id });

  say = (channel, content, attachments) =>
    ask("POST", `/local/channels/${channel}/messages`, { member: this.id, content, attachments });

  react(message, emoji, on) {
    const path = `/local/messages/${message}/reactions/${encodeURIComponent(emoji)}`;
    return ask(on ? "PUT" : "DELETE", `${path}?member=${this.id}`);
  }

  follow(after, hear) {
    const source = new EventSource(`/local/events?member=${this.id}&after=${after}`);
    source.onmessage = (event) => hear(JSON.parse(event.data));
    return source;
  }
}
