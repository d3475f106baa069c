// Parses streams as the AI SDK does, each twice: with its chat class and with readUIMessageStream.
import { DefaultChatTransport, readUIMessageStream } from "ai";
import { answered, answers } from "../scenario.mjs";
import { Chat } from "./chat.mjs";

async function read(body, sizes) {
  const transport = new DefaultChatTransport({ fetch: answered(body, sizes), api: "http://in.memory/" });
  const stream = await transport.sendMessages({ chatId: "main", messages: [], trigger: "submit-message" });
  const errors = [];
  let message = null;
  for await (message of readUIMessageStream({ stream, onError: (error) => errors.push(error.message) }));
  return { message, errors };
}

await answers(async ({ body, sizes }) => {
  const chat = new Chat({ url: "http://in.memory", user: "u", fetch: answered(body, sizes) });
  await chat.sendMessage({ text: "hi" });
  return { ...chat.outcome, message: chat.messages[1] ?? null, read: await read(body, sizes) };
});
