from starlette_world import bearer, guard, make_guard, server

__all__ = ["bearer", "guard", "make_guard", "server"]
