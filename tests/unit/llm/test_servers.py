"""The loopback servers are held against the vendors' own clients, streaming included."""

import asyncio

import anthropic
import httpx
import httpx2
import ollama
import openai
import pytest

from tests.servers.llm import AnthropicServer, Cut, OllamaServer, OpenAiServer, Say

TEXT = "Numbers first, then words; größer."


def test_openai_streams() -> None:
    with (
        OpenAiServer(Say(TEXT)) as server,
        openai.OpenAI(api_key="sk-test", base_url=server.base_url, max_retries=0) as client,
    ):
        stream = client.chat.completions.create(
            model="gpt-x",
            messages=[{"role": "user", "content": "hi"}],
            stream=True,
            stream_options={"include_usage": True},
        )
        chunks = list(stream)
    said = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
    assert said == TEXT
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.completion_tokens == 40


def test_a_cut_openai_stream_breaks() -> None:
    with (
        OpenAiServer(Cut(TEXT)) as server,
        openai.OpenAI(api_key="sk-test", base_url=server.base_url, max_retries=0) as client,
        pytest.raises((openai.APIError, httpx2.HTTPError)),
    ):
        list(
            client.chat.completions.create(
                model="gpt-x", messages=[{"role": "user", "content": "hi"}], stream=True
            )
        )


def test_openai_refuses_the_older_limit_and_open_schemas() -> None:
    with (
        OpenAiServer(Say(TEXT), modern=True) as server,
        openai.OpenAI(api_key="sk-test", base_url=server.base_url, max_retries=0) as client,
    ):
        with pytest.raises(openai.BadRequestError, match="max_completion_tokens"):
            client.chat.completions.create(
                model="gpt-x", messages=[{"role": "user", "content": "hi"}], max_tokens=5
            )
        with pytest.raises(openai.BadRequestError, match="additionalProperties"):
            client.chat.completions.create(
                model="gpt-x",
                messages=[{"role": "user", "content": "hi"}],
                response_format={
                    "type": "json_schema",
                    "json_schema": {"name": "x", "schema": {"type": "object"}, "strict": True},
                },
            )


def test_anthropic_streams() -> None:
    with (
        AnthropicServer(Say(TEXT)) as server,
        anthropic.Anthropic(
            api_key="sk-ant-test", base_url=server.base_url, max_retries=0
        ) as client,
        client.messages.stream(
            model="claude-x", max_tokens=50, messages=[{"role": "user", "content": "hi"}]
        ) as stream,
    ):
        message = stream.get_final_message()
    assert message.content[0].type == "text"
    assert message.content[0].text == TEXT
    assert message.stop_reason == "end_turn"
    assert message.usage.output_tokens == 40


def test_a_cut_anthropic_stream_breaks() -> None:
    with (
        AnthropicServer(Cut(TEXT)) as server,
        anthropic.Anthropic(
            api_key="sk-ant-test", base_url=server.base_url, max_retries=0
        ) as client,
        pytest.raises((anthropic.APIError, httpx2.HTTPError)),
        client.messages.stream(
            model="claude-x", max_tokens=50, messages=[{"role": "user", "content": "hi"}]
        ) as stream,
    ):
        stream.get_final_message()


def test_ollama_streams() -> None:
    async def said(server: OllamaServer) -> str:
        client = ollama.AsyncClient(host=server.base_url)
        stream = await client.chat(
            model="llama3.2", messages=[{"role": "user", "content": "hi"}], stream=True
        )
        words = [part.message.content or "" async for part in stream]
        await client.close()  # type: ignore[no-untyped-call]  # untyped in the vendor's package
        return "".join(words)

    with OllamaServer(Say(TEXT)) as server:
        assert asyncio.run(said(server)) == TEXT


def test_a_cut_ollama_stream_breaks() -> None:
    async def read(server: OllamaServer) -> None:
        client = ollama.AsyncClient(host=server.base_url)
        try:
            async for _ in await client.chat(
                model="llama3.2", messages=[{"role": "user", "content": "hi"}], stream=True
            ):
                pass
        finally:
            await client.close()  # type: ignore[no-untyped-call]  # untyped in the vendor's package

    with OllamaServer(Cut(TEXT)) as server, pytest.raises(httpx.HTTPError):
        asyncio.run(read(server))
