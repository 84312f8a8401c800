"""Tokens in the query and in forms, where the settings take them (RFC 6750 sections 2.2, 2.3)."""

from __future__ import annotations

from conformance.rows import EVERYWHERE, WIRE, Build, Row, one, request, rows  # fmt: skip
from conformance.table.credentials import URLENCODED, _filled
from conformance.verdicts import LET_IN, MALFORMED, MISSING, Verdict
from conformance.world import Setting

QUERY = Setting(guard={"query_parameter": True})
FORM = Setting(guard={"form_parameter": True})
BOTH = Setting(guard={"form_parameter": True, "query_parameter": True})
SMALL_FORM = Setting(guard={"form_parameter": True, "max_form_size": 1024})


def form(
    body: str, *headers: tuple[str, str], method: str = "POST", target: str = "/orders"
) -> Build:
    named = headers or (URLENCODED,)
    return lambda world: request(
        method, target.replace("GOOD", world.jwt()), *(
            (name, value.replace("GOOD", world.jwt())) for name, value in named
        ), body=body.replace("GOOD", world.jwt()).encode("latin-1"),
    )  # fmt: skip


def query(target: str, *headers: tuple[str, str | bytes]) -> Build:
    return lambda world: request(
        "GET", target.replace("GOOD", world.jwt()),
        *((name, _filled(world, value)) for name, value in headers),
    )  # fmt: skip


def _by_parameter(setting: Setting, verdict: Verdict, **cases: Build) -> list[Row]:
    return [
        one(
            f"parameters: {name.replace('_', ' ')}",
            build,
            verdict,
            setting=setting,
            where=EVERYWHERE if setting is QUERY else WIRE,
        )
        for name, build in cases.items()
    ]


PARAMETERS = [
    *_by_parameter(
        QUERY, LET_IN,
        query_alone=query("/orders?access_token=GOOD"),
        query_among_others=query("/orders?a=1&access_token=GOOD&b=2"),
        query_name_escaped=query("/orders?access%5Ftoken=GOOD"),
        query_off_form_ignored=form("access_token=x", URLENCODED, target="/orders?access_token=GOOD"),
        query_setting_header_alone=query("/orders", ("Authorization", "Bearer GOOD")),
        query_similar_name=query("/orders?access_token2=x&access_token=GOOD"),
        query_beside_basic=query("/orders?access_token=GOOD&Access_Token=x"),
    ),
    *_by_parameter(
        QUERY, MALFORMED,
        query_and_header=query("/orders?access_token=GOOD", ("Authorization", "Bearer GOOD")),
        query_and_bad_header=query("/orders?access_token=GOOD", ("Authorization", "Bearer x")),
        query_twice=query("/orders?access_token=GOOD&access_token=GOOD"),
        query_empty=query("/orders?access_token="),
        query_without_equals_sign=query("/orders?access_token"),
        query_empty_and_header=query("/orders?access_token=", ("Authorization", "Bearer GOOD")),
        query_with_space=query("/orders?access_token=a+b"),
        query_escaped_line_break=query("/orders?access_token=a%0d%0aX:%20y"),
        query_escaped_nul=query("/orders?access_token=a%00b"),
        query_escaped_umlaut=query("/orders?access_token=%C3%A4"),
        query_broken_escape=query("/orders?access_token=%zz"),
        query_and_two_headers=query("/orders?access_token=GOOD", ("Authorization", "Bearer GOOD"), ("Authorization", "Bearer GOOD")),
    ),
    *_by_parameter(
        QUERY, MISSING,
        query_other_name=query("/orders?token=GOOD"),
        query_other_case=query("/orders?Access_Token=GOOD"),
        query_semicolon=query("/orders?a=1;access_token=GOOD"),
        query_none=query("/orders"),
        query_array_name=query("/orders?access_token[]=GOOD"),
        form_when_only_query=form("access_token=GOOD"),
    ),
    *_by_parameter(
        FORM, LET_IN,
        form_post=form("access_token=GOOD"),
        form_put=form("access_token=GOOD", method="PUT"),
        form_patch=form("access_token=GOOD", method="PATCH"),
        form_among_others=form("a=1&access_token=GOOD&b=2"),
        form_charset=form("access_token=GOOD", ("Content-Type", "application/x-www-form-urlencoded; charset=UTF-8")),
        form_upper_case_type=form("access_token=GOOD", ("Content-Type", "Application/X-WWW-Form-Urlencoded")),
        form_setting_header_alone=form("a=1", URLENCODED, ("Authorization", "Bearer GOOD")),
        form_query_is_ignored=form("access_token=GOOD", target="/orders?access_token=x"),
        form_get_with_header=query("/orders", ("Authorization", "Bearer GOOD")),
    ),
    *_by_parameter(
        FORM, MALFORMED,
        form_and_header=form("access_token=GOOD", URLENCODED, ("Authorization", "Bearer GOOD")),
        form_twice=form("access_token=GOOD&access_token=GOOD"),
        form_twice_different=form("access_token=GOOD&a=b&access_token=x"),
        form_empty=form("access_token="),
    ),
    *_by_parameter(
        FORM, MISSING,
        form_get=form("access_token=GOOD", method="GET"),
        form_delete=form("access_token=GOOD", method="DELETE"),
        form_multipart=form(
            "--b\r\nContent-Disposition: form-data; name=access_token\r\n\r\nGOOD\r\n--b--\r\n",
            ("Content-Type", "multipart/form-data; boundary=b")),
        form_json=form('{"access_token":"GOOD"}', ("Content-Type", "application/json")),
        form_no_type=lambda w: request("POST", "/orders", body=b"access_token=" + w.jwt().encode()),
        form_text=form("access_token=GOOD", ("Content-Type", "text/plain")),
        form_empty_body=form(""),
        form_not_ascii=form("a=\xe4&access_token=GOOD"),
        form_similar_type=form("access_token=GOOD", ("Content-Type", "application/x-www-form-urlencodedx")),
        query_when_only_form=query("/orders?access_token=GOOD"),
    ),
    *_by_parameter(
        BOTH, MALFORMED,
        form_and_query=form("access_token=GOOD", target="/orders?access_token=GOOD"),
        all_three=form("access_token=GOOD", URLENCODED, ("Authorization", "Bearer GOOD"),
                       target="/orders?access_token=GOOD"),
    ),
    *_by_parameter(
        SMALL_FORM, MISSING,
        form_longer_than_the_limit=form("a=" + "x" * 2000 + "&access_token=GOOD"),
        form_much_longer_than_the_limit=form("access_token=GOOD&a=" + "x" * 200_000),
    ),
]  # fmt: skip


ROWS = rows("credentials", PARAMETERS, everywhere=True)
