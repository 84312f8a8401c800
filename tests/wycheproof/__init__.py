"""Project Wycheproof's vectors for JSON Web Signature, through the library's own verification."""
