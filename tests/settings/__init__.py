"""What users may say: each option, each wrong value, each way to write it."""
