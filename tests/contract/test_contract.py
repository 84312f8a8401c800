"""Every case of the table, by every way in: one answer, byte for byte."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bearer_guard import AccessToken
from contract.cases import CASES, Case
from contract.channels import Answer, Channel


def filled_in(case: Case, words: dict[str, str]) -> Case:
    def fill(text: str) -> str:
        for name, token in words.items():
            text = text.replace(f"{{{name}}}", token)
        return text

    return case._replace(
        target=fill(case.target),
        authorization=None if case.authorization is None else fill(case.authorization),
        headers=tuple((name, fill(value)) for name, value in case.headers),
        body=fill(case.body),
    )


def test_no_case_stands_twice() -> None:
    names = [case.name for case in CASES]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_one_request_has_one_answer(
    case: Case,
    words: dict[str, str],
    in_process: dict[str, Channel],
    on_sockets: dict[str, Channel],
) -> None:
    case = filled_in(case, words)
    asked = {**in_process, **on_sockets}
    if case.by_application:
        del asked["sync"], asked["async"]
    answers = {name: ask(case) for name, ask in asked.items()}
    adapters = {name: it for name, it in answers.items() if name not in ("sync", "async")}
    assert len(set(adapters.values())) == 1, adapters
    answer: Any = adapters["ASGI"]
    assert int(answer.status[:3]) == case.status
    if case.status == 200:
        assert_let_in(case, answers, answer)
    else:
        assert set(answers.values()) == {answer}
        assert_refused(case, answer)


def assert_let_in(case: Case, answers: dict[str, Any], answer: Answer) -> None:
    """The guard's two methods give the token of which the application told."""
    let_in = [answers["sync"], answers["async"]]
    assert all(it is None or isinstance(it, AccessToken) for it in let_in)
    subjects = {it and it.subject for it in let_in}
    assert len(subjects) == 1
    if case.method != "HEAD":
        seen = json.loads(answer.body)
        assert {seen["subject"]} == subjects
        assert seen["body"] == len(case.body)


def assert_refused(case: Case, answer: Answer) -> None:
    headers = dict(answer.headers)
    challenge = headers.pop("www-authenticate", None)
    retry_after = headers.pop("retry-after", None)
    length = headers.pop("content-length")
    assert headers == {"content-type": "application/problem+json", "cache-control": "no-store"}
    assert (retry_after, challenge is None) == (
        ("1", True) if case.status == 503 else (None, False)
    )
    assert case.challenge in (challenge or "")
    if case.method == "HEAD":
        assert answer.body == b""
        return
    assert int(length) == len(answer.body)
    problem = json.loads(answer.body)
    assert problem["status"] == case.status
    assert challenge is None or challenge.startswith("Bearer realm=")
    assert (f'error="{problem.get("error")}"' in (challenge or "")) == ("error" in problem)
    for secret in (case.authorization or "").split():
        assert len(secret) < 20 or secret.encode() not in answer.body


def test_the_table_meets_every_kind_of_answer() -> None:
    assert {case.status for case in CASES} == {200, 400, 401, 403, 503}
    for status in (200, 401, 403, 503):
        assert any(case.status == status and case.method == "HEAD" for case in CASES)
