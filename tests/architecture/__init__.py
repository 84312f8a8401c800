"""The shape of the package: floors, rooms, names and sizes, read from its source."""
