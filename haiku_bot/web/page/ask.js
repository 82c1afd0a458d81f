// What the page asks of its server.

export async function state() {
  const response = await fetch("state");
  if (!response.ok) throw new Error((await response.json()).error);
  return response.json();
}

function post(path, content, signal) {
  const headers = { "Content-Type": "application/json" };
  return fetch(path, { method: "POST", headers, body: JSON.stringify(content), signal });
}

export async function trace(content, signal) {
  const response = await post("trace", content, signal);
  const found = await response.json();
  if (!response.ok) throw new Error(found.error);
  return found;
}

// The events of an answer, each as soon as its line is there.
export async function* answer(content) {
  const response = await post("answer", content);
  if (!response.ok) throw new Error((await response.json()).error);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const lines = (rest + value).split("\n");
    rest = lines.pop();
    for (const line of lines) yield JSON.parse(line);
  }
}
