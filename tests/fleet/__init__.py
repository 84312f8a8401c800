"""What the workers of a fleet share: seals, a real Valkey, calls made once, revocations."""
