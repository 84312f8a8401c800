"""What the guard costs, measured side by side with what it stands beside. Nothing here is a test.

``python -m benchmarks`` runs everything and writes ``RESULTS.md``; each module measures one row of
the table (or a few that belong together) and says what is compared and why that is fair.
"""
