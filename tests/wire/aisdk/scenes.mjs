// What a page does with useChat, scene by scene.
import { promised, scenario, tell } from "../scenario.mjs";
import { Chat, fragile, textOf } from "./chat.mjs";

const RESUMES_FOR = 60_000;

/** A chat, and a promise that some answer of it has `after` characters. `grown` hears of each change of a text. */
function reaching({ after, grown, ...where }) {
  const [reached, reach] = promised();
  const onText = (length) => {
    grown?.();
    if (length >= after) reach();
  };
  return [new Chat({ ...where, onText }), reached];
}

/** Says `texts` one after the other. */
async function say({ texts, ...where }) {
  const chat = new Chat(where);
  for (const text of texts) await chat.sendMessage({ text });
  return { ...chat.outcome, stored: await chat.stored() };
}

/** Says what is refused before there is a stream. */
async function refused({ texts, ...where }) {
  const chat = new Chat(where);
  for (const text of texts) await chat.sendMessage({ text });
  return chat.outcome;
}

/** Loses the connection in the middle of the answer, by itself or because the test kills the service, and resumes, which it tells. */
async function resume({ text, kill, ...where }) {
  const [cut, lose] = promised();
  let broken = null;
  const [chat, reached] = reaching({ ...where, fetch: fragile(cut), grown: () => broken && tell("resumed") });
  const answer = chat.sendMessage({ text });
  await reached;
  if (kill) tell("text");
  else lose();
  await answer;
  broken = { status: chat.status, shown: textOf(chat.lastMessage) };
  const deadline = Date.now() + RESUMES_FOR;
  do {
    chat.clearError();
    await chat.resumeStream();
  } while (chat.status === "error" && Date.now() < deadline);
  return { ...chat.outcome, broken, stored: await chat.stored() };
}

/** Loses the connection in the middle of the answer, which ends meanwhile; comes back by the recipe of docs/wires.md. */
async function late({ text, ...where }) {
  const [cut, lose] = promised();
  const prepareReconnectToStreamRequest = ({ api, id }) => {
    const last = chat.messages.at(-1);
    const named = last?.metadata?.status === "running" ? `?message_id=${encodeURIComponent(last.id)}` : "";
    return { api: `${api}/${encodeURIComponent(id)}/stream${named}` };
  };
  const [chat, reached] = reaching({ ...where, fetch: fragile(cut), prepareReconnectToStreamRequest });
  const answer = chat.sendMessage({ text });
  await reached;
  lose();
  await answer;
  const broken = textOf(chat.lastMessage);
  tell("broken");
  let stored;
  do stored = await chat.stored();
  while (stored.at(-1).metadata.status === "running");
  await chat.resumeStream();
  const resumed = chat.outcome;
  await chat.resumeStream();
  return { ...chat.outcome, broken, resumed, stored };
}

/** Sends without a message: once behind an answer, and once behind a message whose answer the page has lost. */
async function nothing({ text, ...where }) {
  const chat = new Chat(where);
  await chat.sendMessage({ text });
  await chat.sendMessage();
  const behind = chat.outcome;
  chat.clearError();
  chat.messages = chat.messages.slice(0, 1);
  await chat.sendMessage();
  return { ...chat.outcome, behind };
}

/** Watches one answer; tells what is shown when it has `after` characters, and how long it was at each change. */
async function watch({ text, after, ...where }) {
  const lengths = [];
  let told = false;
  const chat = new Chat({
    ...where,
    onText: (length) => {
      lengths.push(length);
      if (length < after || told) return;
      told = true;
      tell("text", { shown: textOf(chat.lastMessage) });
    },
  });
  await chat.sendMessage({ text });
  return { ...chat.outcome, lengths, stored: await chat.stored() };
}

/** Stops the answer on the server in its middle, twice. */
async function stop({ text, ...where }) {
  const [chat, reached] = reaching(where);
  const answer = chat.sendMessage({ text });
  await reached;
  const stopped = await chat.stopOnServer();
  await answer;
  return { ...chat.outcome, stopped, again: await chat.stopOnServer(), stored: await chat.stored() };
}

