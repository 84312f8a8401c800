"""User models of other kinds than Django's own."""
