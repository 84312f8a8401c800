"""Every reason that a refusal or a failure may have, and what an operator can do about it.

The same as in ``docs/reasons.md``: a test compares the two.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

ADVICE: Final[Mapping[str, str]] = {
    "token_missing": (
        "nothing, unless the client believes it sent one: it belongs into the "
        "`Authorization` header"
    ),
    "path_is_public": (
        "take the path out of `public`, or have its handler ask for nothing; a handler may find "
        "out by itself whether there is a token"
    ),
    "credentials_malformed": "look at how the client builds the header",
    "credentials_repeated": "have the client send one; look for a proxy that adds a header",
    "issuer_untrusted": "compare the two to the character, the last slash too",
    "issuer_unknown": "nothing, unless the application should exist",
    "audience_mismatch": "have the client ask for a token for this API, or correct `audience`",
    "audience_missing": (
        "have the issuer write one; for issuers that cannot, read about "
        "`clients_instead_of_audience` first"
    ),
    "claim_mismatch": "compare the claim with the settings",
    "expired": "nothing: clients get a new one. If all tokens do it, look at the clocks",
    "not_yet_valid": "look at the clocks of both machines",
    "token_inactive": (
        "nothing; if all tokens do it, the API may ask the wrong server, or as the wrong client"
    ),
    "token_not_self_contained": (
        "give the issuer `introspection`, or have it issue JWTs for this API"
    ),
    "id_token": "have the client send its access token",
    "other_token_kind": "have the client send its access token",
    "type_unexpected": "have the client send its access token; or leave `profile` at its default",
    "grant_unmarked": (
        "have the issuer set `at+jwt`, or name a claim of its access tokens in `grant_claims`"
    ),
    "token_bound": "have the issuer give this client bearer tokens",
    "token_too_large": "put fewer claims into it, or raise the limit",
    "header_malformed": "look at what makes the token",
    "header_extension": "have the issuer do without",
    "claims_malformed": "look at what makes the token",
    "claim_missing": "have the issuer write it",
    "claim_malformed": "have the issuer write it as RFC 7519 says",
    "algorithm_not_allowed": "have the issuer sign with RS256, ES256 or EdDSA",
    "signature_malformed": "look for what cuts or changes the token on its way",
    "signature_invalid": (
        "if it is more than a few, somebody forges tokens, or the issuer publishes a wrong key"
    ),
    "key_unknown": "nothing after a rotation; else look at the issuer's key set",
    "key_unfit": "look at the issuer's key set",
    "key_ambiguous": "have the issuer write a `kid`",
    "scope_insufficient": "have the client ask for those scopes",
    "user_unnamed": "look at the claim; `email` counts only beside `email_verified`",
    "user_unknown": "make one, or set `create`",
    "user_ambiguous": "look users up by fields that are unique",
    "user_inactive": "nothing, unless they should be",
    "user_privileged": "if tokens may speak for such users, set `allow_staff`",
    "upstream_unreachable": "look at the server, the network, DNS, its certificate",
    "upstream_timeout": "look at the server; `UpstreamPolicy` has the times",
    "upstream_broken": "look at what answers there, and at what is in between",
    "upstream_answer_too_large": "look at what answers there",
    "http_client_unusable": (
        "make the guard and its `http_client` after the fork, or give a function that makes the "
        "client; if it is that function that failed (`error`), look at it"
    ),
    "metadata_unusable": "open the address; else write `metadata_uri` or `jwks_uri`",
    "metadata_issuer_mismatch": "correct `issuer` to what the metadata says, the last slash too",
    "key_set_unusable": "open the address; look at the keys",
    "introspection_busy": "see why the server is slow; else raise the two",
    "introspection_disagrees": "look at the server: it answers about another token",
    "introspection_suspended": "look for the reason in `last`",
    "shared_store_unavailable": "look at the store and at `Shared(...)`",
    "token_revoked": "nothing: it is what you asked for",
    "renewal_mismatch": "have the client open a new connection for another user",
    "introspection_unusable": "look at `endpoint`",
    "introspection_credentials_refused": "correct `Introspection(...)`",
    "introspection_credentials_unavailable": "look at that function",
    "introspection_endpoint_unknown": "write `endpoint`",
    "newcomers_exhausted": "see who makes them up; pin them with `parts`",
}
"""By reason."""