/** A second message while the first is being answered, with what else it is to say. The test lets the first end. */
async function busy({ first, second, body, ...where }) {
  const [chat, reached] = reaching(where);
  const one = chat.sendMessage({ text: first });
  await reached;
  await Promise.all([one, chat.sendMessage({ text: second }, { body })]);
  return { ...chat.outcome, stored: await chat.stored() };
}

/** The same from another tab, and the first answer's fate on its own. */
async function other({ first, second, body, ...where }) {
  const [chat, reached] = reaching(where);
  const one = chat.sendMessage({ text: first });
  await reached;
  const tab = new Chat(where);
  await tab.sendMessage({ text: second }, { body });
  tell("told");
  await one;
  return { first: chat.outcome, second: tab.outcome };
}

/** Another tab is opened in the middle of an answer; it tells when it shows some of it. */
async function join({ text, ...where }) {
  const [chat, reached] = reaching(where);
  const answer = chat.sendMessage({ text });
  await reached;
  const [tab, joined] = reaching(where);
  joined.then(() => tell("joined"));
  tab.messages = await tab.stored();
  const loaded = tab.messages;
  await Promise.all([answer, tab.resumeStream()]);
  return { first: chat.outcome, second: tab.outcome, loaded };
}

/** Wants another answer: twice at once, as after a lost connection, and once more without naming the answer. */
async function regenerate({ text, ...where }) {
  const chat = new Chat(where);
  await chat.sendMessage({ text });
  const { messages, lastMessage: former } = chat;
  await chat.regenerate({ messageId: former.id });
  const named = chat.outcome;
  chat.messages = messages;
  await chat.regenerate({ messageId: former.id });
  const repeated = chat.outcome;
  await chat.regenerate();
  return { former, named, repeated, unnamed: chat.outcome, stored: await chat.stored() };
}

/** The turn failed, and the person tries again. */
async function again({ text, ...where }) {
  const chat = new Chat(where);
  await chat.sendMessage({ text });
  const failed = chat.outcome;
  await chat.regenerate();
  return { ...chat.outcome, failed };
}

/** A page loaded anew sends a message of its history once more, as it was and edited. */
async function resend({ text, edited, ...where }) {
  await new Chat(where).sendMessage({ text });
  const chat = new Chat(where);
  const stored = await chat.stored();
  const outcomes = [];
  for (const now of [text, edited]) {
    chat.messages = stored;
    await chat.sendMessage({ text: now, messageId: stored[0].id });
    outcomes.push(chat.outcome);
  }
  return outcomes;
}

/** The message never arrived, behind one with the same words, and its page tries again in the only way that useChat has. */
async function retry({ text, ...where }) {
  let lost = false;
  const chat = new Chat({ ...where, fetch: (url, init) => (lost ? Promise.reject(new TypeError("fetch failed")) : fetch(url, init)) });
  await chat.sendMessage({ text });
  lost = true;
  await chat.sendMessage({ text });
  const failed = chat.outcome;
  lost = false;
  await chat.regenerate();
  return { ...chat.outcome, failed };
}

/** Wants another answer without naming one, when another tab has said something else since. */
async function overtaken({ text, ...where }) {
  const chat = new Chat(where);
  await chat.sendMessage({ text });
  await new Chat(where).sendMessage({ text });
  await chat.regenerate();
  return chat.outcome;
}

/** Follows what runs, which another client has started; tells when it shows some of it. */
async function follow(where) {
  const [chat, reached] = reaching({ after: 1, ...where });
  reached.then(() => tell("text"));
  await chat.resumeStream();
  return chat.outcome;
}

/** The same message twice: the page does not know whether the first one arrived. */
async function twice({ text, ...where }) {
  const say = async () => {
    const chat = new Chat(where);
    await chat.sendMessage({ id: "the-same", role: "user", parts: [{ type: "text", text }] });
    return chat.outcome;
  };
  return [await say(), await say()];
}

const SCENES = {
  ...{ say, refused, resume, late, nothing, watch, stop, busy, other, join, follow },
  ...{ regenerate, again, resend, retry, overtaken, twice },
};
await scenario(({ scene, ...args }) => SCENES[scene](args));
