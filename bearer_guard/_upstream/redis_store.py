"""Redis or Valkey as the store that workers share. The only file that knows redis-py."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeVar

from bearer_guard._upstream.lent import Lent
from bearer_guard.errors import SettingsError
from bearer_guard.shared import StoreFailure, StoreTakesNothing

Result = TypeVar("Result")
_CONNECTIONS = 64
"""Of one worker. Its threads may be a thousand: those beyond wait for one of these."""


class RedisStore:
    """Connects when it is first used, hence after a fork."""

    def __init__(self, url: str, prefix: str, timeout: float) -> None:
        try:
            import redis
        except ImportError:
            raise SettingsError(
                "a shared store by URL needs redis-py: install bearer-guard[redis]"
            ) from None
        self._failures: tuple[type[Exception], ...] = (redis.RedisError, OSError)
        self._refusal: type[Exception] = redis.ResponseError
        self._not_the_primary: type[Exception] = redis.ReadOnlyError
        url = url.replace("valkey", "redis", 1) if url.startswith("valkey") else url
        self._prefix = prefix
        self._client: Lent[Any] = Lent(partial(_new_client, url, timeout), _end)
        try:
            self._client.ready()
        except ValueError:
            # The message may hold the password.
            raise SettingsError("store is no URL that redis-py understands") from None

    def get(self, names: Sequence[str]) -> list[bytes | None]:
        """``MGET``."""
        return self._do(
            lambda client: client.mget([self._name(name) for name in names]), refused=StoreFailure
        )

    def put(self, name: str, value: bytes, seconds: float) -> None:
        """``SET`` with ``PX``."""
        self._do(lambda client: client.set(self._name(name), value, px=_milliseconds(seconds)))

    def add(self, name: str, value: bytes, seconds: float) -> bool:
        """``SET`` with ``NX`` and ``PX``: one step, so of many one succeeds."""
        return bool(
            self._do(
                lambda client: client.set(
                    self._name(name), value, px=_milliseconds(seconds), nx=True
                )
            )
        )

    def count(self, name: str, seconds: float) -> int:
        """``SET`` with ``NX`` and ``PX``, then ``INCR``, in one transaction: no counter stays for
        ever, and to go on counting does not make it last longer."""

        def counted(client: Any) -> int:
            steps = client.pipeline(transaction=True)
            steps.set(self._name(name), 0, px=_milliseconds(seconds), nx=True)
            steps.incr(self._name(name))
            return int(steps.execute()[1])

        return self._do(counted)

    def delete(self, name: str) -> None:
        """``DEL``."""
        self._do(lambda client: client.delete(self._name(name)))

    def close(self) -> None:
        """End the connections."""
        self._client.close()

    def let_go(self) -> None:
        """The same, when nobody uses them. Waits for nothing."""
        self._client.let_go()

    def _name(self, name: str) -> str:
        return f"{self._prefix}:{name}"

    def _do(
        self,
        work: Callable[[Any], Result],
        refused: type[StoreFailure] = StoreTakesNothing,
    ) -> Result:
        with self._client.use() as client:
            try:
                return work(client)
            except self._failures as error:
                answered = isinstance(error, self._refusal)
                if not answered or isinstance(error, self._not_the_primary):
                    # All its connections may lead to a server that is gone, or the primary no
                    # more. Each would have to fail before it is left; a new client looks the
                    # address up.
                    self._client.part_with(client)
                # By name: a message may hold the address, and that the password.
                raise (refused if answered else StoreFailure)(type(error).__name__) from None


def _new_client(url: str, timeout: float) -> Any:
    import redis
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    pool = redis.BlockingConnectionPool.from_url(
        url,
        # For a connection that another thread uses: whoever comes in vain met a store that is slow.
        timeout=timeout,
        max_connections=_CONNECTIONS,
        socket_timeout=timeout,
        socket_connect_timeout=timeout,
        # One try: who waits has a deadline, and goes on without the store.
        retry=Retry(NoBackoff(), 0),
    )
    return redis.Redis(connection_pool=pool)


def _end(client: Any) -> None:
    # Not the client's own close: it leaves a pool that it was given as it is.
    client.connection_pool.disconnect()


def _milliseconds(seconds: float) -> int:
    return max(1, round(seconds * 1000))
