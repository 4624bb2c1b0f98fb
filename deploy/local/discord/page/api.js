// The client of the members' API.

export class ApiError extends Error {}

async function request(method, path, body) {
  const form = body instanceof FormData;
  const response = await fetch(path, {
    method,
    body: form ? body : body && JSON.stringify(body),
    headers: form || !body ? {} : { "Content-Type": "application/json" },
  });
  if (response.status === 204) return null;
  const answer = await response.json();
  if (!response.ok) throw new ApiError(answer.message);
  return answer;
}

export class Member {
  constructor(id) {
    this.id = id;
  }

  state = () => request("GET", `/local/state?member=${this.id}`);
  commands = (channel) => request("GET", `/local/commands?member=${this.id}&channel=${channel}`);
  history = (channel) => request("GET", `/local/channels/${channel}/messages?member=${this.id}`);
  openDirectChannel = () => request("POST", "/local/direct", { member: this.id });
  dismiss = (message) => request("DELETE", `/local/messages/${message}?member=${this.id}`);
  setLocale = (locale) => request("PATCH", `/local/members/${this.id}`, { locale });

  async upload(file) {
    const form = new FormData();
    form.append("files[0]", file, file.name);
    return (await request("POST", `/local/attachments?member=${this.id}`, form))[0];
  }

  act = (action) => request("POST", "/local/interactions?wait=1", { ...action, member: this.id });

  post = (channel, content, attachments) =>
    request("POST", `/local/channels/${channel}/messages`, { member: this.id, content, attachments });

  react(message, emoji, on) {
    const path = `/local/messages/${message}/reactions/${encodeURIComponent(emoji)}`;
    return request(on ? "PUT" : "DELETE", `${path}?member=${this.id}`);
  }

  subscribe(after, onEvent) {
    const source = new EventSource(`/local/events?member=${this.id}&after=${after}`);
    source.onmessage = (event) => onEvent(JSON.parse(event.data));
    return source;
  }
}
