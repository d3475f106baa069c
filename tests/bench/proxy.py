"""The least one can write: FastAPI + openai + sse-starlette, no state, no Dapr. What the service is measured against.

``python -m tests.bench.proxy PORT BASE_URL`` serves ``POST /chat`` with the service's event names.
"""

import json
import sys
from collections.abc import AsyncIterator

import uvicorn
from fastapi import FastAPI
from openai import AsyncOpenAI
from pydantic import BaseModel
from sse_starlette import EventSourceResponse

app = FastAPI()
client = AsyncOpenAI(base_url=sys.argv[2] if len(sys.argv) > 2 else "http://127.0.0.1:1/v1", api_key="none")


class Body(BaseModel):
    message: str


@app.get("/readyz")
async def ready() -> dict[str, str]:
    return {"status": "ready"}


@app.post("/chat")
async def chat(body: Body) -> EventSourceResponse:
    return EventSourceResponse(_answer(body.message))


async def _answer(message: str) -> AsyncIterator[dict[str, str]]:
    stream = await client.chat.completions.create(model="m", messages=[{"role": "user", "content": message}], stream=True)
    text = ""
    async for chunk in stream:
        if chunk.choices and (delta := chunk.choices[0].delta.content):
            text += delta
            yield {"event": "text.delta", "data": json.dumps({"delta": delta})}
    yield {"event": "turn.completed", "data": json.dumps({"message": {"role": "assistant", "content": text}})}


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning", access_log=False)
