"""The network: calls within bounds, flights, waiting, memories, forks."""
